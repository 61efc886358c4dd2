# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment of meta/execution-environment.yml, as ansible-builder builds it, and runs out of it.

The test world's Debian 13 stands for the image of the registry.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.integration.conftest import SshHost, container_prefix, mirror, new_host, serve, ssh_host
from tests.integration.target import Target
from tests.world.hosts import image_named
from tests.world.images import reference
from tests.world.server import MirrorServer

__all__ = ["container_prefix", "mirror", "new_host", "serve", "ssh_host"]

_DEFINITION = Path(__file__).parents[2] / "meta" / "execution-environment.yml"
# As OpenShift gives it to a container: in no passwd, with the group of root.
_USER = 1000660000
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def program(name: str) -> str:
    """Where this environment has it. The main leg alone has these tools."""
    found = Path(sys.executable).with_name(name)
    if not found.is_file():
        pytest.skip(f"{name} is not installed here")
    return str(found)


def run(*command: str | Path, stdin: bytes = b"", **variables: str) -> bytes:
    """What a command prints, which must succeed."""
    done = subprocess.run(
        command,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **variables},
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")
    return done.stdout


@pytest.fixture(scope="module")
def environment(containers: Mapping[str, str], name: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image, built from the checkout."""
    directory = tmp_path_factory.mktemp("builder")
    # pip asks the index that it asks on this machine, and trusts what this machine trusts.
    settings = directory / "pip.conf"
    index = os.environ.get("PIP_INDEX_URL")
    lines = ["[global]", "cert = /etc/machine.crt", *([f"index-url = {index}"] if index else [])]
    settings.write_text("\n".join(lines) + "\n")
    mounts = [f"--volume={settings}:/etc/pip.conf:ro", f"--volume={_CERTIFICATES}:/etc/machine.crt:ro"]
    run(
        program("ansible-builder"),
        "build",
        f"--file={_DEFINITION}",
        f"--context={directory / 'context'}",
        f"--tag={name}",
        f"--build-arg=EE_BASE_IMAGE={reference(image_named('debian13-wget2'))}",
        "--container-runtime=podman",
        f"--extra-build-cli-args=--pull=never --network=host {' '.join(mounts)}",
    )
    return name


class Job:
    """A private data directory of ansible-runner, with an inventory of one host and what it should have."""

    def __init__(self, directory: Path, target: Target, mirror: str) -> None:
        self.directory = directory
        key = Path(str(target.variables["ansible_ssh_private_key_file"]))
        own = {**target.variables, "ansible_become": True}
        # ansible-runner hands the key to an ssh-agent, so it lies in no file there.
        del own["ansible_ssh_private_key_file"]
        self._write("inventory/hosts.json", json.dumps({"all": {"hosts": {target.name: own}}}))
        self._write("env/ssh_key", key.read_text())
        extra = {
            "interpreter_version": ["3.13"],
            "interpreter_source": [mirror],
            "interpreter_catalogue": "source",
            "interpreter_insecure_source": True,
            "interpreter_compile_bytecode": False,
            # By way of the cache, which is what an executor writes to.
            "interpreter_transfer": "push",
        }
        self._write("env/extravars", json.dumps(extra))
        (directory / "project").mkdir()

    def _write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)


def recap(output: bytes, host: str) -> dict[str, int]:
    """The counts of a host in what ansible-playbook printed last."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", output.decode())
    lines = [line for line in plain.splitlines() if line.startswith(host) and " ok=" in line]
    assert lines, plain
    return {
        key: int(value) for key, _equals, value in (word.partition("=") for word in lines[-1].split() if "=" in word)
    }


def has_python(target: Target) -> bool:
    said = target.sh("/opt/python/3.13/bin/python3.13 -c 'import ssl, sys; print(sys.version)'")
    return bool(said.startswith("3.13.2 "))


def test_the_image_has_what_a_controller_needs(environment: str) -> None:
    look = "import cyclonedx, requests, zstandard, ansible_runner, ansible; print(ansible.__version__)"
    assert run("podman", "run", "--rm", environment, "python3", "-c", look).startswith(b"2.2")
    listed = run("podman", "run", "--rm", environment, "ansible-doc", "-t", "module", "fleet.python.interpreter")
    assert b"fleet.python.interpreter" in listed.lower()
    # Nothing of ours can be written by whom it runs as.
    path = "/usr/share/ansible/collections/ansible_collections/fleet/python"
    find = f"find {path} -writable | head -n 1"
    assert run("podman", "run", "--rm", f"--user={_USER}:0", environment, "sh", "-c", find).strip() == b""


@pytest.mark.slow
def test_runner_isolates_a_run(environment: str, ssh_host: SshHost, mirror: MirrorServer, tmp_path: Path) -> None:
    target = ssh_host()
    job = Job(tmp_path / "job", target, mirror.url)
    command = [
        program("ansible-runner"),
        "run",
        str(job.directory),
        "--playbook=fleet.python.site",
        "--process-isolation",
        "--process-isolation-executable=podman",
        f"--container-image={environment}",
        "--container-option=--network=host",
        # podman as root maps no users, and the directory is root's.
        "--container-option=--user=root",
    ]
    assert recap(run(*command), target.name)["changed"] == 1
    assert has_python(target)
    assert recap(run(*command), target.name)["changed"] == 0


@pytest.fixture
def message_queues() -> Iterator[None]:
    """The directory that ansible-navigator looks for before it starts podman; nothing has to be in it."""
    folder = Path("/dev/mqueue")
    made = not folder.is_dir()
    if made:
        folder.mkdir()
    yield
    if made:
        folder.rmdir()


@pytest.mark.slow
@pytest.mark.usefixtures("message_queues")
def test_navigator_runs_from_it(environment: str, ssh_host: SshHost, mirror: MirrorServer, tmp_path: Path) -> None:
    target = ssh_host()
    job = Job(tmp_path / "job", target, mirror.url)
    output = run(
        program("ansible-navigator"),
        "run",
        "fleet.python.site",
        f"--execution-environment-image={environment}",
        "--pull-policy=never",
        "--container-engine=podman",
        "--container-options=--network=host",
        "--container-options=--user=root",
        "--mode=stdout",
        "--playbook-artifact-enable=false",
        f"--log-file={tmp_path / 'navigator.log'}",
        f"--inventory={job.directory / 'inventory'}",
        f"--private-key={job.directory / 'env' / 'ssh_key'}",
        f"--extra-vars=@{job.directory / 'env' / 'extravars'}",
        f"--execution-environment-volume-mounts={job.directory}:{job.directory}",
        HOME=str(tmp_path),
    )
    assert recap(output, target.name)["changed"] == 1
    assert has_python(target)


@pytest.mark.slow
def test_any_user_without_a_home(environment: str, ssh_host: SshHost, mirror: MirrorServer, tmp_path: Path) -> None:
    target = ssh_host()
    job = Job(tmp_path / "job", target, mirror.url)
    runner = program("ansible-runner")
    sent = run(runner, "transmit", str(job.directory), "--playbook=fleet.python.site")
    # As AWX's container groups do it: the job goes in by a pipe, its events come out by another.
    pod = ["podman", "run", "--rm", "--interactive", "--network=host", f"--user={_USER}:0", "--unsetenv=HOME"]
    worker = [*pod, environment, "ansible-runner", "worker", "--private-data-dir=/runner"]
    for changed in (1, 0):
        events = run(*worker, stdin=sent)
        shutil.rmtree(tmp_path / "processed", ignore_errors=True)
        assert (
            recap(run(runner, "process", str(tmp_path / "processed"), stdin=events), target.name)["changed"] == changed
        )
    assert has_python(target)


@pytest.mark.slow
def test_no_entry_point_no_home_nothing_to_write_but_tmp(
    environment: str, ssh_host: SshHost, mirror: MirrorServer, tmp_path: Path
) -> None:
    target = ssh_host()
    job = Job(tmp_path / "job", target, mirror.url)
    shutil.copytree(job.directory, tmp_path / "mounted")
    for path in (tmp_path / "mounted", *(tmp_path / "mounted").rglob("*")):
        os.chown(path, _USER, 0)
    pod = ["podman", "run", "--rm", "--network=host", f"--user={_USER}:0", "--read-only", "--entrypoint="]
    # ssh wants the user to have an entry, and Ansible a place for files of its own.
    entry = f"--passwd-entry=pod:*:{_USER}:0:a user without a home:/nonexistent:/bin/sh"
    own = ["--unsetenv=HOME", "--env=ANSIBLE_HOME=/tmp/ansible", "--env=ANSIBLE_SSH_CONTROL_PATH_DIR=/tmp/cp"]
    mounted = [f"--volume={tmp_path / 'mounted'}:/job:ro", "--tmpfs=/tmp:mode=1777", "--workdir=/tmp"]
    command = ["env", "-u", "HOME", "ansible-playbook", "fleet.python.site", "--inventory=/job/inventory"]
    arguments = ["--extra-vars=@/job/env/extravars", "--private-key=/job/env/ssh_key"]
    output = run(*pod, entry, *own, *mounted, environment, *command, *arguments)
    assert recap(output, target.name)["changed"] == 1
    assert has_python(target)
    # The cache was in /tmp, and is gone with it: the controller fetched the archive, not the host.
    asked = [request.client for request in mirror.requests if request.path.endswith(".tar.gz")]
    assert asked
    assert target.container.address not in asked
