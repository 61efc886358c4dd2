# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asset names, SHA256SUMS and latest-release.json of the test world's mirror."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from tests.world.names import asset_name, flavors, latest_release_text, sums_text
from tests.world.pins import (
    ANSIBLE,
    BUILDS,
    LATEST_RELEASE,
    MISSING_ON_ALPINE,
    Build,
)

BY_NAME = {build.name: build for build in BUILDS}


@pytest.mark.parametrize(
    ("build", "flavor", "expected"),
    [
        (
            "3.13.2-x86_64",
            "install_only_stripped",
            "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz",
        ),
        (
            "3.13.2-x86_64",
            "full",
            "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-pgo+lto-full.tar.zst",
        ),
        ("3.10.8-x86_64", "install_only", "cpython-3.10.8+20221106-x86_64_v3-unknown-linux-gnu-install_only.tar.gz"),
        ("3.12.2-aarch64", "install_only", "cpython-3.12.2+20240224-aarch64-unknown-linux-gnu-install_only.tar.gz"),
        # This one is upstream's, letter for letter.
        ("3.9.6-x86_64", "install_only", "cpython-3.9.6-x86_64-unknown-linux-gnu-install_only-20210724T1424.tar.gz"),
        (
            "3.9.6-aarch64",
            "install_only_stripped",
            "cpython-3.9.6-aarch64-unknown-linux-gnu-install_only_stripped-20210724T1424.tar.gz",
        ),
        (
            "3.13.2-aarch64-musl",
            "install_only_stripped",
            "cpython-3.13.2+20250993-aarch64-unknown-linux-musl-install_only_stripped.tar.gz",
        ),
    ],
)
def test_name_follows_its_generation(build: str, flavor: str, expected: str) -> None:
    assert asset_name(BY_NAME[build], flavor) == expected


def test_no_full_archive_is_named_that_is_not_made() -> None:
    build = BY_NAME["3.12.2-x86_64"]
    assert "full" not in flavors(build)
    with pytest.raises(ValueError, match=r"3\.12\.2-x86_64 has no full archive"):
        asset_name(build, "full")


def test_table_has_every_build_on_both_architectures_once() -> None:
    real = {(build.version, build.arch) for build in BUILDS if not build.stand_in}
    versions = {"3.9.6", "3.10.8", "3.11.1", "3.12.2", "3.12.6", "3.13.2"}
    assert real == {(version, arch) for version in versions for arch in ("x86_64", "aarch64")}
    assert len(BY_NAME) == len(BUILDS)
    assert max(build.release for build in BUILDS if not build.stand_in) == LATEST_RELEASE


def test_every_wheel_is_pinned_and_no_pin_is_used_twice() -> None:
    pins = [build.wheel.sha256 for build in BUILDS] + [ANSIBLE.sha256]
    assert all(re.fullmatch("[0-9a-f]{64}", pin) for pin in pins)
    assert len(set(pins)) == len(pins)


@pytest.mark.parametrize("build", [build for build in BUILDS if build.stand_in], ids=lambda build: build.name)
def test_stand_in_has_a_release_tag_that_upstream_cannot_have(build: Build) -> None:
    with pytest.raises(ValueError, match="day is out of range"):
        date(int(build.release[:4]), int(build.release[4:6]), int(build.release[6:]))
    assert build.version.rpartition(".")[0] in MISSING_ON_ALPINE


def test_sums_are_upstream_lines_sorted_by_name() -> None:
    text = sums_text({"b.tar.gz": "2" * 64, "20250317/a.tar.gz": "1" * 64})
    assert text == f"{'1' * 64}  20250317/a.tar.gz\n{'2' * 64}  b.tar.gz\n"
    assert sums_text({}) == ""


def test_latest_release_has_upstreams_fields() -> None:
    assert json.loads(latest_release_text("20250317")) == {
        "version": 1,
        "tag": "20250317",
        "release_url": "https://github.com/astral-sh/python-build-standalone/releases/tag/20250317",
        "asset_url_prefix": "https://github.com/astral-sh/python-build-standalone/releases/download/20250317",
    }
