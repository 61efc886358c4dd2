# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that pulls, as docs/pull.md has it: boot script, ansible-core from an index, ansible-pull, timer, upgrade."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.boot_site import Site, boot
from tests.integration.conftest import CHECKOUT, NewHost, Serve
from tests.integration.playbook import Controller
from tests.unit.docs import pages
from tests.world.cache import Cache
from tests.world.podman import bridge_address
from tests.world.server import MirrorHandler, MirrorServer

GUIDE = "docs/pull.md"
OLD, NEW = ("cpython-3.12.2+20240224-x86_64_v2", "cpython-3.12.6+20240909-x86_64_v2")
_TRIPLES = ["x86_64_v3-unknown-linux-gnu"]


class IndexHandler(MirrorHandler):
    """A directory is answered with its index.html, as package indexes are."""

    def intercept(self) -> bool:
        page = self.server.directory / self.path.lstrip("/") / "index.html"
        if not self.path.endswith("/") or not page.is_file():
            return False
        data = page.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.send_body(data)
        return True


def package_index(directory: Path) -> None:
    """An index with ansible-core and what it needs, for Python 3.12 on glibc."""
    files = directory / "files"
    tests = CHECKOUT / "tests"
    wanted = [f"--requirement={tests}/requirements-core-2.21.txt", f"--constraint={tests}/constraints.txt"]
    platforms = [f"--platform={name}_x86_64" for name in ("manylinux_2_34", "manylinux_2_28", "manylinux2014")]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(files), "--only-binary=:all:"]
    subprocess.run([*command, "--python-version=3.12", *platforms, *wanted], check=True)
    links: dict[str, list[str]] = {}
    for wheel in files.iterdir():
        name = re.sub(r"[-_.]+", "-", wheel.name.partition("-")[0]).lower()
        links.setdefault(name, []).append(f'<a href="../../files/{wheel.name}">{wheel.name}</a>')
    for name, lines in links.items():
        (directory / "simple" / name).mkdir(parents=True)
        (directory / "simple" / name / "index.html").write_text("\n".join(lines))


class Repository:
    """A git repository at the URL ``git``, with what the guide says that it holds; ``url`` is the index's."""

    def __init__(self, directory: Path, site: Site, git: str, url: str) -> None:
        self.bare = directory / "site.git"
        self._work = directory.parent / "work"
        self._git = git
        self._url = url
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", self.bare], check=True)
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", self._work], check=True)
        self._write("ansible.cfg", pages.blocks(GUIDE, "ini")[0])
        text = self.as_here(pages.blocks(GUIDE, "yaml")[0], site.mirror.url)
        own = '        interpreter_catalogue: "{{ playbook_dir }}/SHA256SUMS"\n        interpreter_keep: "0"\n'
        text = text.replace("        interpreter_source:", own + "        interpreter_source:")
        shutil.copy(Cache().mirror / "SHA256SUMS", self._work)
        text += "    pull_python: /opt/python/3.12/bin/python3.12\n"
        self._write("site.yml", text)
        ours = self._work / "collections" / "ansible_collections" / "fleet" / "python"
        for name in ("meta", "playbooks", "plugins", "roles"):
            shutil.copytree(CHECKOUT / name, ours / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        shutil.copy(CHECKOUT / "galaxy.yml", ours)

    def as_here(self, text: str, mirror: str = "") -> str:
        """The guide's text with this test's servers, and with 3.12, of which there are two builds."""
        text = text.replace("https://git.example.com", self._git).replace("https://pypi.example.com", self._url)
        return text.replace("https://mirror.example.com", mirror).replace("3.13", "3.12")

    def _write(self, name: str, text: str) -> None:
        (self._work / name).write_text(text)

    def commit(self, lock: Path) -> None:
        self._write("python.lock.yml", lock.read_text())
        who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", "-C", self._work, "add", "--all", "--force"], check=True)
        subprocess.run(["git", "-C", self._work, *who, "commit", "--quiet", "--message=lock"], check=True)
        subprocess.run(["git", "-C", self._work, "push", "--quiet", self.bare, "main"], check=True)


@pytest.fixture
def git_server(containers: Mapping[str, str]) -> Iterator[Callable[[Path], str]]:
    """Serves the repositories of a directory to the containers, until the test ends; its URL."""
    with ExitStack() as stack:

        def start(directory: Path) -> str:
            with socket.create_server((bridge_address(), 0)) as free:
                address, port = free.getsockname()
            command = ["git", "daemon", "--export-all", f"--base-path={directory}", "--reuseaddr"]
            daemon = subprocess.Popen([*command, f"--listen={address}", f"--port={port}"])
            stack.callback(daemon.wait)
            stack.callback(daemon.terminate)
            return f"git://{address}:{port}"

        yield start


@pytest.mark.slow
def test_the_whole_way(
    new_host: NewHost,
    controller: Controller,
    mirror: MirrorServer,
    serve: Serve,
    git_server: Callable[[Path], str],
    tmp_path: Path,
) -> None:
    served = tmp_path / "served"
    served.mkdir()
    package_index(served)
    server = serve(served, IndexHandler)
    site = Site(controller, mirror, served, server)
    site.pin("3.12", triples=_TRIPLES, release="20240224")
    site.write()
    repository = Repository(served, site, git_server(served), server.url)
    repository.commit(site.lock)

    target = new_host("debian12-pull")
    [first_time] = [text for text in pages.blocks(GUIDE, "sh") if text.startswith("sh boot.sh")]
    commands = repository.as_here(first_time).splitlines()
    target.sh("systemctl is-system-running --wait || :")
    booted = boot(target, site.script)[1]
    assert booted["changed"], booted
    # The index here speaks plain HTTP.
    settings = 'export HOME=/root LANG=C.UTF-8 PIP_TRUSTED_HOST="$1"; '
    address = server.url.split("/")[2].partition(":")[0]
    said = target.sh(settings + 'eval "$2" 2>&1 || :', address, "\n".join(commands[1:]))
    assert "failed=0" in said, said
    assert target.sh("systemctl is-active fleet-python-pull.timer").strip() == "active"
    assert target.sh("systemctl show -P RandomizedDelayUSec fleet-python-pull.timer").strip() == "15min"
    assert target.sh("ls /opt/python | grep cpython").startswith(OLD)

    # A new lock, while ansible-pull runs on the build that it replaces.
    site.lock.unlink()
    site.pin("3.12", triples=_TRIPLES)
    repository.commit(site.lock)
    target.sh("systemctl start fleet-python-pull.service")
    assert target.sh("readlink /opt/python/3.12").startswith(NEW)
    assert len(target.sh("ls /opt/python | grep cpython").split()) == 2
    assert target.sh("/opt/ansible/bin/python -V") == "Python 3.12.6\n"
    # From now on it runs on the new one. What is no longer in use goes, and then there is nothing to do.
    target.sh("systemctl start fleet-python-pull.service")
    assert target.sh("ls /opt/python | grep cpython").startswith(NEW)
    assert len(target.sh("ls /opt/python | grep cpython").split()) == 1
    target.sh("systemctl start fleet-python-pull.service")
    journal = target.sh("journalctl -u fleet-python-pull --no-pager")
    assert "changed=0" in [line for line in journal.splitlines() if "changed=" in line][-1]
