# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks, bundles and mirrors of attested builds, against an API and a Sigstore of the tests' own.

The API stands for GitHub's, and the signatures are not upstream's. tests/unit/provenance has what GitHub has signed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.conftest import NewHost
from tests.integration.github_api import GithubServer
from tests.integration.playbook import Controller, Outcome
from tests.unit.docs import pages
from tests.world import hosts
from tests.world.cache import Cache
from tests.world.sigstore import Sigstore, Workflow

GNU = "20250317/cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz"
LARGE = GNU.replace("install_only_stripped", "install_only")
ARM = GNU.replace("x86_64_v2", "aarch64")
TRIPLE = "x86_64_v2-unknown-linux-gnu"
HERE = {"here": {"ansible_connection": "local"}}
# Its own network, in which not even the loopback device is up.
CUT_OFF = ("unshare", "--net")


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GithubServer]:
    directory = tmp_path / "github"
    directory.mkdir()
    with GithubServer(directory) as server:
        yield server


class Locker:
    """Runs fleet.python.lock for one triple, from the mirror's directory and the tests' API."""

    def __init__(self, controller: Controller, github: GithubServer, world: Cache, path: Path) -> None:
        self._controller = controller
        self._github = github
        self.sums = world.mirror / "SHA256SUMS"
        self.source = str(world.mirror)
        self.path = path

    def __call__(self, *arguments: str, launcher: tuple[str, ...] = (), **options: Any) -> Outcome:
        return self.run(
            {"fleet.python.lock": {"version": "3.13", "path": str(self.path)}}, arguments, launcher, options
        )

    def run(
        self,
        task: dict[str, dict[str, Any]],
        arguments: tuple[str, ...] = (),
        launcher: tuple[str, ...] = (),
        options: dict[str, Any] | None = None,
    ) -> Outcome:
        """Run one task of the collection on the controller."""
        ((name, own),) = task.items()
        common = {"triples": TRIPLE, "source": self.source, "catalogue": "source", **self._github.options}
        made = {name: common | own | (options or {})}
        return self._controller.play(HERE, [made], arguments=arguments, launcher=launcher).outcomes[0]

    @property
    def kept(self) -> Path:
        """The attestation that the lock keeps."""
        return self.path.with_name("python.lock.attestations") / f"{GNU}.sigstore.json"

    def pin(self) -> dict[str, Any]:
        """What the lock says of its one pin."""
        found: dict[str, Any] = yaml.safe_load(self.path.read_text())["triples"][TRIPLE]["3.13"]
        return found


@pytest.fixture
def lock(controller: Controller, github: GithubServer, world: Cache, tmp_path: Path) -> Locker:
    return Locker(controller, github, world, tmp_path / "python.lock.yml")


def test_a_lock_proves_who_built_what_it_pins(lock: Locker, github: GithubServer) -> None:
    github.attest(lock.sums, GNU, ARM)
    first = lock(attestation="required").ok()
    assert first["changed"]
    expected = {
        "repository": "https://github.com/astral-sh/python-build-standalone",
        "workflow": ".github/workflows/release.yml@refs/heads/main",
        "commit": Workflow().commit,
        "run": Workflow().run_url,
        "log_index": 183748301,
    }
    assert lock.pin()["attestation"] == expected
    assert first["pins"][0]["attestation"] == expected
    assert json.loads(lock.kept.read_text())["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"

    asked = len(github.requests)
    assert not lock(attestation="required").ok()["changed"]
    assert len(github.requests) == asked, "what is kept is not asked for again"

    # CI checks it without network; each byte of the lock and of what it keeps counts.
    assert not lock("--check", launcher=CUT_OFF).ok()["changed"]
    text, proof = lock.path.read_text(), lock.kept.read_text()
    lock.path.write_text(text.replace("183748301", "183748302"))
    assert "has another attestation than the lock says" in lock("--check", launcher=CUT_OFF).refusal()
    lock.path.write_text(text)
    lock.kept.write_text(proof.replace('"payload": "eyJ', '"payload": "eyK'))
    message = lock("--check", launcher=CUT_OFF).refusal()
    assert f"{GNU.rpartition('/')[2]}: the attestation from" in message
    assert "does not prove that" in message
    lock.kept.unlink()
    message = lock("--check", launcher=CUT_OFF).refusal()
    assert "is attested in the lock, and that cannot be verified again: there is none at" in message
    assert lock.path.read_text() == text

    # The next run mends it.
    assert lock().ok()["changed"]
    assert lock.path.read_text() == text
    assert lock.kept.is_file()


def test_what_is_not_attested_yet_is_marked_and_then_stays_attested(lock: Locker, github: GithubServer) -> None:
    outcome = lock().ok()
    assert lock.pin()["attestation"] is None
    assert any("are not attested: there is none at: " in warning for warning in outcome["warnings"])
    assert not lock.kept.exists()
    assert not lock("--check", launcher=CUT_OFF).ok()["changed"]
    assert "is not attested, and attestation is required" in lock(attestation="required").refusal()

    github.attest(lock.sums, GNU)
    outcome = lock("--diff").ok()
    assert outcome["changed"]
    assert "attestation: null" in outcome["diff"]["before"]
    assert "log_index: 183748301" in outcome["diff"]["after"]

    # Another archive that nobody attests does not take its place, whatever the option says.
    text = lock.path.read_text()
    for mode in ("off", "required"):
        assert LARGE.rpartition("/")[2] in lock(attestation=mode, flavor="install_only").refusal()
        assert lock.path.read_text() == text
    # By default: when_present.
    message = lock(flavor="install_only").refusal()
    assert LARGE.rpartition("/")[2] in message
    assert "remove the key attestation of this pin" in message
    assert lock.path.read_text() == text

    # Nor is it given up where the API has lost it and nothing is kept.
    shutil.rmtree(lock.kept.parents[1])
    github.attestations.clear()
    assert "its attestation is gone" in lock().refusal()
    assert lock.path.read_text() == text

    github.attest(lock.sums, LARGE)
    assert lock(flavor="install_only").ok()["changed"]
    assert lock.pin()["attestation"]["log_index"] == 183748301
    assert [path.name for path in lock.kept.parent.iterdir()] == [f"{LARGE.rpartition('/')[2]}.sigstore.json"]


def test_locks_of_today_stay_valid(lock: Locker, github: GithubServer) -> None:
    assert lock(attestation="off").ok()["changed"]
    assert "format: 1\n" in lock.path.read_text()
    assert not github.requests
    github.attest(lock.sums, GNU)
    assert not lock("--check", launcher=CUT_OFF).ok()["changed"]
    assert lock().ok()["changed"]
    assert "format: 2\n" in lock.path.read_text()


def test_builds_before_the_first_attested_release_are_not_sought(lock: Locker, github: GithubServer) -> None:
    old = {"fleet.python.lock": {"version": "3.12", "path": str(lock.path)}}
    outcome = lock.run(old).ok()
    assert not outcome.get("warnings")
    assert not github.requests
    assert "attestation" not in lock.path.read_text()
    assert (
        "upstream attests its builds since release 20250212"
        in lock.run(old, options={"attestation": "required"}).refusal()
    )


def test_bad_answers_are_refused_and_the_lock_stays_as_it_was(lock: Locker, github: GithubServer) -> None:
    """One after the other, since each is the same command: what is asked, what is said."""
    lock(attestation="off").ok()
    text = lock.path.read_text()
    asset = GNU.rpartition("/")[2]

    def refused(*said: str, **options: Any) -> None:
        message = lock(**options).refusal()
        assert [words for words in (asset, *said) if words not in message] == [], message
        assert lock.path.read_text() == text
        assert not lock.kept.exists()

    for answer in ("<html>", "{", '{"attestations": [1]}'):
        github.instead = (200, answer, {})
        refused("its answer is no list of attestations")
    github.instead = (200, '{"attestations": [{"bundle": {"mediaType": "x"}}]}', {})
    refused("is no bundle of Sigstore")
    github.instead = (404, "{}", {})
    refused("there is none at", attestation="required")
    github.instead = (403, "{}", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"})
    refused("rate limit); again in", attestation="required")
    github.instead, github.stalls = None, True
    refused("timed out", attestation="required", timeout=1, download_timeout=3)
    github.stalls = False

    github.attest(lock.sums, GNU, workflow=Workflow(repository="someone/python-build-standalone"))
    refused("does not prove that https://github.com/astral-sh/python-build-standalone/")
    digest = next(iter(github.attestations))
    github.attestations = {digest: [github.sigstore.bundle({asset: "0" * 64})]}
    refused("is of other bytes")
    github.attestations = {digest: [Sigstore().bundle({asset: digest})]}
    refused("unable to get local issuer certificate")
    assert "the trusted root /none cannot be read: No such file" in lock(attestation_trusted_root="/none").refusal()

    # Of several bundles one fits.
    github.attest(lock.sums, GNU)
    assert lock().ok()["changed"]
    assert lock.pin()["attestation"]["repository"] == "https://github.com/astral-sh/python-build-standalone"


def test_where_nothing_answers_it_is_said_and_marked(lock: Locker, github: GithubServer) -> None:
    github.instead = (403, "{}", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"})
    outcome = lock().ok()
    assert any("are not attested" in warning and "rate limit" in warning for warning in outcome["warnings"])
    assert lock.pin()["attestation"] is None


def test_those_who_build_it_themselves(lock: Locker, github: GithubServer) -> None:
    own = Workflow("https://github.example", "team/builds", "ci/build.yml", "refs/tags/v1", issuer="https://id.example")
    github.attest(lock.sums, GNU, workflow=own)
    token = "s3cret-token"
    outcome = lock(
        attestation="required",
        attestation_source=[f"github:{github.url}"],
        attestation_repository="https://github.example/astral-sh/python-build-standalone",
        attestation_token=token,
    )
    assert "does not prove that https://github.example/astral-sh" in outcome.refusal()
    assert token not in json.dumps(outcome.result)
    assert github.requests[0].headers["Authorization"] == f"Bearer {token}"
    kept = lock.path.with_name("kept") / f"{GNU}.sigstore.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps(next(iter(github.attestations.values()))[0]))
    lock(
        attestation="required",
        attestation_source=[str(lock.path.with_name("kept"))],
        attestation_repository="https://github.example/team/builds",
        attestation_workflow="ci/build.yml@refs/tags/v1",
        attestation_issuer="https://id.example",
    ).ok()
    assert lock.pin()["attestation"]["repository"] == "https://github.example/team/builds"


def test_a_choice_says_who_built_it(lock: Locker, github: GithubServer) -> None:
    task = {"fleet.python.asset_info": {"version": "3.13", "triples": [TRIPLE]}}
    asset = lock.run(task).ok()["asset"]
    assert asset["attestation"] is None
    assert "there is none at" in asset["not_attested"]
    github.attest(lock.sums, GNU)
    asset = lock.run(task, options={"attestation": "required"}).ok()["asset"]
    assert asset["attestation"]["commit"] == Workflow().commit
    assert asset["not_attested"] == ""


def test_the_guide_does_as_it_says(lock: Locker, github: GithubServer, controller: Controller, tmp_path: Path) -> None:
    """Every command of docs/provenance.md, one after the other, against the tests' API and mirror."""
    github.attest(lock.sums, GNU)
    ours = {f"{book}_{name}": value for book in ("lock", "bundle") for name, value in github.options.items()}
    ours |= {"interpreter_source": [lock.source], "interpreter_catalogue": "source"}
    (controller.directory / "ours.json").write_text(json.dumps(ours))
    stick = tmp_path / "stick"
    stick.mkdir()
    install, *commands = (
        block.replace("ansible-playbook ", "ansible-playbook -e @ours.json ").replace("/media/stick", str(stick))
        for block in pages.blocks("docs/provenance.md", "sh")
    )
    assert install == "python3 -m pip install sigstore\n"
    play = pages.blocks("docs/provenance.md", "yaml")[-1].replace("/media/stick", str(stick))
    trusted = f"attestation: required\n        attestation_trusted_root: {github.trusted_root}\n"
    (controller.directory / "verify.yml").write_text(play.replace("attestation: required\n", trusted))
    write, check, carry = commands
    for command, launcher, said in (
        (write, (), "changed=1"),
        (check, CUT_OFF, "changed=0"),
        (carry, (), "changed=1"),
        ("ansible-playbook verify.yml", CUT_OFF, Workflow().run_url),
    ):
        done = controller.shell(command, launcher)
        assert done.returncode == 0, done.stdout + done.stderr
        assert said in done.stdout, done.stdout
    assert (stick / "python" / f"{GNU}.sigstore.json").is_file()


@pytest.mark.parametrize("name", ["bundle", pytest.param("bundle.tar", marks=pytest.mark.slow)])
def test_over_the_gap(
    name: str, lock: Locker, github: GithubServer, new_host: NewHost, controller: Controller, tmp_path: Path
) -> None:
    """A lock that requires attestations, a bundle with them, another controller without network, a host without one."""
    github.attest(lock.sums, GNU)
    lock(attestation="required").ok()
    bundle = tmp_path / name
    task = {"fleet.python.bundle": {"path": str(bundle), "lock": str(lock.path), "attestation": "required"}}
    made = lock.run(task, options={"triples": None}).ok()
    assert {f"{GNU}.sigstore.json"} < {file["name"] for file in made["files"]}
    again = lock.run(task, options={"triples": None}, launcher=CUT_OFF).ok()
    assert not again["changed"]

    shutil.rmtree(controller.cache)
    shutil.rmtree(lock.kept.parents[1])
    there = {"fleet.python.asset_info": {"version": "3.13", "lock": str(bundle), "source": [str(bundle)]}}
    beyond = {"attestation": "required", "attestation_source": ["source"]}
    assert lock.run(there, options=beyond, launcher=CUT_OFF).ok()["asset"]["attestation"]["log_index"] == 183748301
    host = new_host("debian12", "--network=none")
    variables = {
        "interpreter_version": ["3.13"],
        "interpreter_source": [str(bundle)],
        "interpreter_lock": str(bundle),
        "interpreter_catalogue": "source",
        "interpreter_max_level": 2,
        "interpreter_compile_bytecode": False,
    }
    run = controller.playbook("fleet.python.site", {host.name: host.variables}, variables, launcher=CUT_OFF)
    assert run.outcomes[0].ok()["changed"]
    assert hosts.run(host.container, "/opt/python/3.13/bin/python3.13", "-V").strip() == "Python 3.13.2"

    # A bundle that has lost the proof is told.
    if bundle.is_dir():
        (bundle / f"{GNU}.sigstore.json").unlink()
        assert "is not attested, and attestation is required" in lock.run(there, options=beyond).refusal()
