# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docs site in .build/site: guides, READMEs, and a page for each module and role, by antsibull-docs and Sphinx."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from .commands import logged
from .environments import environment
from .legs import main_leg
from .outcome import StepError
from .places import BUILD, REPOSITORY

SITE = BUILD / "site"
_SOURCE = BUILD / "site-source"
_SETTINGS = REPOSITORY / "tests" / "site"
_CONTENTS = re.compile(r"\n\.\. contents::\n   :local:\n   :depth: \d\n")
_ADDRESS = r"""((?:https?:)?//[^"'\s>)]+)"""
_ELSEWHERE = re.compile(
    rf"""<(?:script|img|iframe|source)\b[^>]*\bsrc(?:set)?=["']?{_ADDRESS}"""
    rf"""|<link\b(?=[^>]*\brel=["']?[^"'>]*(?:stylesheet|preload|icon|preconnect))[^>]*\bhref=["']?{_ADDRESS}"""
)
_STYLE_ELSEWHERE = re.compile(rf"""(?:\burl\(|@import)\s*["']?{_ADDRESS}""")
# Where they lie in the repository, so that the links between them hold.
_PAGES = ("README.md", "C*.md", "LICENSE", "docs/*.md", "docs/*.svg", "docs/*.png", "roles/*/README.md")


def site() -> str:
    """Build the site. Raises StepError at the first page that does not document what it should, or links nowhere."""
    shutil.rmtree(_SOURCE, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    pages = _pages()
    _reference()
    main = environment(main_leg())
    sphinx: list[str | Path] = [main.python, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    logged([*sphinx, "-d", BUILD / "site-doctrees", _SOURCE, SITE], main.variables(), "sphinx")
    _refuse_other_servers()
    return f"{SITE.relative_to(REPOSITORY)}/index.html, {pages} pages beside the reference"


def _pages() -> int:
    found = [path for pattern in _PAGES for path in sorted(REPOSITORY.glob(pattern))]
    for path in found:
        target = _SOURCE / path.relative_to(REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for path in _SETTINGS.iterdir():
        shutil.copy(path, _SOURCE)
    return len(found)


def _reference() -> None:
    main = environment(main_leg())
    reference = _SOURCE / "reference"
    reference.mkdir()
    command: list[str | Path] = [main.path / "bin" / "antsibull-docs", "collection", "--use-current"]
    options = ["--squash-hierarchy", "--fail-on-error", "--no-add-antsibull-docs-version"]
    logged([*command, *options, "--dest-dir", reference, "fleet.python"], main.variables(), "site")
    for page in reference.glob("*.rst"):
        # The theme has a table of contents on each page, and takes a second one for an error.
        page.write_text(_CONTENTS.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")


def loaded_from_elsewhere(page: str) -> list[str]:
    """The addresses of other servers from which a page loads scripts, styles, fonts or images."""
    return [found[1] or found[2] for found in _ELSEWHERE.finditer(page)]


def styled_from_elsewhere(style: str) -> list[str]:
    """The addresses of other servers from which a stylesheet loads styles, fonts or images."""
    return _STYLE_ELSEWHERE.findall(style)


def _refuse_other_servers() -> None:
    for pattern, elsewhere in (("*.html", loaded_from_elsewhere), ("*.css", styled_from_elsewhere)):
        for path in sorted(SITE.rglob(pattern)):
            if found := elsewhere(path.read_text(encoding="utf-8")):
                name = path.relative_to(SITE)
                raise StepError(f"{name} loads {found[0]}: the site must load nothing from other servers")
