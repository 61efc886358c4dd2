# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh install on the host: our module and ``uv python install``, of the same archive, from the same mirror."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.world.server import MirrorServer

from .filesystem import fresh
from .local_host import Applied, LocalHost
from .measure import Sample, sample

RELEASE = "20250317"
VERSION = "3.13.2"
ASSET = f"cpython-{VERSION}+{RELEASE}-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz"
# What uv does not do.
_MORE = ("try", "compile")


@dataclass(frozen=True)
class Setting:
    """``bytecode``: compiled on both sides; ``prefix``: both run with it, pinned to one processor for example."""

    name: str
    bytecode: bool = False
    prefix: tuple[str, ...] = ()


SETTINGS = (
    Setting("two processors"),
    Setting("one processor", prefix=("taskset", "--cpu-list", "0")),
    Setting("two processors, bytecode", bytecode=True),
)


@dataclass(frozen=True)
class Pair:
    """The runs of one setting, ours and uv's in turn."""

    ours: tuple[Applied, ...]
    uv: tuple[Sample, ...]
    bytecode: bool

    @property
    def equal_work(self) -> float:
        """Median wall seconds of our process without what uv does not do: a trial, and bytecode where it made none."""
        return statistics.median(map(self._equal, self.ours))

    def as_json(self) -> dict[str, object]:
        """Medians in seconds, peaks in bytes, ratios to uv."""
        names = list(self.ours[0].steps)
        uv = statistics.median(run.wall for run in self.uv)
        return {
            "ours_equal_work": round(self.equal_work, 4),
            "ours_whole": round(statistics.median(run.process.wall for run in self.ours), 4),
            "ours_own_cpu": round(statistics.median(run.own_cpu for run in self.ours), 4),
            "ours_peak": max(run.own_peak for run in self.ours),
            "steps": {name: round(statistics.median(run.steps[name] for run in self.ours), 4) for name in names},
            "uv": round(uv, 4),
            "uv_cpu": round(statistics.median(run.cpu for run in self.uv), 4),
            "ratio": round(self.equal_work / uv, 3),
            "ratios": [
                round(self._equal(ours) / theirs.wall, 3) for ours, theirs in zip(self.ours, self.uv, strict=True)
            ],
        }

    def _equal(self, run: Applied) -> float:
        left_out = _MORE[:1] if self.bytecode else _MORE
        return run.process.wall - sum(run.steps.get(name, 0.0) for name in left_out)


class Install:
    """What both sides are given: the mirror, and the digest that uv checks."""

    def __init__(self, mirror: MirrorServer, sums: Path, scratch: Path, uv: Path, collections: Path) -> None:
        self._mirror = mirror
        self._scratch = scratch
        self._uv = uv
        self._collections = collections
        self._downloads = scratch / "downloads.json"
        lines = (line.split() for line in sums.read_text().splitlines())
        self.url = f"{mirror.url}/{RELEASE}/{quote(ASSET)}"
        self.sha256 = next(digest for digest, path in lines if path == f"{RELEASE}/{ASSET}")
        self._downloads.write_text(json.dumps({f"cpython-{VERSION}-linux-x86_64-gnu": self._download()}))

    def _download(self) -> Mapping[str, object]:
        """The archive as uv's own list of downloads names one (uv docs, UV_PYTHON_DOWNLOADS_JSON_URL)."""
        major, minor, patch = map(int, VERSION.split("."))
        return {
            "name": "cpython",
            "arch": {"family": "x86_64", "variant": None},
            "os": "linux",
            "libc": "gnu",
            "major": major,
            "minor": minor,
            "patch": patch,
            "prerelease": "",
            "url": self.url,
            "sha256": self.sha256,
            "variant": None,
            "build": RELEASE,
        }

    def uv_environment(self, directory: Path) -> dict[str, str]:
        """The variables with which uv installs below a directory."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(directory),
            "UV_PYTHON_INSTALL_DIR": str(directory / "python"),
            "UV_CACHE_DIR": str(directory / "cache"),
            "UV_PYTHON_DOWNLOADS_JSON_URL": str(self._downloads),
            "UV_PYTHON_INSTALL_BIN": "0",
        }

    def ours(self, setting: Setting) -> Applied:
        """Our module on a file system of its own, run by Debian's Python."""
        with fresh("ours") as directory:
            host = LocalHost(Path("/usr/bin/python3"), self._collections, self._scratch, setting.prefix)
            self.act(host, directory / "python", setting.bytecode)
            return host.applied[0]

    def act(self, host: LocalHost, root: Path, bytecode: bool) -> None:
        """Install below ``root``."""
        host.act(
            version=[VERSION],
            source=[self._mirror.url],
            catalogue="source",
            insecure_source=True,
            root=str(root),
            compile_bytecode=bytecode,
            transfer="pull",
        )

    def uvs(self, setting: Setting) -> Sample:
        """uv on a file system of its own."""
        more = ["--compile-bytecode"] if setting.bytecode else []
        command = [*setting.prefix, str(self._uv), "python", "install", "--quiet", *more, VERSION]
        with fresh("uv") as directory:
            return sample(command, env=self.uv_environment(directory))

    def pair(self, setting: Setting, rounds: int) -> Pair:
        """Both in turn, after one round that does not count."""
        ours, uvs = [], []
        for number in range(rounds + 1):
            mine, theirs = self.ours(setting), self.uvs(setting)
            if number:
                ours.append(mine)
                uvs.append(theirs)
        return Pair(tuple(ours), tuple(uvs), setting.bytecode)


def pairs(install: Install, rounds: int, settings: Sequence[Setting] = SETTINGS) -> dict[str, Pair]:
    """All settings by name."""
    # With bytecode each takes several times as long, and varies less for it.
    return {each.name: install.pair(each, rounds // 2 + 1 if each.bytecode else rounds) for each in settings}
