# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stamps: what counts as finished, and where the cache is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.world import mirror
from tests.world.cache import Cache, cache_directory, file_sha256, recipe_hash
from tests.world.debian import main_archive
from tests.world.images import debian_command
from tests.world.names import asset_name
from tests.world.pins import BUILDS, IMAGES, Image


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"FLEET_PYTHON_CACHE": "/c", "XDG_CACHE_HOME": "/x"}, Path("/c")),
        ({"FLEET_PYTHON_CACHE": "", "XDG_CACHE_HOME": "/x"}, Path("/x/fleet-python")),
        ({}, Path.home() / ".cache/fleet-python"),
    ],
)
def test_place_of_the_cache(environ: dict[str, str], expected: Path) -> None:
    assert cache_directory(environ) == expected


def published(cache: Cache, product: str, recipe: str, content: str) -> Path:
    """Publish a small product and return its place."""
    path = cache.mirror / product
    with cache.scratch() as scratch:
        made = scratch / "made"
        made.write_text(content)
        stamp = cache.publish(product, recipe, made, path)
    assert stamp.sha256 == file_sha256(path)
    return path


def test_product_is_current_until_its_recipe_or_its_file_changes(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    path = cache.mirror / "r/a"
    assert not cache.is_current("r/a", "one", path)
    assert published(cache, "r/a", "one", "content") == path
    assert cache.is_current("r/a", "one", path)
    assert not cache.is_current("r/a", "two", path)
    path.write_text("cut")
    assert not cache.is_current("r/a", "one", path)
    path.unlink()
    assert not cache.is_current("r/a", "one", path)


def test_half_a_stamp_is_no_stamp(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    path = published(cache, "r/a", "one", "content")
    [stamp] = (tmp_path / "stamps").iterdir()
    stamp.write_text(stamp.read_text()[:20])
    assert not cache.is_current("r/a", "one", path)


def test_scratch_of_a_killed_build_is_removed_by_the_next(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    left = tmp_path / "tmp/999999/tree"
    left.mkdir(parents=True)
    with cache.lock():
        assert not left.exists()


def test_removal_leaves_what_is_not_ours(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    with cache.lock():
        published(cache, "r/a", "one", "content")
    other = cache.root / "letter"
    other.write_text("mine")
    assert cache.remove() == [other]
    assert list(cache.root.iterdir()) == [other]
    other.unlink()
    assert cache.remove() == []
    assert not cache.root.exists()


def test_recipe_changes_with_what_it_is_made_of() -> None:
    first, second = BUILDS[:2]
    assert recipe_hash(1, first) == recipe_hash(1, first)
    assert len({recipe_hash(1, first), recipe_hash(2, first), recipe_hash(1, second)}) == 3


def test_index_names_what_is_there_and_nothing_else(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    build, other = BUILDS[0], BUILDS[2]
    here = f"{build.release}/{asset_name(build, 'install_only')}"
    gone = f"{other.release}/{asset_name(other, 'install_only')}"
    sha256 = file_sha256(published(cache, here, "one", "content"))
    published(cache, gone, "one", "content").unlink()
    mirror.write_index(cache)
    assert (cache.mirror / "SHA256SUMS").read_text() == f"{sha256}  {here}\n"
    own = cache.mirror / build.release / "SHA256SUMS"
    assert own.read_text() == f"{sha256}  {asset_name(build, 'install_only')}\n"


def test_main_archive_of_debian_is_taken_from_apt() -> None:
    targets = (
        "Debian|Debian-Security|main|http://mirror.invalid/debian-security/\n"
        "Node|Node|main|https://other.invalid/\n"
        "Debian|Debian|contrib|http://mirror.invalid/contrib/\n"
        "Debian|Debian|main|http://mirror.invalid/debian/\n"
    )
    assert main_archive(targets) == "http://mirror.invalid/debian/"
    assert main_archive("Ubuntu|Ubuntu|main|http://mirror.invalid/ubuntu/\n") is None
    assert main_archive("") is None


@pytest.mark.parametrize("image", [image for image in IMAGES if image.user], ids=lambda image: image.name)
def test_image_with_a_user_gets_sudo_without_a_password(image: Image) -> None:
    command = debian_command(image, "http://mirror.invalid/debian", Path("out.tar.zst"))
    assert command[-3:] == ["bookworm", "out.tar.zst", "deb http://mirror.invalid/debian bookworm main"]
    assert f"--include={','.join(image.include)}" in command
    assert "sudo" in image.include
    assert any("deploy ALL=(ALL) NOPASSWD: ALL" in argument for argument in command)
