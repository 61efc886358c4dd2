# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources as the controller reads them: base URLs, and directories and tar files of its own, with PBS's layout."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, urljoin, urlsplit

from ansible_collections.fleet.python.plugins.module_utils._fetch import MOST_BYTES, allowed_next, shown
from ansible_collections.fleet.python.plugins.plugin_utils._catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._tar import Member, TarError, members, pieces

if TYPE_CHECKING:
    import requests

UPSTREAM: Final = (
    "https://releases.astral.sh/github/python-build-standalone/releases/download",
    "https://github.com/astral-sh/python-build-standalone/releases/download",
)
# Upstream keeps latest-release.json on a branch of its own, not beside the releases (PBS docs, "distributions").
_LATEST: Final = (
    "https://raw.githubusercontent.com/astral-sh/python-build-standalone/latest-release/latest-release.json"
)
_ELSEWHERE: Final = {f"{base}/latest-release.json": _LATEST for base in UPSTREAM}

_CHUNK: Final = 1 << 20
# What a URL may hold as it is (RFC 3986, reserved, and % for what is quoted already).
_URL_MARKS: Final = "%:/?#[]@!$&'()*+,;=~"
# A SHA256SUMS of a release has about 45 kB, the one of all releases about 1 MB.
_LARGEST_TEXT: Final = 16 << 20
# Seconds to connect, and without a byte.
_TIMEOUT: Final = (10, 30)


class SourceError(ValueError):
    """A source does not give what it is asked for."""


class Source(Protocol):
    """Where assets come from."""

    @property
    def name(self) -> str:
        """How messages call it; no secrets in it."""

    @property
    def pullable(self) -> bool:
        """Whether a host can download from it by itself."""

    @property
    def authentic(self) -> bool:
        """Whether nobody on the way can change what it says, as anybody can who sits on a plain HTTP connection."""

    def read_text(self, relative: str) -> str | None:
        """A small file such as SHA256SUMS, None where the source has none. Raises SourceError."""

    def url(self, entry: Entry) -> str:
        """Where the asset is."""

    def size(self, entry: Entry) -> int | None:
        """The asset's size in bytes, None where the source does not have it or does not tell. Raises SourceError."""

    def fetch(self, entry: Entry, target: Path) -> None:
        """Bring the asset's bytes to the file ``target``, checked against its sha256. Raises SourceError, OSError."""


@dataclass(frozen=True)
class DirectorySource:
    """A directory of the controller."""

    path: Path
    pullable: bool = False
    authentic: bool = True

    @property
    def name(self) -> str:
        return str(self.path)

    def read_text(self, relative: str) -> str | None:
        try:
            # Not read_text(): line ends are evidence, and it would mend them.
            return (self.path / relative).read_bytes().decode("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{self.path / relative} cannot be read: {error}") from error

    def url(self, entry: Entry) -> str:
        return str(self.path / entry.path)

    def size(self, entry: Entry) -> int | None:
        path = self.path / entry.path
        return path.stat().st_size if path.is_file() else None

    def fetch(self, entry: Entry, target: Path) -> None:
        try:
            original = open(self.path / entry.path, "rb")  # noqa: SIM115 (closed below)
        except FileNotFoundError:
            raise SourceError(f"{self.path}: has no {entry.path}") from None
        except OSError as error:
            raise SourceError(f"{self.path / entry.path} cannot be read: {error.strerror}") from error
        with original, open(target, "wb") as copy:
            shutil.copyfileobj(original, copy, _CHUNK)
        check_digest(target, entry.sha256, str(self.path / entry.path))


@dataclass(frozen=True)
class TarSource:
    """A plain .tar of the controller, such as M(fleet.python.bundle) writes."""

    path: Path
    pullable: bool = False
    authentic: bool = True

    @property
    def name(self) -> str:
        return str(self.path)

    def read_text(self, relative: str) -> str | None:
        member = self._member(relative)
        if member is None:
            return None
        if member.size > _LARGEST_TEXT:
            raise SourceError(f"{self.path}: {relative} has {member.size} bytes: that is no such text")
        try:
            return b"".join(pieces(self.path, member)).decode("utf-8")
        except (OSError, TarError, UnicodeDecodeError) as error:
            raise SourceError(f"{self.path}: {relative} cannot be read: {error}") from error

    def url(self, entry: Entry) -> str:
        return f"{self.path}:{entry.path}"

    def size(self, entry: Entry) -> int | None:
        member = self._member(entry.path)
        return member.size if member else None

    def fetch(self, entry: Entry, target: Path) -> None:
        member = self._member(entry.path)
        if member is None:
            raise SourceError(f"{self.path}: has no {entry.path}")
        with open(target, "wb") as copy:
            try:
                copy.writelines(pieces(self.path, member))
            except TarError as error:
                raise SourceError(str(error)) from error
        check_digest(target, entry.sha256, self.url(entry))

    def _member(self, name: str) -> Member | None:
        try:
            return members(self.path).get(name)
        except TarError as error:
            raise SourceError(str(error)) from error
        except OSError as error:
            raise SourceError(f"{self.path} cannot be read: {error.strerror}") from error


@dataclass(frozen=True)
class HttpSource:
    """A base URL: ``<base>/<release>/<asset>``."""

    base: str
    pullable: bool = True

    @property
    def name(self) -> str:
        return shown(self.base)

    @property
    def authentic(self) -> bool:
        return self.base.startswith("https:") or _is_loopback(urlsplit(self.base).hostname or "")

    def read_text(self, relative: str) -> str | None:
        url = f"{self.base}/{relative}"
        with _get(_ELSEWHERE.get(url, url)) as answer:
            if answer.status_code == 404:
                return None
            _refuse_bad_status(answer, url)
            text = b"".join(_pieces(answer, url, _LARGEST_TEXT, decode=True))
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise SourceError(f"{shown(url)} is no text: {error}") from error

    def url(self, entry: Entry) -> str:
        return f"{self.base}/{entry.url_path}"

    def size(self, entry: Entry) -> int | None:
        with _get(self.url(entry), "HEAD") as answer:
            length = answer.headers.get("Content-Length", "")
            return int(length) if answer.status_code == 200 and length.isdigit() else None

    def fetch(self, entry: Entry, target: Path) -> None:
        url = self.url(entry)
        with _get(url) as answer:
            _refuse_bad_status(answer, url)
            with open(target, "wb") as copy:
                # Not decoded: some servers call a .gz file an encoding of the .tar (Apache's AddEncoding).
                for piece in _pieces(answer, url, MOST_BYTES, decode=False):
                    copy.write(piece)
        check_digest(target, entry.sha256, shown(url))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sources_of(texts: Sequence[str]) -> tuple[Source, ...]:
    """The sources that the option ``source`` names. Raises SourceError for one that is no URL, directory or tar."""
    found: list[Source] = []
    for number, text in enumerate(texts, start=1):
        if text.startswith(("http://", "https://")):
            _refuse_unsound(text, number)
            found.append(HttpSource(quote(text.rstrip("/"), safe=_URL_MARKS)))
        elif "://" in text:
            raise SourceError(f"source {shown(text)!r} is neither an http(s) URL nor a directory of the controller")
        else:
            found.append(_of_controller(text))
    if not found:
        raise SourceError("source is an empty list: name at least one base URL or directory")
    return tuple(found)


def _of_controller(text: str) -> Source:
    """A directory, or a tar file. Raises SourceError where the path is neither."""
    path = Path(text).expanduser().absolute()
    if text and path.is_dir():
        return DirectorySource(path)
    if not text or not path.is_file():
        raise SourceError(f"source {text!r} is no directory or .tar of the controller, and no http(s) URL either")
    if path.suffix != ".tar":
        raise SourceError(
            f"source {text!r} is a file: name the directory below which archives lie as <release>/<asset>, "
            "or a plain .tar of it, as fleet.python.bundle writes it"
        )
    return TarSource(path)


def _refuse_unsound(url: str, number: int) -> None:
    """Raises SourceError for a URL that cannot be taken apart, which then cannot be shown either."""
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise SourceError(
            f"source number {number} is no URL with a host: where a user or password stands in it, "
            "write / ? # @ [ ] in them as %2F %3F %23 %40 %5B %5D"
        )


def fetch_from(sources: Sequence[Source], entry: Entry, target: Path) -> None:
    """Fetch from the first source that gives the right bytes. Raises SourceError with a line for each that failed."""
    failures = []
    for source in sources:
        try:
            source.fetch(entry, target)
        except SourceError as error:
            failures.append(str(error))
        else:
            return
    raise SourceError("no source gave the archive:\n  " + "\n  ".join(failures))


def size_in(sources: Sequence[Source], entry: Entry) -> int | None:
    """The asset's size as the first source tells that has it; None where none does or can be asked."""
    for source in sources:
        with suppress(SourceError):
            size = source.size(entry)
            if size is not None:
                return size
    return None


def digest_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digest(path: Path, sha256: str, origin: str) -> None:
    """Raises SourceError, and removes the file, where it has another sha256."""
    found = digest_of(path)
    if found != sha256:
        size = path.stat().st_size
        os.unlink(path)
        raise SourceError(f"{origin} has sha256 {found} ({size} bytes), not {sha256}")


def _get(url: str, method: str = "GET") -> requests.Response:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    session = requests.Session()

    def redirect_target(answer: requests.Response) -> str | None:
        following = requests.Session.get_redirect_target(session, answer)
        if following and not allowed_next(answer.url, urljoin(answer.url, following)):
            raise SourceError(f"{shown(answer.url)} redirects to {shown(following)}: that is not followed")
        return following

    # requests itself goes from https to http.
    setattr(session, "get_redirect_target", redirect_target)  # noqa: B010 (mypy: a method is not assigned to)
    # What may pass is tried again with growing pauses; what cannot (404, a bad certificate) is not. How long the
    # server wants us to stay away (Retry-After) may be hours: the next source comes sooner.
    retry: Any = Retry(
        total=3,
        backoff_factor=0.5,
        status_forcelist=(429, 500, 502, 503, 504),
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    session.mount("https://", HTTPAdapter(max_retries=retry))
    session.mount("http://", HTTPAdapter(max_retries=retry))
    try:
        return session.request(
            method, url, stream=True, timeout=_TIMEOUT, headers={"User-Agent": "fleet.python"}, allow_redirects=True
        )
    except SourceError:
        raise
    except ValueError as error:  # among them requests' own, with the URL in their messages
        raise SourceError(f"{shown(url)}: it is, or redirects to, no URL that can be asked for") from error
    except requests.RequestException as error:
        raise SourceError(f"{shown(url)}: {_plain(error)}") from error


def _pieces(answer: requests.Response, url: str, most: int, *, decode: bool) -> Iterator[bytes]:
    """The body, at most ``most`` bytes of it. Raises SourceError where it is longer or breaks off."""
    from urllib3.exceptions import HTTPError

    left = most
    try:
        for piece in answer.raw.stream(_CHUNK, decode_content=decode):
            left -= len(piece)
            if left < 0:
                raise SourceError(f"{shown(url)}: it sends more than {most} bytes: no build is that large")
            yield piece
    except HTTPError as error:
        raise SourceError(f"{shown(url)}: the download broke off: {_plain(error)}") from error


def _refuse_bad_status(answer: requests.Response, url: str) -> None:
    if answer.status_code != 200:
        raise SourceError(f"{shown(url)}: HTTP {answer.status_code} {answer.reason}")


def _plain(error: BaseException) -> str:
    """The innermost reason: requests wraps it several times, with the URL and its secrets in between."""
    inner = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    return (
        f"{type(inner).__name__}: {getattr(inner, 'strerror', None) or inner}"
        if inner is not error
        else type(error).__name__
    )
