# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request: the version or range, and the build options, that the user asks for."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final, TypedDict

try:
    from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
    from packaging.version import InvalidVersion, Version
except ImportError as error:  # ansible-core always brings it; ansible-test looks at plugins without
    PACKAGING_ERROR: ImportError | None = error
else:
    PACKAGING_ERROR = None

# How well a build is optimised, fastest first. '' is what names of 2018 to 2020 say: nothing.
OPTIMIZATIONS: Final = ("pgo+lto", "pgo", "lto", "noopt", "debug", "")

_FORMS: Final = "3.13, 3.13.2, 3.15.0rc1, 3.14t, 3.13d, 3.13+lto, ==3.13.* or >=3.12,<3.14"
# No version has longer numbers; Python refuses to read those of some thousand digits.
_N: Final = r"[0-9]{1,9}"
_PLAIN: Final = re.compile(rf"({_N})(?:\.({_N})(?:\.({_N}))?((?:a|b|rc){_N})?)?(t?d?|dt)")
_RANGE_WITH_LETTER: Final = re.compile(r"(.*[0-9*])(t?d?|dt)")
# CPython 3.7.1 is the oldest that python-build-standalone ever built (release 20181218).
_OLDEST_MINOR: Final = 7

_Point = tuple[int, int, int]
_TOP: Final[_Point] = (1 << 30, 0, 0)


class RequestError(ValueError):
    """A request has no known form, or no version can satisfy it."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The build options that are asked for. An ``optimization`` of None leaves that open."""

    freethreaded: bool = False
    debug: bool = False
    static: bool = False
    optimization: str | None = None

    def __str__(self) -> str:
        words = ["freethreaded"] * self.freethreaded + ["debug"] * self.debug
        words += [self.optimization] if self.optimization else []
        return "+".join(words + ["static"] * self.static)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, e.g. ``3.13``, ``>=3.12,<3.14``, ``3.14t``, ``3.13+debug``."""

    text: str
    """As it was written, without blanks around it."""
    specifier: str
    """The versions as a PEP 440 specifier set; plain versions become ``==3.13.*`` and ``==3.13.2``."""
    options: BuildOptions
    prerelease_named: bool
    """Whether the text itself names a prerelease, which allows them."""
    plain: tuple[int, ...] = ()
    """The numbers of a plain version, ``(3, 13)`` for ``3.13t`` and ``==3.13.*``; empty for a range."""
    exact: str | None = None
    """The version, if the text names exactly one: ``3.13.2``."""

    @property
    def freethreaded(self) -> bool:
        return self.options.freethreaded

    @property
    def debug(self) -> bool:
        return self.options.debug

    @property
    def static(self) -> bool:
        return self.options.static

    @property
    def minor(self) -> str | None:
        """``3.13`` for ``3.13``, ``3.13.2`` and ``3.13t``; None where the text does not fix the minor version."""
        return f"{self.plain[0]}.{self.plain[1]}" if len(self.plain) > 1 else None

    def matches(self, version: str) -> bool:
        """Whether a version lies in the request; prereleases are not left out here (see `allows`)."""
        if self.exact is not None:
            return version == self.exact
        if self.plain:
            return version.startswith(".".join(map(str, self.plain)) + ".")
        return _set(self.specifier).contains(_version(version), prereleases=True)

    def allows(self, version: str, *, prerelease: bool = False) -> bool:
        """Whether a version lies in the request and is no prerelease that nobody asked for."""
        return self.matches(version) and (prerelease or self.prerelease_named or not _version(version).is_prerelease)


def parse_request(text: str) -> Request:
    """Parse one request; raise `RequestError` naming the value and the forms that are understood."""
    stripped = text.strip()
    versions, options = _split_options(stripped)
    plain = _PLAIN.fullmatch(versions)
    if plain:
        return _plain_request(stripped, plain, options)
    letters = _RANGE_WITH_LETTER.fullmatch(versions)
    if letters and letters[2]:
        words = "".join(f"+{_LETTERS[letter]}" for letter in letters[2])
        raise RequestError(f"version {stripped!r}: a range takes no letter; write {letters[1] + words!r}")
    return _range_request(stripped, versions, options)


def parse_build(text: str) -> BuildOptions:
    """Parse build options, e.g. ``pgo+lto``, ``debug+static``, ``freethreaded``; raise `RequestError`."""
    words = text.strip().split("+")
    unknown = [word for word in words if word not in _WORDS]
    if unknown or len(set(words)) != len(words):
        raise RequestError(f"build {text!r} is unknown: {_build_forms()}")
    chosen = "+".join(sorted({"pgo", "lto", "noopt"}.intersection(words), reverse=True)) or None
    debug = "debug" in words
    if chosen not in (None, *OPTIMIZATIONS) or (debug and chosen):
        raise RequestError(f"build {text!r} asks for two kinds of optimization at once: {_build_forms()}")
    freethreaded, static = "freethreaded" in words, "static" in words
    if freethreaded and static:
        # python-build-standalone src/release.rs: no static free-threaded builds.
        raise RequestError(f"build {text!r}: python-build-standalone makes no static free-threaded builds")
    return BuildOptions(freethreaded, debug, static, chosen)


def merge_options(request: BuildOptions, build: BuildOptions) -> BuildOptions:
    """Merge both. Raises `RequestError` if they contradict each other."""
    words = dict.fromkeys(f"{request}+{build}".split("+"))
    first, second = request.optimization, build.optimization
    if first and second and first != second:
        raise RequestError(f"the request asks for {first} and build for {second}: give one of them")
    return parse_build("+".join(word for word in words if word)) if any(words) else BuildOptions()


_LETTERS: Final = {"t": "freethreaded", "d": "debug"}
_WORDS: Final = ("freethreaded", "debug", "noopt", "lto", "pgo", "static")


def _build_forms() -> str:
    return "give one of pgo+lto, pgo, lto, noopt or debug, with freethreaded+ before or +static after it where wanted"


def _split_options(text: str) -> tuple[str, BuildOptions]:
    versions, plus, words = text.partition("+")
    if not plus:
        return text, BuildOptions()
    try:
        return versions.strip(), parse_build(words)
    except RequestError as error:
        raise RequestError(f"version {text!r}: {error}") from None


def _plain_request(text: str, match: re.Match[str], options: BuildOptions) -> Request:
    major, minor, patch, stage, letters = match.groups()
    numbers = tuple(int(part) for part in (major, minor, patch) if part is not None)
    if any(part != str(int(part)) for part in (major, minor, patch) if part):
        raise RequestError(f"version {text!r} has a number that starts with 0: write {'.'.join(map(str, numbers))!r}")
    if numbers[0] != 3:
        raise RequestError(f"version {text!r}: python-build-standalone builds CPython 3 only; ask for 3.13, say")
    if len(numbers) > 1 and numbers[1] < _OLDEST_MINOR:
        # YAML reads an unquoted 3.10 as the number 3.1.
        hint = f": if you meant 3.{numbers[1]}0, write it in quotes: '3.{numbers[1]}0'" if len(numbers) == 2 else ""
        raise RequestError(
            f"version {text!r} was never built by python-build-standalone, whose oldest is 3.{_OLDEST_MINOR}{hint}"
        )
    letter_options = BuildOptions(freethreaded="t" in letters, debug="d" in letters)
    try:
        options = merge_options(letter_options, options)
    except RequestError as error:
        raise RequestError(f"version {text!r}: {error}") from None
    exact = f"{major}.{minor}.{patch or 0}{stage or ''}" if patch or stage else None
    return Request(
        text=text,
        specifier=f"=={exact}" if exact else f"=={'.'.join(map(str, numbers))}.*",
        options=options,
        prerelease_named=stage is not None,
        plain=numbers,
        exact=exact,
    )


def _range_request(text: str, versions: str, options: BuildOptions) -> Request:
    try:
        specifiers = SpecifierSet(versions)
        named = [(each, Version(each.version.removesuffix(".*"))) for each in specifiers if each.operator != "==="]
    except (InvalidSpecifier, InvalidVersion):
        raise RequestError(f"version {text!r} is not understood: write {_FORMS}") from None
    if len(named) != len(specifiers) or not named:
        raise RequestError(f"version {text!r} is not understood: write {_FORMS}")
    if _is_empty(named):
        raise RequestError(f"version {text!r} is an empty range: no version can lie in it")
    return Request(
        text=text,
        specifier=str(specifiers),
        options=options,
        prerelease_named=any(version.is_prerelease for _each, version in named),
        **_as_plain(named),
    )


class _Plain(TypedDict, total=False):
    plain: tuple[int, ...]
    exact: str


def _as_plain(named: list[tuple[Specifier, Version]]) -> _Plain:
    """``==3.13.*`` and ``==3.13.2`` ask for the same as ``3.13`` and ``3.13.2``."""
    (each, version), *more = named
    if more or each.operator != "==":
        return {}
    if each.version.endswith(".*"):
        return {"plain": version.release} if len(version.release) < 3 else {}
    numbers = (*version.release, 0, 0)[:3]
    stage = "".join(map(str, version.pre or ()))
    return {"plain": numbers, "exact": ".".join(map(str, numbers)) + stage}


def _is_empty(named: list[tuple[Specifier, Version]]) -> bool:
    """Whether no CPython version x.y.z lies in a range, judged by its ends."""
    low: _Point = (0, 0, 0)
    high = _TOP
    for each, version in named:
        if each.operator != "!=":
            start, end = _interval(each, version)
            low, high = max(low, start), min(high, end)
    for each, version in sorted(named, key=lambda pair: pair[1]):
        if each.operator == "!=":
            start, end = _interval(each, version)
            if start <= low:
                low = max(low, end)
    return low >= high


def _interval(each: Specifier, version: Version) -> tuple[_Point, _Point]:
    """The versions x.y.z that one specifier allows, from the first to before the second (``!=`` as ``==``)."""
    numbers = (*version.release, 0, 0)[:3]
    point: _Point = (numbers[0], numbers[1], numbers[2])
    after = (point[0], point[1], point[2] + 1)
    if each.operator == "~=":
        return point, _after_prefix(version.release[:-1])
    if each.version.endswith(".*"):
        return point, _after_prefix(version.release)
    last = after if version.is_prerelease else point
    return {
        ">=": (point, _TOP),
        ">": (point if version.is_prerelease else after, _TOP),
        "<": ((0, 0, 0), last),
        "<=": ((0, 0, 0), after),
        "==": (point, after),
        # Only the prerelease itself is left out, not its final version.
        "!=": (point, point if version.is_prerelease else after),
    }[each.operator]


def _after_prefix(prefix: tuple[int, ...]) -> _Point:
    numbers = (*prefix[:-1], prefix[-1] + 1, 0, 0)[:3]
    return (numbers[0], numbers[1], numbers[2])


@functools.lru_cache(maxsize=4096)
def _version(text: str) -> Version:
    return Version(text)


@functools.lru_cache(maxsize=64)
def _set(text: str) -> SpecifierSet:
    return SpecifierSet(text)
