# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack a build's ``.tar.gz`` below one directory, and nowhere else.

Members are created relative to descriptors of directories that we made ourselves (dir_fd, O_EXCL, O_NOFOLLOW),
so no name or link in a hostile archive can lead out of the tree. Python's tarfile has a data filter for that only
since 3.11.4, and takes several times as long.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import Stream, UnpackError
from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import Contents
from ansible_collections.fleet.python.plugins.module_utils._archive.members import (
    BLOCK,
    DIRECTORY,
    FILE,
    HARD_LINK,
    LINK,
    Member,
    check_link,
    members,
    parts_below,
)
from ansible_collections.fleet.python.plugins.module_utils._archive.new_tree import NEW_FILE, NewTree
from ansible_collections.fleet.python.plugins.module_utils._background import read_ahead

# What link(2) says where the file system has no hard links, or no more of them.
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK})


def unpack(archive: str, destination: str, top: tuple[str, ...] = ("python",)) -> Contents:
    """Unpack the part of the ``.tar.gz`` below ``top`` into the existing directory ``destination``.

    Modes become 0755 (directories, and files with any execute bit) or 0644, whatever the archive and the umask say.
    This user owns all of it. Returns the files and links that were made.
    Raises UnpackError for a damaged or hostile archive, and OSError if the host refuses (a full disk).
    """
    tree = NewTree(destination)
    umask = os.umask(0o022)
    try:
        with open(archive, "rb", buffering=0) as packed:
            stream = Stream(packed)
            with read_ahead(stream.inflate) as stream.more:
                for member in members(stream):
                    parts = parts_below(member.name, top)
                    if parts:
                        _create(tree, parts, member, stream, top)
                    else:
                        stream.skip(member.size)
                    stream.read(-member.size % BLOCK)
    except FileExistsError as error:
        raise UnpackError(f"the archive names {error.filename!r} twice") from error
    except NotADirectoryError as error:
        raise UnpackError(f"the archive has {error.filename!r} as a file or link and as a folder") from error
    finally:
        os.umask(umask)
        tree.close()
    if not any(tree.contents):
        raise UnpackError("the archive holds nothing below {}/: this is no build of CPython".format("/".join(top)))
    return tree.contents


def _create(tree: NewTree, parts: list[str], member: Member, stream: Stream, top: tuple[str, ...]) -> None:
    if member.kind == DIRECTORY:
        tree.directory(tuple(parts))
        return
    if member.mode & 0o6000:
        raise UnpackError(f"{member.name!r} is setuid or setgid: no build has such a file")
    path = "/".join(parts)
    if member.kind == FILE:
        folder = tree.directory(tuple(parts[:-1]))
        tree.contents.digests[path] = _create_file(folder, parts[-1], member, stream)
    elif member.kind == LINK:
        check_link(parts, member.target)
        os.symlink(member.target, parts[-1], dir_fd=tree.directory(tuple(parts[:-1])))
        tree.contents.links.add(path)
    elif member.kind == HARD_LINK:
        tree.contents.digests[path] = tree.contents.digests[_create_hard_link(tree, parts, member, top)]
    else:
        raise UnpackError(f"{member.name!r} is a device or of an unknown kind {member.kind!r}: no build has such")


def _create_file(folder: int, name: str, member: Member, stream: Stream) -> str:
    """Make a file from the stream's next bytes. Returns their sha256."""
    descriptor = os.open(name, NEW_FILE, 0o755 if member.mode & 0o111 else 0o644, dir_fd=folder)
    try:
        digest = hashlib.sha256()
        left = member.size
        while left:
            piece = stream.piece(left)
            left -= len(piece)
            digest.update(piece)
            while piece:
                piece = piece[os.write(descriptor, piece) :]
        return digest.hexdigest()
    finally:
        os.close(descriptor)


def _create_hard_link(tree: NewTree, parts: list[str], member: Member, top: tuple[str, ...]) -> str:
    """Make another name for a file. Returns the path of the first name."""
    source = parts_below(member.target, top)
    if not source:
        raise UnpackError(f"the hard link {member.name!r} leads out of the tree, to {member.target!r}")
    above = tree.directory(tuple(source[:-1]))
    try:
        kind = os.stat(source[-1], dir_fd=above, follow_symlinks=False).st_mode
    except FileNotFoundError as error:
        raise UnpackError(f"the hard link {member.name!r} leads to {member.target!r}, which is not there") from error
    # A hard link to a symbolic link would lead elsewhere.
    if not stat.S_ISREG(kind):
        raise UnpackError(f"the hard link {member.name!r} leads to {member.target!r}, which is no file")
    folder = tree.directory(tuple(parts[:-1]))
    try:
        os.link(source[-1], parts[-1], src_dir_fd=above, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _copy(above, source[-1], folder, parts[-1])
    return "/".join(source)


def _copy(above: int, source: str, folder: int, name: str) -> None:
    """Copy a file of the tree, on a file system that has no hard links."""
    with open(os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above), "rb") as old:
        mode = stat.S_IMODE(os.fstat(old.fileno()).st_mode)
        with open(os.open(name, NEW_FILE, mode, dir_fd=folder), "wb") as new:
            shutil.copyfileobj(old, new)
