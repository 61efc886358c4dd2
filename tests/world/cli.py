# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of ``python3 -m tests.world``."""

from __future__ import annotations

import argparse
import fnmatch
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import hosts
from .cache import Cache
from .download import fetch
from .errors import WorldError
from .galaxy import build_collections
from .images import build_images
from .mirror import build_mirror
from .output import say, warn
from .pins import BUILDS, IMAGES, NGINX, Image
from .podman import LABEL, bridge_address, podman, podman_environment, unavailable
from .server import MirrorServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except WorldError as error:
        warn(f"test world: {error}")
        return 1
    except subprocess.CalledProcessError as error:
        warn(f"test world: {shlex.join(map(str, error.cmd))} failed (exit {error.returncode}); its own words are above")
        return 1
    except OSError as error:
        warn(f"test world: {error}")
        return 1
    except KeyboardInterrupt:
        warn("interrupted; the next build goes on from here")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.world", description="The test world; see tests/world/README.md"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    build = commands.add_parser("build", help="make the mirror, the collections and the host images")
    build.add_argument(
        "--only", nargs="+", metavar="NAME", help="mirror, collections, images, or names (patterns) of either"
    )
    build.set_defaults(command=_build)

    collections = commands.add_parser("collections", help="make the collections only")
    collections.set_defaults(command=_collections)

    serve = commands.add_parser("serve", help="serve the mirror over HTTP until stopped")
    serve.add_argument("--port", type=int, default=0)
    serve.add_argument(
        "--bind", default="127.0.0.1", help="address to listen on, or 'bridge': podman's (default: loopback)"
    )
    serve.add_argument("--log", type=Path, help="file for one line per request (default: standard output)")
    serve.add_argument("--ready-file", type=Path, help="file that gets the base URL once the server listens")
    serve.set_defaults(command=_serve)

    host = commands.add_parser("host", help="run, remove or list hosts").add_subparsers(required=True, metavar="ACTION")
    up = host.add_parser("up", help="run a host")
    up.add_argument("image", metavar="NAME")
    up.add_argument("--as", dest="container", metavar="CONTAINER")
    up.set_defaults(command=_host_up)
    down = host.add_parser("down", help="remove a host")
    down.add_argument("container", metavar="CONTAINER")
    down.set_defaults(command=lambda options: hosts.down(options.container))
    listing = host.add_parser("list", help="list the images and the hosts that run")
    listing.set_defaults(command=_host_list)

    env = commands.add_parser("env", help="print the shell lines that callers of podman need")
    env.set_defaults(command=_env)
    clean = commands.add_parser("clean", help="remove the hosts, the images and the cache directory")
    clean.set_defaults(command=_clean)
    return parser


def _build(options: argparse.Namespace) -> None:
    cache = Cache()
    start = time.monotonic()
    wanted: list[str] = options.only or ["mirror", "collections", "images"]
    builds = [build for build in BUILDS if _is_named("mirror", build.name, wanted)]
    groups = {image: "" if image.only_named else "images" for image in IMAGES}
    images = [image for image in IMAGES if _is_named(groups[image], image.name, wanted)]
    names = [name for name in wanted if name not in ("mirror", "collections", "images")]
    known = [build.name for build in BUILDS] + [image.name for image in IMAGES]
    if unknown := [name for name in names if not fnmatch.filter(known, name)]:
        raise WorldError(f"nothing is called {', '.join(unknown)}; there are {', '.join(known)}")
    # Packing archives keeps one processor busy, and making images mostly the disk and another.
    with cache.lock(), ThreadPoolExecutor(max_workers=1) as pool:
        archives = pool.submit(build_mirror, cache, builds) if builds else None
        try:
            if "collections" in wanted:
                build_collections(cache)
            if "images" in wanted:
                fetch(NGINX, cache)
            if images:
                _images(cache, images, only=bool(options.only))
        finally:
            if archives:
                archives.result()
    say(f"test world ready in {cache.root} ({time.monotonic() - start:.1f} s)")


def _images(cache: Cache, images: Sequence[Image], *, only: bool) -> None:
    if reason := unavailable():
        if only:
            raise WorldError(f"the host images cannot be made here: {reason}")
        say(f"host images not made: {reason}")
    else:
        build_images(cache, images)


def _is_named(group: str, name: str, wanted: Sequence[str]) -> bool:
    return group in wanted or any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted)


def _collections(options: argparse.Namespace) -> None:
    cache = Cache()
    with cache.lock():
        build_collections(cache)
    say(str(cache.collections))


def _serve(options: argparse.Namespace) -> None:
    cache = Cache()
    if not (cache.mirror / "SHA256SUMS").is_file():
        raise WorldError("there is no mirror yet: run python3 -m tests.world build --only mirror")
    bind = bridge_address() if options.bind == "bridge" else options.bind
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # The log outlives this function's block only as long as the server does.
    log = options.log.open("a", buffering=1) if options.log else None
    try:
        write = say if log is None else lambda line: print(line, file=log)
        with MirrorServer(cache.mirror, bind, options.port, log=write) as server:
            say(server.url)
            if options.ready_file:
                cache.write_text(options.ready_file.absolute(), server.url + "\n")
            stop.wait()
    finally:
        if log is not None:
            log.close()


def _host_up(options: argparse.Namespace) -> None:
    host = hosts.up(options.image, options.container)
    say(f"{host.name} {host.address}")


def _host_list(options: argparse.Namespace) -> None:
    for image in IMAGES:
        say(f"image {image.name} ({image.arch}{', ' + ' '.join(image.pythons) if image.pythons else ', no Python'})")
    for name, image_reference, state in hosts.hosts():
        say(f"host {name} {image_reference} {state}")


def _env(options: argparse.Namespace) -> None:
    cache = Cache()
    for name, value in {"FLEET_PYTHON_CACHE": str(cache.root), **podman_environment(cache)}.items():
        say(f"export {name}={shlex.quote(value)}")


def _clean(options: argparse.Namespace) -> None:
    cache = Cache()
    if unavailable() is None:
        for name, _image, _state in hosts.hosts():
            say(f"remove host {name}")
            hosts.down(name)
        for image in podman("images", "--quiet", "--filter", f"label={LABEL}").split():
            say(f"remove image {image}")
            podman("rmi", "--force", image)
    if cache.root.is_dir():
        say(f"remove {cache.root}")
        if others := cache.remove():
            say(f"left in it, not of the test world: {', '.join(path.name for path in others)}")
