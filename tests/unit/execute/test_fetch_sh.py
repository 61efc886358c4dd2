# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host without Python downloads: fetch.sh with real curl, GNU wget and BusyBox wget, and real servers.

tests/integration/test_wget2.py runs the same tests with Wget2, in a container that has a newer one than Debian 12.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote_plus

import pytest

from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import Pull
from ansible_collections.fleet.python.plugins.plugin_utils._host.script import script_text
from tests.homes.authority import make_authority
from tests.unit.fetch.mirrors import RIGHT, Answer, basic, body, endless, hang_up, mirror, redirect, status, trickle
from tests.world.server import MirrorHandler, MirrorServer

CONTENT = os.urandom(1 << 20)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PIECE = 400_000
# What the script itself runs; no downloader among it.
TOOLS = ("cat", "date", "grep", "head", "mv", "rm", "sed", "sha256sum", "tail", "wc")
KINDS = ("curl", "wget", "busybox")
# What stage.sh sets and does around it.
MAIN = """
most={blocks} stage={stage} archive={stage}/archive FLEET_PULL={stage}/pull FLEET_SHA256={sha256}
digest() {{ sha256sum <"$1" | {{ read -r word _ && printf "%s" "$word"; }}; }}
shown="" refused="" failures=""
if pull; then printf "source %s\\n" "$shown"; else printf "failed %s\\n" "$refused"; fi
printf "%s\\n" "$failures"
"""


@dataclass(frozen=True)
class Said:
    """What the script did. ``refused``: one of the sources sent what nobody wants."""

    source: str
    refused: bool
    failures: list[str]
    commands: list[str]
    """Each program that was run, with its arguments, as everybody on the host may see it."""


class Host:
    """A directory for a host's stage, and a PATH with one downloader, whose programs write down their arguments."""

    def __init__(self, directory: Path, kind: str, *, program: str = "") -> None:
        self.kind = kind
        self.stage = directory / "stage"
        self.stage.mkdir()
        self.programs = directory / "programs"
        self.programs.mkdir()
        program = program or shutil.which(kind) or ""
        if not program:
            pytest.skip(f"no {kind} here")
        if kind == "busybox":
            listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout
            if "wget" not in listed.split():
                pytest.skip("this BusyBox has no wget")
        for name in TOOLS:
            self._add(name, str(shutil.which(name)))
        # Nobody waits long between tries.
        self._add("sleep", "/bin/sh", "-c", f"exec {shutil.which('sleep')} 0.05", "sleep")
        self._add("curl" if kind == "curl" else "wget", program, "wget" if kind == "busybox" else "")

    def _add(self, name: str, *command: str) -> None:
        path = self.programs / name
        log = shlex.quote(str(self.stage / "commands"))
        run = shlex.join(word for word in command if word)
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >>{log}\nexec {run} "$@"\n')
        path.chmod(0o755)

    def run(self, script: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a script there."""
        return subprocess.run(
            ["/bin/sh", "-c", script],
            env={"PATH": str(self.programs), "HOME": str(self.stage), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )

    def pull(
        self,
        urls: Sequence[str],
        sha256: str = SHA256,
        environment: Mapping[str, str] | None = None,
        blocks: int = 1 << 20,
        **options: Any,
    ) -> Said:
        (self.stage / "pull").write_text(Pull(tuple(urls), **options).text())
        main = MAIN.format(stage=shlex.quote(str(self.stage)), sha256=sha256, blocks=blocks)
        done = self.run(script_text({}, "_execute/downloaders.sh", "_execute/fetch.sh") + main, environment or {})
        assert done.stderr == ""
        first, *rest = done.stdout.splitlines()
        kind, _blank, word = first.partition(" ")
        failures = [line.strip() for line in rest if line.strip()]
        commands = (self.stage / "commands").read_text().splitlines()
        return Said(word if kind == "source" else "", word == "yes", failures, commands)

    @property
    def archive(self) -> bytes:
        return (self.stage / "archive").read_bytes()


@pytest.fixture(params=KINDS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    return Host(tmp_path, request.param)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/file").write_bytes(CONTENT)
    return tmp_path / "source"


class Cuts(MirrorHandler):
    def copy(self, file: BinaryIO, length: int) -> None:
        super().copy(file, min(length, PIECE))
        self.close_connection = True


class CutsWithoutRanges(Cuts):
    def intercept(self) -> bool:
        del self.headers["Range"]
        return False


def test_the_right_bytes(host: Host, source: Path) -> None:
    with MirrorServer(source) as server:
        said = host.pull([f"{server.url}/file"])
    assert (said.source, said.failures) == (f"{server.url}/file", [])
    assert host.archive == CONTENT
    assert not (host.stage / "pull").exists()


def test_no_byte_is_fetched_twice(host: Host, source: Path) -> None:
    with MirrorServer(source, handler=Cuts) as server:
        assert host.pull([f"{server.url}/file"]).source
    assert host.archive == CONTENT
    assert [request.range for request in server.requests] == [None, *(f"bytes={PIECE * n}-" for n in (1, 2))]
    assert sum(request.sent for request in server.requests) == len(CONTENT)


@pytest.mark.parametrize(("min_rate", "words"), [(1000, "min_rate is 1000 a second"), (0, "(download_timeout)")])
def test_a_source_that_trickles(host: Host, source: Path, min_rate: int, words: str) -> None:
    with mirror(source, trickle) as slow, MirrorServer(source) as right:
        urls = [f"{slow.url}/file", f"{right.url}/file"]
        said = host.pull(urls, timeout=2, min_rate=min_rate, download_timeout=4)
    assert said.source == urls[1]
    assert words in said.failures[0]
    assert host.archive == CONTENT


def test_a_body_without_an_end(host: Host, source: Path) -> None:
    """It is cut, here at one mebibyte."""
    with mirror(source, endless) as server:
        said = host.pull([f"{server.url}/file"], blocks=1 << 11)
    assert said.refused
    assert "it sends more than 1048576 bytes: no build is that large" in said.failures[0]
    assert not (host.stage / "archive").exists()


@pytest.mark.parametrize(
    ("left", "asked"),
    [
        (CONTENT[:500_000], ["bytes=500000-"]),
        (CONTENT, []),
        (bytes(500_000), ["bytes=500000-", None]),
    ],
    ids=["a part", "all of it", "another file"],
)
def test_what_an_earlier_run_has_left(left: bytes, asked: list[str | None], host: Host, source: Path) -> None:
    (host.stage / "archive").write_bytes(left)
    with MirrorServer(source) as server:
        said = host.pull([f"{server.url}/file?token=s3cret" if host.kind != "busybox" else f"{server.url}/file"])
        assert said.source == f"{server.url}/file"
    assert host.archive == CONTENT
    assert [request.range for request in server.requests] == asked


def test_a_server_without_ranges_is_given_up(host: Host, source: Path) -> None:
    with MirrorServer(source, handler=CutsWithoutRanges) as server:
        said = host.pull([f"{server.url}/file"])
    assert not said.source
    assert len(server.requests) < 12


def test_the_next_source_goes_on(host: Host, source: Path) -> None:
    with MirrorServer(source, handler=Cuts) as first, MirrorServer(source) as second:

        class Gone(Cuts):
            def intercept(self) -> bool:
                if self.headers["Range"]:
                    self.send_text(404, "gone\n")
                return bool(self.headers["Range"])

        first._server.RequestHandlerClass = Gone
        said = host.pull([f"{first.url}/file", f"{second.url}/file"])
    assert said.source == f"{second.url}/file"
    assert host.archive == CONTENT
    assert [request.range for request in second.requests] == [f"bytes={PIECE}-"]


@pytest.mark.parametrize(
    ("answer", "words", "refused"),
    [
        (status(404), "404", False),
        (status(401, WWW_Authenticate="Basic"), "401", False),
        (status(503), "503", False),
        (hang_up, "", False),
        (body(b"other"), "(5 bytes), not", True),
        (body(b"<html>log in</html>"), "web page", True),
        (redirect("ftp://127.0.0.1/x"), "", True),
        (redirect("/again"), "", False),
    ],
)
def test_what_does_not_come(host: Host, source: Path, answer: Answer, words: str, refused: bool) -> None:
    if host.kind in ("curl", "wget2") and words == "" and refused:
        refused = False  # They refuse by themselves.
    with mirror(source, answer) as server, mirror(source, status(404)) as other:
        url = server.url if host.kind == "wget2" else server.url.replace("://", "://deploy:s3cret@")
        said = host.pull([f"{url}/file", f"{other.url}/file"])
    if host.kind == "busybox":
        assert "install curl" in said.failures[0]
        return
    assert not said.source
    assert said.failures[0].startswith(f"{server.url}/file")
    assert words in said.failures[0]
    assert said.refused is refused
    assert "404" in said.failures[1]
    assert "s3cret" not in "".join(said.failures)
    if not words and not refused:
        # A reason there is always: the program's, or which one it was.
        assert re.search(r"curl: \(\d+\) .|. \((GNU wget|Wget2|wget), exit status \d+\)", said.failures[0])


def test_what_cannot_be_reached_is_tried_once(host: Host) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        said = host.pull([f"http://127.0.0.1:{taken.getsockname()[1]}/file"])
    assert not said.refused
    assert re.search("refused|ould.*n.t connect|Failed to connect", said.failures[0])
    name = "curl" if host.kind == "curl" else "wget"
    assert sum(command.startswith(name) and str(host.stage) in command for command in said.commands) <= 2


def test_a_proxy(host: Host, source: Path) -> None:
    def proxied(handler: MirrorHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()
        handler.send_body(CONTENT)

    with mirror(source, proxied) as proxy:
        url = proxy.url if host.kind == "wget2" else proxy.url.replace("://", "://deploy:s3cret@")
        said = host.pull(["http://source.invalid/file"], proxy=url)
    assert said.source
    assert re.fullmatch(r"http://source\.invalid(:80)?/file", proxy.requests[0].path)
    if host.kind == "wget2":
        # Otherwise all of it is there.
        (host.stage / "archive").unlink()
        [why] = host.pull(["http://source.invalid/file"], proxy="http://deploy:s3cret@127.0.0.1:9").failures
        assert "the user and password of a URL or proxy: install curl" in why
        assert "s3cret" not in why
        return
    assert proxy.requests[0].headers["Proxy-Authorization"] == basic("deploy", "s3cret")


def test_secrets_stand_in_no_list_of_processes(host: Host, source: Path) -> None:
    header = 'X-Token: t0ken "quoted" \\ and {more}'
    with mirror(source) as server:
        user = "" if host.kind == "wget2" else "deploy:s3cret@"
        said = host.pull([server.url.replace("://", f"://{user}") + "/file?key=k3y"], headers=(header,))
    if host.kind == "busybox":
        assert "install curl" in said.failures[0]
        assert not server.requests
    else:
        assert said.source == f"{server.url}/file"
        [*_challenged, request] = server.requests
        assert request.headers["X-Token"] == header.partition(": ")[2]
        assert host.kind == "wget2" or request.headers["Authorization"] == basic("deploy", "s3cret")
    assert any(command.startswith("sed ") for command in said.commands)
    for secret in ("s3cret", "t0ken", "k3y"):
        assert secret not in "\n".join(said.commands)


def test_headers_do_not_go_where_a_source_redirects_to(host: Host, source: Path) -> None:
    with mirror(source) as there, mirror(source, redirect(f"{there.url}/file")) as here:
        said = host.pull([f"{here.url}/file"], headers=("X-Token: s3cret",))
    assert not there.requests
    assert not said.refused
    if host.kind != "busybox":
        assert "headers are for its own host alone" in said.failures[0]


def test_redirects_without_headers(host: Host, source: Path) -> None:
    with mirror(source) as there, mirror(source, redirect(f"{there.url}/file")) as here:
        assert host.pull([f"{here.url}/file"]).source == f"{here.url}/file"
    assert host.archive == CONTENT


def test_netrc(host: Host, source: Path) -> None:
    (host.stage / ".netrc").write_text("machine 127.0.0.1 login deploy password s3cret\n")
    (host.stage / ".netrc").chmod(0o600)
    # Wget2 waits until it is asked.
    answers = (status(401, WWW_Authenticate="Basic realm=x"), RIGHT) if host.kind == "wget2" else ()
    with mirror(source, *answers) as server:
        assert host.pull([f"{server.url}/file"]).source
    if host.kind != "busybox":
        assert server.requests[-1].headers["Authorization"] == basic("deploy", "s3cret")


def test_certificates(host: Host, source: Path, tmp_path: Path) -> None:
    authority = make_authority(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with MirrorServer(source) as server:
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        url = server.url.replace("http://", "https://") + "/file"
        trusted = host.pull([url], authorities=authority.read_text())
        if host.kind == "busybox":
            assert "cannot be told which certificates" in trusted.failures[0]
            return
        assert trusted.source == url
        (host.stage / "archive").unlink()
        unknown = host.pull([url])
    assert not unknown.source
    assert "certificate" in unknown.failures[0]
    assert not unknown.refused


def test_from_https_to_http(host: Host, source: Path, tmp_path: Path) -> None:
    authority = make_authority(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with mirror(source) as there, mirror(source, redirect(f"{there.url}/file")) as here:
        here._server.socket = context.wrap_socket(here._server.socket, server_side=True)
        url = here.url.replace("http://", "https://") + "/file"
        said = host.pull([url], authorities=authority.read_text())
    assert not said.source
    if host.kind != "wget":
        assert not there.requests
    if host.kind == "busybox":
        assert "cannot be told which certificates" in said.failures[0]
    elif host.kind != "curl":
        assert said.refused
        assert "redirects to another protocol than https" in said.failures[0]


def test_an_old_wget2(tmp_path: Path, source: Path) -> None:
    """What Debian 12 has shows headers to whoever it is redirected to, and exits with 0 whatever has failed."""
    program = shutil.which("wget2") or ""
    if "GNU Wget2 1." not in subprocess.getoutput(f"{program or 'false'} --version"):
        pytest.skip("no Wget2 before 2.0 here")
    host = Host(tmp_path, "wget2", program=program)
    with MirrorServer(source) as server:
        [why] = host.pull([f"{server.url}/file"]).failures
    assert "this wget is Wget2 before 2.0" in why
    assert "install curl on the host, or set transfer to push" in why
    assert not server.requests


class Bucket(MirrorHandler):
    """As S3 has it: a + in a path is a blank, and who asks for what is not there may not know that."""

    def intercept(self) -> bool:
        gone = " " in unquote_plus(self.path)
        if gone:
            self.send_text(403, "<Error/>\n")
        return gone


def test_a_plus_that_is_a_blank(host: Host, source: Path) -> None:
    (source / "a+b").write_bytes(CONTENT)
    with MirrorServer(source, handler=Bucket) as server:
        said = host.pull([f"{server.url}/a%2Bb"])
    if host.kind == "wget2":
        assert not said.refused
        assert "sends %2B as +" in said.failures[0]
        assert "set transfer to push" in said.failures[0]
    else:
        assert said.source == f"{server.url}/a%2Bb"


def _tar(size: int) -> bytes:
    """A plain tar with one file of that many random bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        member = tarfile.TarInfo("python/bin/python3.13")
        member.size = size
        tar.addfile(member, io.BytesIO(os.urandom(size)))
    return packed.getvalue()


@pytest.mark.parametrize("unpacked_by", ["the server", "the client"])
def test_an_archive_that_comes_unpacked(host: Host, source: Path, unpacked_by: str) -> None:
    """A bucket unpacks what has the metadata Content-Encoding: gzip, or says so to clients that then do."""
    plain = _tar(100_000)
    packed = gzip.compress(plain)

    def encoded(handler: MirrorHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(packed)))
        handler.end_headers()
        handler.send_body(packed)

    with mirror(source, body(plain) if unpacked_by == "the server" else encoded) as server:
        said = host.pull([f"{server.url}/file"], hashlib.sha256(packed).hexdigest())
    if unpacked_by == "the client" and host.kind != "wget2":
        assert said.source
        return
    assert not said.refused  # So that the controller pushes.
    assert "it sends the archive unpacked" in said.failures[0]
    assert "remove the metadata Content-Encoding from the object, or set transfer to push" in said.failures[0]
    assert "sha256" not in said.failures[0]


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("http://deploy:s#cret@127.0.0.1:9", "names no URL such as"),
        ("http://deploy:12#s3cret@127.0.0.1:9", "names no URL such as"),
        ("http://deploy:p s3cret@127.0.0.1:9", "names no URL such as"),
        ("socks5://127.0.0.1:9", "SOCKS"),
        ("http://127.0.0.1:9", "(by way of the proxy, http_proxy in the environment of the host)"),
    ],
)
def test_a_proxy_at_fault(host: Host, proxy: str, words: str) -> None:
    said = host.pull(["http://source.invalid/file"], environment={"http_proxy": proxy})
    if host.kind == "curl" and proxy.startswith("socks"):
        words = "by way of the proxy"  # It can.
    if host.kind == "wget2" and "@" in proxy:
        words = "user and password of a URL or proxy"
    else:
        assert "http_proxy in the environment of the host" in said.failures[0]
    assert words in said.failures[0]
    for secret in ("deploy", "cret", "user:12", "'p'"):
        assert secret not in said.failures[0]
