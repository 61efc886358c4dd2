# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The linters, each with its own settings file in the repository."""

from __future__ import annotations

import re
from pathlib import Path

from .commands import logged
from .environments import environment
from .legs import main_leg
from .node import node_modules
from .outcome import StepError
from .places import BUILD, COLLECTION, COLLECTIONS, REPOSITORY
from .tree import files, shell_files


def ansible_lint() -> str:
    """Check roles, playbooks and metadata by the production profile."""
    # With an ANSIBLE_HOME of the user's, roles and collections of theirs would be found first.
    _run("ansible-lint", "--nocolor", extra={"ANSIBLE_HOME": str(BUILD / "ansible")})
    return "production profile"


def yamllint() -> str:
    """Check every YAML file."""
    others = (".ansible-lint", ".yamllint")
    names = [path for path in files() if path.suffix in (".yml", ".yaml") or path.name in others]
    _run("yamllint", "--strict", *names)
    return f"{len(names)} files"


def shellcheck() -> str:
    """Check every shell script."""
    names = shell_files()
    if not names:
        raise StepError("no shell script found: the probe at least is one")
    _run("shellcheck", *names)
    return f"{len(names)} files"


def zizmor() -> str:
    """Check the workflows: what they may do, and that each action is pinned."""
    _run("zizmor", "--offline", "--no-progress", REPOSITORY / ".github" / "workflows")
    return ""


def ruff() -> str:
    """Check the Python code's lint and form."""
    _run("ruff", "check", "--quiet", "--cache-dir", BUILD / "ruff_cache", ".")
    _run("ruff", "format", "--check", "--quiet", "--diff", "--cache-dir", BUILD / "ruff_cache", ".")
    return ""


def mypy() -> str:
    """Check the types, strictly: the collection as ansible-core imports it, and the tests."""
    plugins = COLLECTIONS / COLLECTION / "plugins"
    written = _run("mypy", plugins, "tests")
    return written.strip().rpartition("\n")[2]


def biome() -> str:
    """Check the page's script and styles: the lint of the whole script, as it is joined, and the form of each file."""
    folder = REPOSITORY / "plugins" / "plugin_utils" / "_report" / "page_files"
    names = [path for path in sorted(folder.iterdir()) if path.suffix in (".js", ".css")]
    main = environment(main_leg())
    module = "ansible_collections.fleet.python.plugins.plugin_utils._report.page"
    code = f"from {module} import joined_script; print(joined_script())"
    # A name of one file is used in another: only the whole has all of them. As .cjs it is a script, no module.
    joined = BUILD / "page" / "report.cjs"
    joined.parent.mkdir(parents=True, exist_ok=True)
    joined.write_text(logged([main.python, "-c", code], main.variables(), "page-script"))
    program = node_modules() / ".bin" / "biome"
    settings = f"--config-path={REPOSITORY / 'tests' / 'page'}"
    styles = [path for path in names if path.suffix == ".css"]
    logged([program, "lint", settings, "--error-on-warnings", joined, *styles], main.variables(), "biome-lint")
    logged([program, "format", settings, *names], main.variables(), "biome-format")
    return f"{len(names)} files"


def docs() -> str:
    """Check the documentation of modules and roles, with its references."""
    _run("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all", REPOSITORY)
    return ""


def prose() -> str:
    """Check the words of every page that people write; .proselintrc.json says which checks."""
    pages = [path for path in files() if path.suffix == ".md" and path.name != "CHANGELOG.md"]
    _run("proselint", "check", *pages)
    return f"{len(pages)} pages"


def role_readme() -> str:
    """Check that the roles' READMEs say what their argument_specs say."""
    _run("python", "-m", "tests.gates.role_readme", "--check")
    return ""


def platforms() -> str:
    """Check that README.md says which platforms there are as the data does."""
    _run("python", "-m", "tests.gates.platforms", "--check")
    return ""


def module_map() -> str:
    """Check that docs/design.md draws the packages as the code imports them."""
    _run("python", "-m", "tests.gates.module_map", "--check")
    return ""


def changelog() -> str:
    """Check the changelog and its fragments."""
    _run("antsibull-changelog", "lint")
    _run("antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")
    return ""


def _run(program: str, *arguments: str | Path, extra: dict[str, str] | None = None) -> str:
    main = environment(main_leg())
    env = {**main.variables(), **(extra or {})}
    command = [main.path / "bin" / program, *arguments]
    log = "-".join([program, *(str(word) for word in arguments[:1] if re.fullmatch(r"[a-z][a-z-]*", str(word)))])
    return logged(command, env, log)
