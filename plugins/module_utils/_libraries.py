# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of the libraries inside a build, as its interpreter says them."""

from __future__ import annotations

import json
import re
from typing import Any

# What a report knows of a build. The names are those of `libraries` below.
LIBRARIES = ("openssl", "sqlite", "zlib", "expat", "libmpdec", "ncurses", "tcl", "tk")

# For the interpreter that is asked. An extension that the build lacks, or that does not import, says nothing.
# Tcl and Tk say their patch level only in their scripts: _tkinter has "8.6".
SAY_LIBRARIES = r"""
import importlib, os, re, sys
def script(name, package):
    folder = os.path.join(sys.base_prefix, "lib")
    for path in sorted(os.listdir(folder)):
        if re.fullmatch(package.lower() + r"[0-9.]+", path) and os.path.isfile(os.path.join(folder, path, name)):
            with open(os.path.join(folder, path, name), encoding="utf-8", errors="replace") as file:
                found = re.search(r"package require (?:-exact )?" + package + r"\s+([0-9.]+)", file.read(65536))
            return found and found[1]
def libraries():
    asked = {
        "openssl": lambda: of("_ssl").OPENSSL_VERSION.split()[1],
        "sqlite": lambda: of("_sqlite3").sqlite_version,
        "zlib": lambda: of("zlib").ZLIB_RUNTIME_VERSION,
        "expat": lambda: of("pyexpat").EXPAT_VERSION.replace("expat_", ""),
        "libmpdec": lambda: of("_decimal").__libmpdec_version__,
        "ncurses": lambda: ".".join(map(str, of("_curses").ncurses_version[:2])),
        "tcl": lambda: script("init.tcl", "Tcl"),
        "tk": lambda: script("tk.tcl", "Tk"),
    }
    found = {}
    for name, ask in asked.items():
        try:
            said = ask()
        except Exception:
            continue
        if said:
            found[name] = said
    return found
of = importlib.import_module
"""

_VERSION = re.compile(r"[0-9][0-9A-Za-z.+_-]{0,39}", re.ASCII)


def versions_of(said: Any) -> dict[str, str]:
    """The versions by library, of what an interpreter or a receipt says. Leaves out whatever is no version."""
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(said, dict):
        return {}
    found = {name: said.get(name) for name in LIBRARIES}
    return {name: text for name, text in found.items() if isinstance(text, str) and _VERSION.fullmatch(text)}
