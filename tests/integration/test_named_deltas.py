# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deltas that a bundle holds and its lock names: pulled, pushed behind an air gap, and left where they are no good."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Everywhere, Interpreter, NewHost, Serve
from tests.integration.delta_site import LOCK, NEW, OLD, bundle_of, lock_of, two_patches
from tests.integration.mirror_role import Mirror, write_lock
from tests.integration.playbook import Controller
from tests.integration.target import Target
from tests.integration.test_delta import _home, _one
from tests.world.cache import Cache
from tests.world.server import MirrorServer

# The lock pins for level 1 alone.
OPTIONS: dict[str, Any] = {"state": "latest", "compile_bytecode": False, "catalogue": "source", "max_level": 1}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, world: Cache, collections: Sequence[Path]) -> Path:
    """A folder with the ``source`` of two patch versions, a lock of the new one, and a ``bundle`` with the delta."""
    folder = tmp_path_factory.mktemp("site")
    controller = Controller(folder / "controller", collections)
    source = two_patches(folder / "source", world)
    assert lock_of(folder / LOCK, controller, source)["changed"]
    bundle_of(folder / "bundle", controller, str(source), lock=str(folder / LOCK), delta_from=3)
    return folder


@pytest.fixture
def bundle(site: Path, tmp_path: Path) -> Path:
    """The bundle, for this test alone."""
    return shutil.copytree(site / "bundle", tmp_path / "bundle")


def delta_in(bundle: Path) -> Path:
    [found] = bundle.rglob("*.delta")
    return found


def asked(server: MirrorServer) -> list[str]:
    """The files that were asked for, without their releases."""
    return [request.path.rpartition("/")[2].replace("%2B", "+") for request in server.requests]


class Older:
    """Makes hosts that have 3.12.5."""

    def __init__(self, new_host: NewHost, everywhere: Everywhere, site: Path) -> None:
        self._new_host, self._everywhere, self._source = new_host, everywhere, site / "source"

    def __call__(self, *names: str) -> list[Target]:
        targets = [self._new_host("alpine", name=name) for name in names]
        for outcome in self._everywhere(targets, "3.12.5", source=str(self._source)).values():
            assert _one(outcome.ok())["version"] == "3.12.5"
        return targets


@pytest.fixture
def older(new_host: NewHost, everywhere: Everywhere, site: Path) -> Older:
    return Older(new_host, everywhere, site)


def test_what_the_bundle_holds(site: Path, controller: Controller, tmp_path: Path) -> None:
    """It is made once. The lock inside names it from then on, and is up to date without it being made again."""
    source, bundle = str(site / "source"), site / "bundle"
    delta = delta_in(bundle)
    assert delta.name.startswith(f"{NEW.rpartition('/')[2]}.from-")
    assert not (bundle / OLD).exists()
    text = (bundle / LOCK).read_text()
    assert "format: 3\n" in text
    assert f"      deltas:\n        - asset: {OLD.rpartition('/')[2]}\n" in text
    assert f"size: {delta.stat().st_size}\n" in text

    # Another controller, which has no delta in its cache.
    again = bundle_of(bundle, controller, source, lock=str(site / LOCK), delta_from=3)
    assert not again["changed"]
    assert not lock_of(bundle / LOCK, controller, site / "source", "--check")["changed"]
    foreseen = bundle_of(tmp_path / "new", controller, source, "--check", "--diff", lock=str(site / LOCK), delta_from=1)
    [unmade] = [file for file in foreseen["files"] if file["name"].endswith(".delta")]
    assert (unmade["action"], unmade["sha256"]) == ("added", "")
    assert "not made yet" in foreseen["diff"]["after"]
    assert not list(controller.cache.rglob("deltas/*-*"))

    # From the bundle's own lock, with the bundle as the source.
    copy = bundle_of(tmp_path / "copy.tar", controller, str(bundle), lock=str(bundle))
    assert copy["changed"]
    with tarfile.open(tmp_path / "copy.tar") as tar:
        assert str(delta.relative_to(bundle)) in tar.getnames()
    without = bundle_of(shutil.copytree(bundle, tmp_path / "bare"), controller, source, lock=str(site / LOCK))
    assert without["removed"] == [str(delta.relative_to(bundle))]


def test_it_is_pulled(
    older: Older, everywhere: Everywhere, new_host: NewHost, bundle: Path, serve: Serve, controller: Controller
) -> None:
    """One host comes by the delta to the same home as another by the archive."""
    server = serve(bundle)
    [target] = older("by-delta")
    fresh = new_host("alpine", name="fresh")
    lock: dict[str, Any] = {"lock": str(bundle), "source": server.url, "transfer": "pull"}
    archive = _one(everywhere([fresh], "3.12", **lock, **OPTIONS)["fresh"].ok())
    assert (archive["delta"], archive["sent_bytes"]) == (False, 0)
    assert archive["pulled_bytes"] == (bundle / NEW).stat().st_size
    server.requests.clear()

    done = everywhere([target], "3.12", **lock, **OPTIONS)["by-delta"].ok()
    assert "warnings" not in done
    found = _one(done)
    assert (found["action"], found["version"], found["delta"], found["sent_bytes"]) == ("upgraded", "3.12.6", True, 0)
    assert found["pulled_bytes"] == delta_in(bundle).stat().st_size < archive["pulled_bytes"] / 10
    # The host gets the delta, and the controller the archive, by which it knows what must come of it.
    builds = sorted(path for path in asked(server) if path.startswith("cpython-"))
    assert builds == [NEW.rpartition("/")[2], delta_in(bundle).name]
    assert _home(target) == _home(fresh)
    assert not everywhere([target], "3.12", verify="deep", **lock, **OPTIONS)["by-delta"].ok()["changed"]


def _changed(_bundle: Path, target: Target) -> None:
    target.sh('echo "# mine" >>"$(ls -d /opt/python/cpython-3.12.5*)/lib/python3.12/abc.py"')


def _damaged(bundle: Path, _target: Target) -> None:
    content = bytearray(delta_in(bundle).read_bytes())
    content[len(content) // 2] ^= 1
    delta_in(bundle).write_bytes(content)


def _missing(bundle: Path, _target: Target) -> None:
    delta_in(bundle).unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_damaged, "no source gave the delta"),
        pytest.param(
            _changed,
            "lib/python3.12/abc.py of the old home has changed since it was installed",
            marks=pytest.mark.slow,
        ),
        pytest.param(_missing, "HTTP 404", marks=pytest.mark.slow),
    ],
)
def test_in_doubt_the_archive_is_pulled(
    spoil: Callable[[Path, Target], None],
    said: str,
    older: Older,
    interpreter: Interpreter,
    bundle: Path,
    serve: Serve,
) -> None:
    server = serve(bundle)
    [target] = older("host")
    spoil(bundle, target)
    options: dict[str, Any] = {
        "lock": str(bundle),
        "source": server.url,
        "transfer": "pull",
        "delta": "always",
        **OPTIONS,
    }
    result = interpreter(target, "3.12", **options).ok()
    [warning] = result["warnings"]
    assert said in warning
    assert "so the whole archive comes" in warning
    found = _one(result)
    assert (found["version"], found["delta"]) == ("3.12.6", False)
    assert "did not fit, or did not come" in found["delta_reason"]
    assert found["pulled_bytes"] == (bundle / NEW).stat().st_size
    assert not interpreter(target, "3.12", verify="deep", **options).ok()["changed"]
    assert target.sh("ls -A /opt/python/.staging 2>/dev/null || :") == ""


def test_behind_an_air_gap(older: Older, bundle: Path, tmp_path: Path, collections: Sequence[Path]) -> None:
    """A controller that has neither the old archive nor a delta of its own pushes the one in the tar file."""
    tar = tmp_path / "python.tar"
    behind = Controller(tmp_path / "behind", collections)
    bundle_of(tar, behind, str(bundle), lock=str(bundle))
    shutil.rmtree(behind.cache)
    size = delta_in(bundle).stat().st_size
    shutil.rmtree(bundle)
    task = {"version": "3.12", "source": str(tar), "lock": str(tar), **OPTIONS}
    [target] = older("host")
    ran = behind.play({"host": target.variables}, [{"fleet.python.interpreter": task}])
    found = _one(ran.outcomes[0].ok())
    assert (found["version"], found["transfer"], found["delta"]) == ("3.12.6", "push", True)
    assert (found["sent_bytes"], found["pulled_bytes"]) == (size, 0)
    again = behind.play({"host": target.variables}, [{"fleet.python.interpreter": {**task, "verify": "deep"}}])
    assert not again.outcomes[0].ok()["changed"]


@pytest.mark.slow
def test_a_mirror_serves_real_ones(
    new_host: NewHost, everywhere: Everywhere, controller: Controller, world: Cache, tmp_path: Path
) -> None:
    """As the guide on slow links has it: the role makes them of the lock, nginx serves them, and a Debian upgrades."""
    mirror = Mirror(new_host("debian12-nginx", name="mirror"), controller)
    lock = write_lock(tmp_path / LOCK, "3.12", ["x86_64_v2-unknown-linux-gnu"], controller, world)
    files = tmp_path / "mirror"
    serves: dict[str, Any] = {"mirror_lock": str(lock), "mirror_delta_from": 3, "mirror_files": str(files)}
    serves |= {"mirror_source": [str(world.mirror)], "mirror_catalogue": "source"}
    mirror.role(**serves)
    assert mirror.changes(**serves) == set()

    device = new_host("debian12-python3", name="device")
    assert everywhere([device], "3.12.2", max_level=2)["device"].ok()["changed"]
    options: dict[str, Any] = {"source": mirror.url, "lock": str(files / LOCK), "transfer": "pull", "max_level": 2}
    found = _one(everywhere([device], "3.12", **options)["device"].ok())
    assert (found["action"], found["version"], found["delta"], found["sent_bytes"]) == ("upgraded", "3.12.6", True, 0)
    assert found["pulled_bytes"] < 0.25 * (files / found["release"] / found["asset"]).stat().st_size
    device.sh('/opt/python/3.12/bin/python3.12 -c "import ssl, sqlite3"')
    assert not everywhere([device], "3.12", verify="deep", **options)["device"].ok()["changed"]
