# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are planted, and looked for everywhere: output, results, receipts, logs, what is left on host and controller.

What a host's list of processes shows is looked at in tests/unit/execute/test_fetch_sh.py.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.module_utils import _options as options
from tests.integration.conftest import Everywhere, NewHost, Serve
from tests.integration.playbook import Controller
from tests.integration.target import Target
from tests.world.cache import Cache
from tests.world.server import MirrorHandler, MirrorServer

PASSWORD, TOKEN, PROXY = "pl4nted-password", "pl4nted-token", "pl4nted-proxy"
PLANTED = "pl4nted"
WAYS = {
    "curl": ("alpine", "pull"),
    "wget": ("debian12", "pull"),
    "urllib": ("debian12-python3", "pull"),
    "push": ("debian12", "push"),
    "python-push": ("debian12-python3", "push"),
    # It could not hide them, so the controller does the work.
    "busybox-wget": ("alpine", "auto"),
}
# A process that takes what programs of the host write to the system log.
_LOGGER = """
import os, socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
if os.fork() == 0:
    os.setsid()
    for fd in range(3):
        os.close(fd)
    while True:
        data = log.recv(1 << 16)
        with open("/var/log/all", "ab") as file:
            file.write(data + b"\\n")
"""


_SEARCH = """
find / -xdev -type f ! -path "/proc/*" ! -path "/sys/*" -size -4000k -exec grep -l "$1" {} + 2>/dev/null || :
for process in /proc/[0-9]*; do
    [ "$process" = "/proc/$$" ] || { tr "\\0" " " <"$process/cmdline" 2>/dev/null | grep "$1" || :; }
done
"""


class _Refuses(MirrorHandler):
    """A source that denies whoever comes, with what it was sent in its answer."""

    def intercept(self) -> bool:
        if self.path.endswith(".tar.gz"):
            self.send_text(403, json.dumps(dict(self.headers.items())))
        return self.path.endswith(".tar.gz")


@pytest.fixture
def targets(new_host: NewHost) -> list[Target]:
    """A host for each way, of its name."""
    made = []
    for way, (image, transfer) in WAYS.items():
        target = new_host(image, *(_wget() if way == "wget" else ()), name=way, transfer=transfer)
        if way == "wget":
            target.sh("wget --version | grep -q GNU")
        if way == "busybox-wget":
            target.sh("rm /usr/bin/curl")
        if image == "debian12-python3":
            target.sh('python3 -c "$1"', _LOGGER)
        made.append(target)
    return made


def _wget() -> list[str]:
    """Options that give a Debian container this machine's wget, and of its libraries the one that no image has."""
    program = shutil.which("wget")
    libraries = subprocess.run(["ldd", program or "wget"], capture_output=True, text=True, check=False).stdout
    psl = re.search(r"libpsl\S* => (\S+)", libraries)
    if program is None or psl is None:
        pytest.skip("no wget of Debian's here")
    return [f"--volume={Path(path).resolve()}:{path}:ro" for path in (program, psl[1])]


def _secret(url: str, password: str) -> str:
    return url.replace("://", f"://deploy:{password}@")


def _found_on(target: Target) -> str:
    """Files with a secret in them, and processes."""
    return target.sh(_SEARCH, PLANTED)


def _found_on_controller(controller: Controller) -> list[Path]:
    own = {"play.yml", "inventory.json"}
    return [
        path
        for path in controller.directory.rglob("*")
        if path.is_file() and path.name not in own and PLANTED.encode() in path.read_bytes()
    ]


def test_no_secret_is_seen(targets: list[Target], controller: Controller, serve: Serve, world: Cache) -> None:
    """At the highest verbosity, with what Ansible leaves on hosts when it is told to: first refused, then installed."""
    for handler, status in ((_Refuses, "failed"), (MirrorHandler, "ok")):
        # A mirror answers as a proxy does.
        mirror, proxy = serve(world.mirror, handler), serve(world.mirror, handler)
        task: dict[str, Any] = {
            "version": "3.13",
            "source": _secret(mirror.url, PASSWORD),
            "catalogue": str(world.mirror / "SHA256SUMS"),
            "headers": {"X-Token": TOKEN},
            "proxy": _secret(proxy.url, PROXY),
            "transfer": "{{ transfer }}",
            "compile_bytecode": False,
        }
        ran = controller.play(
            {target.name: target.variables for target in targets},
            [{"fleet.python.interpreter": task}],
            arguments=("-vvvvv", "--diff", "--forks=6"),
            variables={"ANSIBLE_KEEP_REMOTE_FILES": "1"},
        )
        results = {done.host: done for done in ran.outcomes}
        assert {way: done.status for way, done in results.items()} == dict.fromkeys(WAYS, status)
        # Whoever pulls asks by itself, and the controller once for the rest.
        asked = _sent(proxy)
        pulling = {target.container.address for target in targets if target.variables["transfer"] == "pull"}
        assert pulling < asked
        for text in (ran.output, *(json.dumps(done.result) for done in ran.outcomes)):
            assert PLANTED not in text
        for target in targets:
            assert _found_on(target) == "", target.name
        assert _found_on_controller(controller) == []
        for target in targets:
            if status == "ok" and target.variables["transfer"] == "pull":
                assert mirror.url in target.sh("cat /opt/python/3.13/.fleet-receipt")
            if target.container.image.name == "debian12-python3" and (status, target.name) != ("failed", "python-push"):
                # The module has said there what it was called with.
                assert "ansible-fleet.python.interpreter" in target.sh("cat /var/log/all")


def _sent(proxy: MirrorServer) -> set[str]:
    """The secrets were really used; by whom."""
    asked = [request for request in proxy.requests if request.path.endswith(".tar.gz")]
    assert asked
    assert {request.headers["X-Token"] for request in asked} == {TOKEN}
    assert all("Authorization" in request.headers for request in asked)
    assert all("Proxy-Authorization" in request.headers for request in asked)
    return {request.client for request in asked}


def test_none_is_in_a_lock(controller: Controller, serve: Serve, world: Cache, tmp_path: Path) -> None:
    mirror = serve(world.mirror)
    lock = tmp_path / "python.lock.yml"
    task = {
        "path": str(lock),
        "version": "3.13",
        "triples": ["x86_64_v2-unknown-linux-gnu"],
        "source": _secret(mirror.url, PASSWORD),
        "catalogue": "source",
        "insecure_source": True,
        "headers": {"X-Token": TOKEN},
    }
    ran = controller.play(
        {"localhost": {"ansible_connection": "local"}}, [{"fleet.python.lock": task}], arguments=("-vvvvv",)
    )
    ran.outcomes[0].ok()
    assert "install_only_stripped" in lock.read_text()
    assert {request.headers["X-Token"] for request in mirror.requests} == {TOKEN}
    for text in (lock.read_text(), ran.output, json.dumps(ran.outcomes[0].result)):
        assert PLANTED not in text


_SPECS = {
    "asset_info": options.asset_options,
    "bundle": options.bundle_options,
    "interpreter": options.interpreter_options,
    "interpreter_info": options.interpreter_info_options,
    "lock": options.lock_options,
    "platform_info": options.platform_options,
}
_WRONG = {"int": "soon", "bool": "perhaps", "dict": "text", "list": {"a": 1}, "path": {"a": 1}, "str": "presnt"}


def _mistyped() -> list[dict[str, Any]]:
    """Tasks of every module, with each option wrong in turn, and one misspelt, beside others that hold secrets."""
    tasks: list[dict[str, Any]] = []
    for module, spec in _SPECS.items():
        known = spec()
        secrets: dict[str, Any] = {
            name: f"{{{{ planted_{name} }}}}" for name in ("headers", "proxy", "source") if name in known
        }
        for name, option in known.items():
            wrong: Any = "{{ planted_proxy }}" if name in secrets else _WRONG[option["type"]]
            misspelt: dict[str, Any] = {f"{name}x": "{{ planted_word }}"}
            tasks.append({f"fleet.python.{module}": {"version": "3.13", **secrets, name: wrong, **misspelt}})
    return [{**task, "ignore_errors": True} for task in tasks]


# What is told by default is among what is told then.
@pytest.mark.parametrize(
    "verbosity", [pytest.param((), id="quiet", marks=pytest.mark.slow), pytest.param(("-vvv",), id="verbose")]
)
def test_an_option_that_is_wrong_shows_no_other(verbosity: tuple[str, ...], controller: Controller) -> None:
    """Ansible's own check of arguments shows all of them, whichever is wrong."""
    # Not in the playbook: Ansible shows the lines that an error comes from.
    planted = {
        "planted_word": PASSWORD,
        "planted_headers": {"X-Token": TOKEN},
        "planted_proxy": f"http://me:{PROXY}@proxy.example.com:3128",
        "planted_source": [f"https://me:{PASSWORD}@mirror.example.com"],
    }
    tasks = _mistyped()
    ran = controller.play({"here": {"ansible_connection": "local", **planted}}, tasks, arguments=verbosity)
    assert len(ran.outcomes) == len(tasks)
    for outcome in ran.outcomes:
        assert "no such option: " in outcome.refusal()
        assert PLANTED not in json.dumps(outcome.result)
    assert PLANTED not in ran.output


def test_a_role_s_secrets_are_not_seen_either(
    everywhere: Everywhere, new_host: NewHost, controller: Controller, serve: Serve, world: Cache
) -> None:
    """Ansible checks a role's arguments in a task of its own."""
    mirror = serve(world.mirror, _Refuses)
    target = new_host("debian12-python3")
    variables = {
        "interpreter_version": "3.13",
        "interpreter_source": [_secret(mirror.url, PASSWORD)],
        "interpreter_catalogue": str(world.mirror / "SHA256SUMS"),
        "interpreter_headers": {"X-Token": TOKEN},
        "interpreter_proxy": _secret(mirror.url, PROXY),
    }
    ran = controller.play(
        {target.name: {**target.variables, **variables}},
        [],
        arguments=("-vvvvv",),
        roles=["fleet.python.interpreter"],
    )
    assert [outcome.status for outcome in ran.outcomes][-1] == "failed"
    for text in (ran.output, *(json.dumps(outcome.result) for outcome in ran.outcomes)):
        assert PLANTED not in text
