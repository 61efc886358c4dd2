# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that select a build and its sources."""

from __future__ import annotations


class ModuleDocFragment:
    """The same options as ``_CHOICE`` in module_utils/_options.py."""

    DOCUMENTATION = r"""
options:
  release:
    description:
      - Choose only builds of this release of python-build-standalone, for example V(20250317).
      - V(latest) is the newest finished release. The controller asks O(source) for it, once in a run.
      - Without this option, builds of all releases in O(catalogue) can be chosen. Of two builds of the same CPython
        version, the one of the newer release wins.
    type: str
    version_added: 0.1.0
  flavor:
    description:
      - What an archive holds.
      - V(install_only_stripped) has no debug symbols and is the smallest. Where a release has none, the next flavor is
        used.
      - V(install_only) has debug symbols.
      - V(full) is the whole build tree with C(PYTHON.json), in a C(.tar.zst) of several times the size.
        The controller needs the Python package C(zstandard) for it. It repacks the archive once for all hosts, in less
        than 100 MB of memory. Meanwhile its cache directory holds the content, some hundreds of megabytes. Where that
        is impossible (macOS has no C(posix_fallocate)), it needs about 200 MB of memory, since upstream's compression
        refers back 128 MB.
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
      - Without this option, the fastest build is chosen, but never a debug, free-threaded or static one.
      - A version can contain build options too, for example C(3.14t), C(3.13d), C(3.13+lto).
      - Static builds (C(3.13+static)) run with any libc on x86_64 and aarch64, and load no extension module. The
        bundled catalogue lists none, so they need O(catalogue=source) or a list of your own.
    type: str
    version_added: 0.1.0
  libc:
    description:
      - V(auto) selects builds for the C library of the host's own programs.
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
      - The highest x86-64 microarchitecture level, as the psABI defines it, of the builds that can be chosen.
        The host's own level is always a limit too. Other architectures have no levels.
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
      - A version that names one, such as C(3.15.0rc1), needs no such permission.
    type: bool
    default: false
    version_added: 0.1.0
  catalogue:
    description:
      - What can be chosen, and with which SHA-256 digest. A build whose digest is unknown is never installed.
      - V(bundled) is the list of upstream's releases and digests that comes with this collection.
      - V(source) is what the sources themselves say, in a C(SHA256SUMS) at the base with C(<release>/<asset>) names.
        Without such a file, it is the C(SHA256SUMS) of O(release). Without O(release), it is that of the release that
        C(latest-release.json) names. The first source that answers decides.
        A mirror with builds of its own needs this, since upstream does not know their digests.
      - Anything else is the path of a file on the controller, in the form of C(SHA256SUMS) with C(<release>/<asset>)
        names.
      - A source with plain HTTP is not asked, unless O(insecure_source) allows it. Anybody on the network path could
        change the digests together with the archives.
    type: str
    default: bundled
    version_added: 0.1.0
  insecure_source:
    description:
      - Whether a source with plain HTTP may say which digests are right, with O(catalogue=source) or
        O(release=latest). Use it only in networks in which you trust every machine. A source on the controller itself
        (C(127.0.0.1), C(::1), C(localhost)) is always asked.
      - Archives may always come over plain HTTP if their digests come from elsewhere.
    type: bool
    default: false
    version_added: 0.1.0
  minimum_age:
    description:
      - Choose no build of a release that is younger than this, in hours. V(72) gives upstream and others three days to
        find out that a release is bad.
      - A release's name tells its day. Its age counts from the end of that day, in UTC, by the controller's clock.
      - What a lock pins is installed whatever its age is. Use this option when you write the lock.
    type: int
    default: 0
    version_added: 0.1.0
"""

    # Where archives come from, and how they are asked.
    SOURCES = r"""
options:
  source:
    description:
      - Where archives come from. Sources are tried in this order.
      - Each is a base URL with archives at C(<release>/<asset>), which is the layout of python-build-standalone,
        a directory on the controller with the same layout, or a plain C(.tar) of such a directory.
      - The default is the mirror of python-build-standalone's makers, then GitHub.
    type: list
    elements: str
    default:
      - https://releases.astral.sh/github/python-build-standalone/releases/download
      - https://github.com/astral-sh/python-build-standalone/releases/download
    version_added: 0.1.0
  timeout:
    description:
      - How many seconds without a byte end a connection to a source. The next connection resumes the download if the
        last one received something.
    type: int
    default: 30
    version_added: 0.1.0
  connect_timeout:
    description:
      - How many seconds an attempt to connect to a source may take.
    type: int
    default: 10
    version_added: 0.1.0
  min_rate:
    description:
      - How many bytes per second a source must send, on average over O(timeout) seconds. The next source takes over
        from a slower one. V(0) accepts any rate.
    type: int
    default: 1000
    version_added: 0.1.0
  download_timeout:
    description:
      - How many seconds one archive may take from one source, with all connections that resume it. Raise it for links
        that need more than an hour for some 50 MB.
    type: int
    default: 3600
    version_added: 0.1.0
  proxy:
    description:
      - URL of the HTTP proxy for all sources, for example V(http://proxy.example.com:3128). It may contain a
        user and password. The controller or the host uses it, whichever downloads.
      - Without it, C(http_proxy), C(https_proxy) and C(no_proxy) decide. The controller reads them from its own
        environment, and a host from the task's C(environment).
    type: str
    version_added: 0.1.0
  ca_path:
    description:
      - Path of a file on the controller with certificates in PEM form. For sources they replace the certificates that
        the controller, or the host that downloads, trusts by default.
      - The file need not be on the host. BusyBox C(wget) cannot use it.
    type: path
    version_added: 0.1.0
  headers:
    description:
      - Headers for every source that is a URL, for example an C(Authorization) with a token. Redirects to other
        servers do not get them.
      - A user and password can also be in the URL, or in the C(~/.netrc) of the user that downloads.
        None of these is shown, written to a file that stays, or put where others on the host can see it.
    type: dict
    version_added: 0.1.0
"""

    # fleet.python.lock writes the lock, so it does not have this one.
    LOCK = r"""
options:
  lock:
    description:
      - Path of a lock file on the controller. For each triple and each request, it pins the asset and its SHA-256
        digest.
      - A bundle that M(fleet.python.bundle) has written works too, since its lock is inside.
      - With this option, nothing outside of the lock is chosen. If the lock lacks the triple of a host, the task fails
        and names the command that adds it. It also fails for a request that the lock lacks or no longer matches.
    type: path
    version_added: 0.1.0
"""

    # Who built what is chosen: fleet.python.lock, fleet.python.bundle and fleet.python.asset_info.
    ATTESTATION = r"""
options:
  attestation:
    description:
      - Whether it must be proven who built an archive. Upstream attests each archive since release 20250212.
      - An attestation is a bundle of Sigstore, which GitHub Actions signs when a workflow has built something. It is
        verified on the controller, and nothing of it runs on hosts. Verified are the signature, the chain of
        certificates, the entry in the transparency log, O(attestation_repository), O(attestation_workflow), and the
        archive's name and SHA-256 digest.
      - V(when_present) verifies an attestation where a place in O(attestation_source) has one. A warning names each
        archive that has none. An attestation that is there and does not prove what it should fails the task.
      - V(required) fails for each archive without an attestation.
      - V(off) asks for none and verifies none.
      - A pin of a lock that is attested stays so. With each of these values, a pin whose archive is not attested does
        not replace one whose archive is.
      - The controller needs the Python package C(sigstore) for it. With V(when_present) and without this package,
        a warning says that nothing is verified.
    type: str
    choices:
      - 'off'
      - when_present
      - required
    default: when_present
    version_added: 0.1.0
  attestation_source:
    description:
      - Where attestations come from. What is on the controller is asked first, then the others in this order.
      - V(github) is GitHub's API. With a URL after a colon, as in V(github:https://github.example.com/api/v3), it is
        the API of a GitHub Enterprise.
      - V(source) is each of O(source) but upstream's own, with C(<release>/<asset>.sigstore.json) beside the archive.
        Bundles and mirrors of this collection have these files.
      - Anything else is a base URL, a directory or a tar file with such files.
      - A lock keeps its attestations beside it, in C(python.lock.attestations) for C(python.lock.yml). They are looked
        for there before all.
    type: list
    elements: str
    default:
      - github
      - source
    version_added: 0.1.0
  attestation_token:
    description:
      - A token for GitHub's API, which answers 60 requests an hour without one. It is sent to no other server.
      - Without it, C(GH_TOKEN) and C(GITHUB_TOKEN) in the controller's environment count, for C(api.github.com) only.
    type: str
    version_added: 0.1.0
  attestation_repository:
    description:
      - The repository that must have built the archive, as C(OWNER/REPOSITORY) or as its URL. Set it if you build
        python-build-standalone yourself.
    type: str
    default: astral-sh/python-build-standalone
    version_added: 0.1.0
  attestation_workflow:
    description:
      - The workflow of that repository that must have built the archive, its file and ref with C(@) between them.
    type: str
    default: .github/workflows/release.yml@refs/heads/main
    version_added: 0.1.0
  attestation_issuer:
    description:
      - Who must have vouched for the workflow, the issuer of its OIDC token. A GitHub Enterprise has one of its own.
    type: str
    default: https://token.actions.githubusercontent.com
    version_added: 0.1.0
  attestation_trusted_root:
    description:
      - Path of a file on the controller with the certificates and keys that are trusted, as C(trusted_root.json) of
        Sigstore. A private Sigstore needs it.
      - Without it, the one that comes with the Python package C(sigstore) counts. A warning tells if it is older than
        a year.
    type: path
    version_added: 0.1.0
"""
