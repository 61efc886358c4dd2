# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which builds have which quirks: the dates on both sides of each change."""

from __future__ import annotations

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.quirks import QUIRKS, quirks_of

GNU = "x86_64-unknown-linux-gnu"
MUSL = "x86_64-unknown-linux-musl"


def names(version: str, release: str, triple: str = GNU, flavor: str = "install_only_stripped.tar.gz") -> set[str]:
    asset = parse_asset(f"cpython-{version}+{release}-{triple}-{flavor}")
    return {quirk.name for quirk in quirks_of(asset, release)}


@pytest.mark.parametrize(
    ("quirk", "version", "triple", "last_with", "first_without"),
    [
        ("static_musl", "3.13.1", MUSL, "20250212", "20250311"),
        ("venv_through_symlink", "3.11.9", GNU, "20251209", "20251217"),
        ("venv_through_symlink", "3.13.9", GNU, "20251209", "20251217"),
        ("venv_through_symlink", "3.14.1", GNU, "20251202", "20251205"),
        ("ca_path_rhel8", "3.12.9", GNU, "20260303", "20260320"),
        ("ca_path_rhel8", "3.12.9", GNU, "20260303", "20250323"),  # made on 2026-03-23, whatever its tag says
        ("no_bin_python", "3.12.3", GNU, "20240415", "20240726"),
        ("needs_libcrypt", "3.11.3", GNU, "20230507", "20230726"),
        ("exports_libx11", "3.10.3", GNU, "20220318", "20220502"),
        ("executable_stack", "3.13.12", GNU, "20260325", "20260414"),
        ("not_stripped", "3.12.4", GNU, "20240725", "20240726"),
    ],
)
def test_a_quirk_ends(quirk: str, version: str, triple: str, last_with: str, first_without: str) -> None:
    assert quirk in names(version, last_with, triple)
    assert quirk not in names(version, first_without, triple)


def test_a_quirk_may_begin() -> None:
    assert "executable_stack" not in names("3.13.12", "20260303")
    assert "executable_stack" in names("3.13.12", "20260320")


def test_python_3_10_never_had_the_symlink_trouble() -> None:
    assert "venv_through_symlink" not in names("3.10.16", "20250317")


def test_static_builds_load_no_extension_to_this_day() -> None:
    assert "static_musl" in names("3.14.7", "20260814", MUSL, "lto+static-full.tar.zst")
    assert "static_musl" not in names("3.14.7", "20260814", MUSL, "lto-full.tar.zst")


def test_build_paths_are_in_every_tree_but_those_of_windows() -> None:
    assert "build_paths" in names("3.14.7", "20260814")
    assert "build_paths" in names("3.14.7", "20260814", "aarch64-apple-darwin")
    assert names("3.14.7", "20260814", "x86_64-pc-windows-msvc") == set()


def test_the_mac_finds_its_certificates() -> None:
    assert "ca_path_rhel8" not in names("3.13.2", "20250317", "aarch64-apple-darwin")


def test_a_release_that_is_no_date_counts_as_the_stamp_in_the_name() -> None:
    asset = parse_asset(f"cpython-3.12.3+20240415-{GNU}-install_only.tar.gz")
    assert quirks_of(asset, "my-rebuild") == quirks_of(asset, "20240415")


def test_every_quirk_says_something_and_has_an_order() -> None:
    for quirk in QUIRKS:
        assert quirk.text
        assert quirk.before is None or quirk.since < quirk.before
