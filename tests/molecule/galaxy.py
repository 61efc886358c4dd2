# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for galaxy.ansible.com: the answers that ``ansible-galaxy collection install`` asks for, as files."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_PUBLISHED = "2026-01-01T00:00:00Z"


@contextmanager
def galaxy(directory: Path, archives: Sequence[Path]) -> Iterator[str]:
    """Serve collections, one version of each, on this machine; the value is the URL for ``ANSIBLE_GALAXY_SERVER``."""
    publish(directory, archives)
    handler = functools.partial(_Handler, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api/"
        finally:
            server.shutdown()
            thread.join()


class _Handler(SimpleHTTPRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing; ansible-galaxy says what it did."""


def publish(directory: Path, archives: Sequence[Path]) -> None:
    """Write the answers of Galaxy's API, version 3, into a fresh directory."""
    shutil.rmtree(directory, ignore_errors=True)
    _answer(directory / "api", {"available_versions": {"v3": "v3/"}})
    for archive in archives:
        with tarfile.open(archive) as tar:
            manifest = tar.extractfile("MANIFEST.json")
            if manifest is None:
                raise ValueError(f"{archive} is not a collection")
            info = json.load(manifest)["collection_info"]
        download = directory / "download" / archive.name
        download.parent.mkdir(exist_ok=True)
        shutil.copyfile(archive, download)
        collection = directory / "api/v3/collections" / info["namespace"] / info["name"]
        versions = collection / "versions"
        href = f"/{versions.relative_to(directory)}/{info['version']}/"
        _answer(collection, {"name": info["name"], "created_at": _PUBLISHED, "updated_at": _PUBLISHED})
        _answer(versions, {"data": [{"version": info["version"], "href": href}], "links": {"next": None}})
        _answer(
            versions / info["version"],
            {
                "namespace": {"name": info["namespace"]},
                "collection": {"name": info["name"]},
                "version": info["version"],
                "href": href,
                "download_url": f"/download/{archive.name}",
                "artifact": {"sha256": hashlib.sha256(download.read_bytes()).hexdigest()},
                "metadata": {"dependencies": info["dependencies"]},
            },
        )


def _answer(directory: Path, content: dict[str, Any]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    # What the server gives for a URL that ends with a slash.
    (directory / "index.html").write_text(json.dumps(content))
