# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare an sh script for a host: the text of a file, or one short line that every login shell passes on to sh."""

from __future__ import annotations

import pkgutil
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_letters
from typing import Final

# In bytes. dropbear ends a connection at a command of 9000 (MAX_STRING_LEN in its sysoptions.h).
_LONGEST: Final = 8192
# sudo and sh around the command, with the mark and the prompt of become.
_AROUND: Final = 300

# Lines after which the next one belongs to the same command, so that no semicolon may stand between them.
_GOES_ON: Final = re.compile(r"(?:^|[ ;])(?:then|do|else|in)$|[{(|]$|&&$|;;$")
# Variables that a script sets: NAME=, for NAME, read NAME... And where they are used.
_SET: Final = re.compile(r"(?:^|[\s;({])([A-Za-z_]\w*)=|\bfor (\w+)\b")
_READ: Final = re.compile(r"\bread -r ((?:[a-z_]\w* ?)+)")
_USED: Final = re.compile(r"(\$\{?)([A-Za-z_]\w*)")
_NAME: Final = re.compile(r"(?<!\w)[A-Za-z_]\w*")
_ARITHMETIC: Final = re.compile(r"\$\(\((.*?)\)\)")
# A function and, with the name in its place, where one is called: where a command begins.
_FUNCTION: Final = re.compile(r"(?:^|;)([a-z_]+)\(\)")
_CALL: Final = r"(?:(?<=[;({{)|&!])|(?<=[{{)|&!] )|(?<=then )|(?<=else )|(?<=do )|^)(?:{})\b(?=[ ;()]|$)"
# What some login shell takes for something else, between single quotes too.
_MISTAKEN: Final = re.compile(r"\n|\\[\\']|![^\s=(]")
# Scripts find it as $NEWLINE. A command substitution drops line breaks at its end.
_NEWLINE: Final = 'N=$(printf "\\n."); N=${N%.}'
# They mean something to the shell or to programs.
_MEANINGFUL: Final = frozenset({"PATH", "IFS", "LC_ALL", "_"})


def script_text(values: Mapping[str, str], *names: str) -> str:
    """Join the scripts ``names`` (such as ``_execute/stage.sh``), after assignments of ``values``, quoted for sh."""
    settings = [f"{key}={shlex.quote(value)}" for key, value in values.items()]
    return "\n".join([*settings, *_code(names)]) + "\n"


@dataclass(frozen=True, slots=True)
class Command:
    """A script on one line, with a short name for each of its variables and functions."""

    line: str
    names: Mapping[str, str]

    def text(self, values: Mapping[str, str]) -> str:
        """The command, after assignments of ``values``, which may have several lines."""
        settings = [f"{self.names[key]}={_in_one_line(value)}" for key, value in values.items()]
        return ";".join([_NEWLINE, *settings, self.line])


def command_of(keys: Sequence[str], *names: str) -> Command:
    """The scripts ``names`` as a command that takes values for ``keys``.

    The scripts must keep to a form: a statement a line, no string and no list of patterns over several lines, and
    variables with ``$`` but in arithmetic.
    """
    line = _joined(_code(names))
    short = _short_names(line, keys)
    return Command(_with_short_functions(_renamed(line, short)).replace("$NEWLINE", "$N"), short)


def passes(command: str) -> bool:
    """Whether every login shell and server passes this command on to sh as it is.

    csh takes a line break for the end of a quoted text, and ``!`` for history. fish takes ``\\\\`` and ``\\'`` for one
    character. Both do so even between single quotes.
    """
    return not _MISTAKEN.search(command) and len(shlex.quote(shlex.quote(command))) < _LONGEST - _AROUND


def _code(names: tuple[str, ...]) -> list[str]:
    text = "".join(map(_file, names))
    lines = (line.strip() for line in re.sub(r" *\\\n *", " ", text).splitlines())
    return [line for line in lines if line and line[0] != "#"]


def _file(name: str) -> str:
    """The text of ``_package/file.sh``. In the carrier of a boot script it lies in a zip file."""
    package, _slash, file = name.partition("/")
    data = pkgutil.get_data(f"{__name__.partition('._host.')[0]}.{package}", file)
    if data is None:
        raise FileNotFoundError(name)
    return data.decode("utf-8")


def _joined(lines: list[str]) -> str:
    text = ""
    for line in lines:
        text += line + (" " if _GOES_ON.search(line) or _is_pattern(line) else ";")
    # "a; ;; b" is no sh, "a;;b" is.
    return re.sub(r"[; ]*;; ?", ";;", text).rstrip("; ")


def _is_pattern(line: str) -> bool:
    """Whether a line is a pattern of ``case``, which ends with a bracket that nothing opens."""
    return line.endswith(")") and line.count(")") > line.count("(")


def _short_names(line: str, keys: Sequence[str]) -> dict[str, str]:
    names = [name for pair in _SET.findall(line) for name in pair if name]
    names += [name for found in _READ.findall(line) for name in found.split()]
    wanted = dict.fromkeys(name for name in (*keys, *names) if name not in _MEANINGFUL)
    return dict(zip(wanted, (letter for letter in ascii_letters if letter != "N"), strict=False))


def _renamed(line: str, short: Mapping[str, str]) -> str:
    def rename(text: str) -> str:
        return _NAME.sub(lambda found: short.get(found[0], found[0]), text)

    line = _ARITHMETIC.sub(lambda found: rename(found[0]), line)
    line = _USED.sub(lambda found: found[1] + short.get(found[2], found[2]), line)
    line = _SET.sub(lambda found: rename(found[0]), line)
    return _READ.sub(lambda found: f"read -r {rename(found[1])}", line)


def _with_short_functions(line: str) -> str:
    """Functions have names of their own, which may be those of variables."""
    short = dict(zip(_FUNCTION.findall(line), ascii_letters, strict=False))
    return re.sub(_CALL.format("|".join(short)), lambda found: short[found[0]], line) if short else line


def _in_one_line(value: str) -> str:
    return '"$N"'.join(shlex.quote(part) for part in value.split("\n"))
