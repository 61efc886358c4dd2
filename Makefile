# Thin: each target is a command of tests/gates, which sets up what it needs and says what it does.
# FLEET_PYTHON_CACHE names another cache directory than ~/.cache/fleet-python.
PYTHON ?= python3
TARGETS := setup lint docs unit page sanity build integration homes faults molecule images test test-all demo bench

.PHONY: help dev $(TARGETS) clean distclean

help:
	@echo 'make demo         4 min    the main job on this machine and in containers, from an embedded release mirror'
	@echo 'make test         45 min   linters, units, sanity, build, integration, Molecule; on two slow processors'
	@echo 'make test-all     2 h      the same, and homes, faults, what is slow and what is emulated'
	@echo 'make bench        20 min   measure against other tools, side by side, on an idle machine'
	@echo 'make dev                   a shell with the environment, the collections and the test world'
	@echo 'make setup        9 min    system packages (apt, as root), environments, test world'
	@echo 'make lint         3 min    ansible-lint, yamllint, shellcheck, ruff, mypy, documentation, changelog'
	@echo 'make unit         5 min    the unit tests, on each ansible-core'
	@echo 'make page         2 min    the report'\''s page in Chromium'
	@echo 'make docs         10 s     the docs site in .build/site'
	@echo 'make sanity       4 min    ansible-test sanity, on each ansible-core'
	@echo 'make build        30 s     the archive for Galaxy, put through galaxy-importer'
	@echo 'make integration  25 min   whole plays on real hosts'
	@echo 'make homes        10 min   what is installed: venvs, extensions, damage, CPU levels'
	@echo 'make faults       15 min   kills, full disks, lost connections, hostile archives'
	@echo 'make molecule     6 min    the Molecule scenarios that need no emulation'
	@echo 'make images       3 min    the images of docs/images.md, and the execution environment'
	@echo 'make clean        seconds  remove what is built in the repository'
	@echo 'make distclean    seconds  remove also the hosts, the images and the cache directory'

$(TARGETS) clean:
	@$(PYTHON) -m tests.gates $@

dev:
	@$(PYTHON) -m tests.gates.dev

distclean:
	@$(PYTHON) -m tests.world clean
	@$(PYTHON) -m tests.gates clean
