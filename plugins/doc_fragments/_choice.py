# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say what is chosen, and from where."""

from __future__ import annotations


class ModuleDocFragment:
    """The same options as ``_CHOICE`` in module_utils/_options.py."""

    DOCUMENTATION = r"""
options:
  release:
    description:
      - Only builds of this release of python-build-standalone, for example V(20250317).
      - V(latest) means the newest finished release. It is asked of O(source), once in a run and by the controller.
      - Without this option, builds of all releases that O(catalogue) knows can be chosen, and of two builds of the same
        CPython version the one of the newer release wins.
    type: str
    version_added: 0.1.0
  flavor:
    description:
      - What an archive holds.
      - V(install_only_stripped) has no debug symbols. It is the smallest, and where a release has none, the next one
        is taken.
      - V(install_only) has debug symbols.
      - V(full) is the whole build tree with C(PYTHON.json), a C(.tar.zst) of several times the size.
        The controller needs the Python package C(zstandard) for it. It packs the archive anew for the hosts, once for
        all of them, in less than 100 MB of memory. Meanwhile the content, some hundreds of megabytes, lies in its cache
        directory. Where that cannot be (macOS has no C(posix_fallocate)), it takes about 200 MB of memory, since
        upstream packs so that unpacking looks back 128 MB.
    type: str
    choices:
      - install_only_stripped
      - install_only
      - full
    default: install_only_stripped
    version_added: 0.1.0
  build:
    description:
      - Build options as python-build-standalone names them, joined by C(+).
        These are V(pgo+lto), V(pgo), V(lto), V(noopt) and V(debug), with V(freethreaded) before or V(static) after.
        Examples are V(noopt), V(freethreaded+pgo+lto), V(lto+static).
      - Without this option the fastest build is taken, and debug, free-threaded and static ones are left out.
      - They can stand in a version too, for example C(3.14t), C(3.13d), C(3.13+lto).
      - Static builds (C(3.13+static)) run with any libc on x86_64 and aarch64, and load no extension module. The
        bundled catalogue lists none, so they need O(catalogue=source) or a list of your own.
    type: str
    version_added: 0.1.0
  libc:
    description:
      - V(auto) takes builds for the C library of the host's own programs.
      - V(gnu) and V(musl) force one, for hosts that have both or whose programs are static.
    type: str
    choices:
      - auto
      - gnu
      - musl
    default: auto
    version_added: 0.1.0
  max_level:
    description:
      - The highest x86-64 microarchitecture level, as the psABI defines them, whose builds are taken.
        A host's own level limits it in any case. Other architectures have no levels.
      - python-build-standalone advises against level 4 in production.
    type: int
    choices:
      - 1
      - 2
      - 3
      - 4
    default: 3
    version_added: 0.1.0
  prerelease:
    description:
      - Whether alphas, betas and release candidates may be chosen.
      - A version that names one, such as C(3.15.0rc1), allows it by itself.
    type: bool
    default: false
    version_added: 0.1.0
  source:
    description:
      - Where archives come from, tried in this order.
      - Each is a base URL below which archives lie as C(<release>/<asset>), the layout of python-build-standalone,
        a directory of the controller with the same layout, or a plain C(.tar) of such a directory.
      - The default is the mirror of python-build-standalone's makers, then GitHub.
    type: list
    elements: str
    default:
      - https://releases.astral.sh/github/python-build-standalone/releases/download
      - https://github.com/astral-sh/python-build-standalone/releases/download
    version_added: 0.1.0
  catalogue:
    description:
      - What can be chosen, and with which SHA-256 digest. Nothing whose digest is unknown is ever installed.
      - V(bundled) is the list of upstream's releases and digests that comes with this collection.
      - V(source) is what the sources themselves say, a C(SHA256SUMS) at the base with C(<release>/<asset>) names.
        Where there is none it is that of O(release), and without O(release) that of the release which
        C(latest-release.json) names. The first source that answers decides.
        A mirror with builds of its own needs this, since their digests are not upstream's.
      - Anything else is the path of a file on the controller, in the form of C(SHA256SUMS) with C(<release>/<asset>)
        names.
      - A source by plain HTTP is not asked, unless O(insecure_source) allows it. Whoever sits on the way can change
        the digests together with the archives.
    type: str
    default: bundled
    version_added: 0.1.0
  insecure_source:
    description:
      - Whether a source by plain HTTP may say which digests are right, with O(catalogue=source) or O(release=latest).
        Only for networks in which you trust every machine. A source on the controller itself (C(127.0.0.1), C(::1),
        C(localhost)) is always asked.
      - Archives may come by plain HTTP in any case, where their digests come from elsewhere.
    type: bool
    default: false
    version_added: 0.1.0
  timeout:
    description:
      - After how many seconds without a byte a connection to a source is given up. The next one goes on where it was,
        if it brought something.
    type: int
    default: 30
    version_added: 0.1.0
  connect_timeout:
    description:
      - After how many seconds it is given up to connect to a source.
    type: int
    default: 10
    version_added: 0.1.0
  proxy:
    description:
      - URL of the HTTP proxy for all sources, for example V(http://proxy.example.com:3128). It may hold a user and
        password. It is for whoever downloads, the controller or the host.
      - Without it C(http_proxy), C(https_proxy) and C(no_proxy) count, on the controller those of its own environment
        and on a host those of the task's C(environment).
    type: str
    version_added: 0.1.0
  ca_path:
    description:
      - Path of a file on the controller with certificates in PEM form. For sources they are trusted in place of those
        that the controller, or the host that downloads, trusts by itself.
      - The file need not be on the host. BusyBox C(wget) cannot be told about it.
    type: path
    version_added: 0.1.0
  headers:
    description:
      - Headers for every source that is a URL, for example an C(Authorization) with a token. Redirects to other
        servers do not get them.
      - A user and password can also stand in the URL, or in C(~/.netrc) of whoever downloads.
        None of these is shown, written to a file that stays, or put where others on the host can see it.
    type: dict
    version_added: 0.1.0
"""

    # fleet.python.lock writes the lock, so it does not have this one.
    LOCK = r"""
options:
  lock:
    description:
      - Path of a lock file on the controller, which pins for each triple and each request the asset and its SHA-256
        digest.
      - A bundle that M(fleet.python.bundle) has written will do as well. Its lock is inside.
      - With it nothing outside of the lock is chosen. A host whose triple the lock lacks is refused, with the command
        that adds it; so is a request that the lock does not have or no longer matches.
    type: path
    version_added: 0.1.0
"""
