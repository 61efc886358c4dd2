# Thin: each target is a command of tests/gates, which sets up what it needs and says what it does.
# FLEET_PYTHON_CACHE names another cache directory than ~/.cache/fleet-python.
PYTHON ?= python3
TARGETS := setup lint docs unit sanity build integration homes faults molecule images test test-all demo bench

.PHONY: help $(TARGETS) clean distclean

help:
	@echo 'make demo         set up and run the main job against the embedded release mirror, on this machine and in containers'
	@echo 'make test         set up and run everything: linters, unit, sanity, build, integration, Molecule'
	@echo 'make test-all     the same, and what is slow or emulated'
	@echo 'make bench        measure against others, side by side: a quarter of an hour on an idle machine'
	@echo 'make setup        system packages (apt, as root), environments, test world'
	@echo 'make lint | docs | unit | sanity | build | integration | homes | faults | molecule | images    one part of it'
	@echo 'make clean        remove what is built in the repository'
	@echo 'make distclean    remove also the hosts, the images and the cache directory'

$(TARGETS) clean:
	@$(PYTHON) -m tests.gates $@

distclean:
	@$(PYTHON) -m tests.world clean
	@$(PYTHON) -m tests.gates clean
