# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relocate a build: replace every path and tool of the machine that built it.

For what is rewritten and why, see python-build-standalone docs/quirks.rst ("References to build-time paths") and
astral-sh/uv#8429. All of it happens in the staging, before the home has a receipt.
"""

from __future__ import annotations

import glob
import os
import re
from fnmatch import fnmatchcase
from functools import partial
from typing import Callable, NamedTuple

# The prefix that the builds were configured with, and folders of the build machine. The lookbehind excludes
# /usr/bin/install and ./install, but matches -I/install/include.
_PREFIX = re.compile(r"(?:(?<![\w./-])|(?<=-[IL]))/(?:install|tools/[\w.-]+|build/Python-[\w.]+)(?![\w.-])")
# The toolchain of the builds, by name or by path. _TOOLS has the usual names on a host with a compiler.
_TOOL = re.compile(
    r"(?<![\w./-])(?:/tools/[\w./-]*/bin/|/usr/bin/)?(clang\+\+|clang|llvm-ar|llvm-ranlib|llvm-nm)(?![\w.+/-])"
)
_TOOLS = {"clang": "cc", "clang++": "c++", "llvm-ar": "ar", "llvm-ranlib": "ranlib", "llvm-nm": "nm"}
# Folders that only the build had. gcc warns about some of them, and other compilers fail.
# A flag ends at a quote, which belongs to the string around it. A flag that holds a quote is left alone.
_END = r"[^\s\"'\\]+(?=[\s\"']|$)"
_BUILD_FLAG = re.compile(
    rf"(?<![^\s\"'])-(?:[IL]/(?:tools/deps|build)/{_END}|isysroot {_END}|LModules/_hacl|fprofile-instr-use={_END})"
)


# Every line that the patterns above change contains one of these. Skipping the others saves time in long Makefiles.
_SIGNS = ("/install", "/tools/", "/build", "clang", "llvm-", "isysroot", "LModules/_hacl", "fprofile-instr-use")


class _Rewrite(NamedTuple):
    """A pattern for files in a home, and whether to rewrite the names of the toolchain in them."""

    pattern: str
    tools: bool


_REWRITES = (
    _Rewrite("lib/python3.*/_sysconfigdata*.py", tools=True),
    _Rewrite("lib/python3.*/config-*/Makefile", tools=True),
    _Rewrite("lib/python3.*/config-*/python-config.py", tools=False),
    _Rewrite("lib/python3.*/build-details.json", tools=False),
    _Rewrite("lib/pkgconfig/*.pc", tools=True),
    _Rewrite("bin/*-config", tools=True),
)

# The file of PEP 668. pip prints the text after Error=.
_EXTERNALLY_MANAGED = """[externally-managed]
Error=This Python belongs to the whole host and was installed by fleet.python.
 Make a virtual environment and install there:
 .
     {python} -m venv DIRECTORY
     DIRECTORY/bin/pip install PACKAGE
"""

# Enterprise Linux 8 and older keep their CA bundle where these builds do not look (python-build-standalone #259, #976).
_SSL_LINE = "        self.set_default_verify_paths()\n"
_SSL_FALLBACK = (
    _SSL_LINE
    + """\
        # Added by fleet.python: where the places that OpenSSL was built to look at hold nothing (RHEL 8 and older),
        # take the distribution's own bundle, unless the user has named another.
        chosen = "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ
        if sys.platform == "linux" and not chosen and not self.cert_store_stats()["x509_ca"]:
            folder = get_default_verify_paths().capath
            if not (folder and any(name.endswith(".0") for name in os.listdir(folder))):
                for bundle in ("/etc/pki/tls/cert.pem", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"):
                    if os.path.exists(bundle):
                        self.load_verify_locations(cafile=bundle)
                        break
"""
)


def is_rewritten(path: str) -> bool:
    """Whether `relocate` may have changed the file at this path of a home."""
    own = ("lib/python3.*/ssl.py", "lib/python3.*/EXTERNALLY-MANAGED")
    return any(fnmatchcase(path, pattern) for pattern in (*own, *(rewrite.pattern for rewrite in _REWRITES)))


def rewrite_prefix(text: str, home: str) -> str:
    """Replace ``/install`` and other paths of the build machine by ``home``."""
    return _rewritten(text, lambda line: _PREFIX.sub(lambda _match: home, line))


def rewrite_tools(text: str) -> str:
    """Replace the toolchain of the builds by cc, c++, ar and the like, and remove flags for the builds' own folders."""
    return _rewritten(text, lambda line: _BUILD_FLAG.sub("", _TOOL.sub(lambda match: _TOOLS[match[1]], line)))


def _rewritten(text: str, rewrite: Callable[[str], str]) -> str:
    lines = text.split("\n")
    return "\n".join([rewrite(line) if any(sign in line for sign in _SIGNS) else line for line in lines])


def add_ca_fallback(text: str) -> str:
    """Add the fallback to the text of ``ssl.py``. Leave it unchanged if it is unlike that of CPython 3.8 to 3.14."""
    return text.replace(_SSL_LINE, _SSL_FALLBACK) if text.count(_SSL_LINE) == 1 else text


def relocate(tree: str, home: str, *, externally_managed: bool, ca_fallback: bool, python: str) -> list[str]:
    """Rewrite the staged ``tree`` for its final place ``home``; ``python`` is the path that users call.

    Returns the paths of the written files, relative to ``tree``. Raises OSError.
    """
    written = []
    for rewrite in _REWRITES:
        for path in glob.glob(os.path.join(glob.escape(tree), rewrite.pattern)):
            if not os.path.islink(path):
                changes = (rewrite_tools if rewrite.tools else str, partial(rewrite_prefix, home=home))
                written += [path] * _change(path, *changes)
    for folder in glob.glob(os.path.join(glob.escape(tree), "lib", "python3.*")):
        if ca_fallback:
            path = os.path.join(folder, "ssl.py")
            written += [path] * _change(path, add_ca_fallback)
        if externally_managed:
            path = os.path.join(folder, "EXTERNALLY-MANAGED")
            _write(path, _EXTERNALLY_MANAGED.format(python=python))
            written.append(path)
    return [os.path.relpath(path, tree) for path in written]


def _change(path: str, *changes: Callable[[str], str]) -> bool:
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        before = file.read()
    after = before
    for change in changes:
        after = change(after)
    if after != before:
        _write(path, after)
    return after != before


def _write(path: str, text: str) -> None:
    """Replace a file by a new one, so that a hard link to it elsewhere in the tree keeps its content."""
    mode = os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o644
    fresh = path + ".fresh"
    with open(fresh, "x", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
    os.rename(fresh, path)
