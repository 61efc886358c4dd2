# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of packages in docs/design.md: what each holds, and what the code of each imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .generated import Generated, write_or_check
from .places import REPOSITORY

BEGIN: Final = "<!-- BEGIN packages: python3 -m tests.gates.module_map writes them from the code -->"
END: Final = "<!-- END packages -->"
PLUGINS: Final = REPOSITORY / "plugins"
_PAGE: Final = REPOSITORY / "docs" / "design.md"
_OURS: Final = "ansible_collections.fleet.python.plugins."
# From the top floor down: a package imports only what stands below it.
PACKAGES: Final = {
    "plugin_utils": "what every action plugin shares: options, errors",
    "plugin_utils/_connection": "a host as Ansible reaches it: commands, files, progress on the terminal",
    "plugin_utils/_boot": "boot scripts: the script, the carrier, and what the carrier does on a host",
    "plugin_utils/_execute": "the plan on a host: host Python, transfer, the sh stage, the module, retries",
    "plugin_utils/_report": "the report of a fleet: gathered, compared with lock, catalogue and advisories, written",
    "plugin_utils/_resume": "files that reach a host in parts, after a push or download that broke off",
    "plugin_utils/_plan": "the task, the choice of assets, the plan, its refusals, the result that shows it",
    "plugin_utils/_host": "what a host is: the probe, its answer, the platform that follows",
    "plugin_utils/_provenance": "attestations: who must have built an asset, where that is proven, what a lock may say",
    "plugin_utils/_bundle": "everything that a lock needs, in a directory or a tar file",
    "plugin_utils/_lock": "the lock: what it pins, its text, its place on the controller",
    "plugin_utils/_delta": "deltas from one archive to another: making them, the cache of them",
    "plugin_utils/_cache": "the controller's archives by digest, their limit, repacking from zstd",
    "plugin_utils/_sources": "where bytes come from: base URLs, directories, tar files; how they fail",
    "plugin_utils/_builds": "what upstream has: names, triples, quirks, digests; which asset a request means",
    "module_utils/_home": "a plan on the host: install, relocate, trial, switch, removal",
    "module_utils/_delta": "a delta on the host: its form, and the tree that it makes of an old home",
    "module_utils/_fetch": "a download on the host, verified",
    "module_utils/_archive": "a tar archive: its members, unpacking, the manifest",
    "module_utils/_root": "the root on a host: its lock, staging, links, homes, records; whom to trust",
    "module_utils": "options, digests, processes, text of others, work in the background",
}


def imports(path: Path, *, top_only: bool = False) -> set[str]:
    """What a file imports: the modules by their full names, those of ``from package import module`` too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = str(node.module)
            inside = module.startswith(_OURS) and (PLUGINS / module.removeprefix(_OURS).replace(".", "/")).is_dir()
            found.update(f"{module}.{alias.name}" for alias in node.names) if inside else found.add(module)
    return found


def code(package: str) -> list[Path]:
    """The files of a package, Python and sh, but for its ``__init__.py``."""
    folder = PLUGINS / package
    return sorted(path for path in folder.glob("*.*") if path.suffix in (".py", ".sh") and path.stem != "__init__")


def packages_used(package: str) -> set[str]:
    """The other packages that the files of ``package`` import."""
    ours = {name for path in code(package) if path.suffix == ".py" for name in imports(path) if name.startswith(_OURS)}
    folders = {"/".join(name.removeprefix(_OURS).split(".")[:-1]) for name in ours}
    return folders - {package}


def drawn() -> str:
    """The map as Markdown: a row a package, from the top floor down."""
    lines = ["| Package | Holds | Imports |", "| --- | --- | --- |"]
    for package, holds in PACKAGES.items():
        used = packages_used(package)
        words = [_short(other, package) for other in PACKAGES if other in used]
        lines.append(f"| `{package}` | {holds} | {', '.join(words) or 'nothing of ours'} |")
    return "\n".join(lines)


def _short(package: str, seen_from: str) -> str:
    here = seen_from.partition("/")[0]
    return f"`{package.removeprefix(here + '/')}`"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table; with ``--check`` write nothing, and return 1 where it would change."""
    generated = Generated(_PAGE, BEGIN, END, drawn(), "the code's imports")
    return write_or_check("module_map", [generated], arguments)


if __name__ == "__main__":
    sys.exit(main())
