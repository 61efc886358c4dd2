#!/usr/bin/python
# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: boot
short_description: Write a script with which a host installs what a lock pins
version_added: 0.1.0
author:
  - the fleet.python contributors (@fleet-python)
description:
  - Writes one POSIX C(sh) script of at most 16 KB. The host that runs it as root has what the lock pins afterwards,
    without a controller, without Ansible, and without a Python there before. Use it as user data for cloud-init, in a
    C(Dockerfile), with PXE or Packer.
  - Writes a second file beside it, the carrier. It contains the code that observes, plans and applies, which is the
    code of M(fleet.python.interpreter), and the lock. The script contains the SHA-256 digest of the carrier, fetches it
    from O(carrier_source), and runs nothing with another digest.
  - On the host, the script fetches the carrier and a build for the host from O(source), verifies both, and unpacks the
    build. This interpreter then runs the carrier.
  - The script prints one line of JSON, with the return values of M(fleet.python.interpreter), or with C(failed) and
    C(msg). Its exit status is 0 or 1.
  - A second run has nothing to do. It asks no source, since the carrier stays on the host, as C(.boot) in O(root).
    The role finds nothing to do after the script, and the script finds nothing to do after the role.
  - The same lock, options and collection give the same files, if the controller has the same zlib and the same
    Python package C(packaging).
options:
  path:
    description:
      - The script on the controller. The directory above it must exist.
    type: path
    required: true
    version_added: 0.1.0
  lock:
    description:
      - The lock file, or a bundle with a lock inside. The script installs for every Linux host that it pins.
      - The digests in the lock are compared with O(catalogue).
    type: path
    required: true
    version_added: 0.1.0
  version:
    description:
      - The requests to install, as the lock has them. Without this option, all of the lock's, the newest version first.
      - For each kind of host, one of them must be CPython 3.11 or later, since it runs the carrier.
    type: list
    elements: str
    version_added: 0.1.0
  carrier_path:
    description:
      - The directory on the controller into which the carrier is written. It must exist. Without this option, it is the
        directory of O(path).
      - The name of the carrier contains the beginning of its digest. Carriers of earlier scripts stay.
    type: path
    version_added: 0.1.0
  carrier_source:
    description:
      - The base URLs at which hosts find the carrier, tried in this order. You put it there.
      - Without this option, these are the URLs of O(source), except upstream's, which have no carriers.
    type: list
    elements: str
    version_added: 0.1.0
  secrets:
    description:
      - Whether users, passwords, queries and O(headers) of the sources and of O(proxy) are written into the script. Its
        mode is then C(0600), and a warning says so.
      - If not, the script has the URLs without them, and a warning names what is left out. C(curl) and GNU C(wget)
        take users and passwords from the C(.netrc) of root on the host.
    type: bool
    default: false
    version_added: 0.1.0
  delay:
    description:
      - Before its first request, the script waits for a random time of up to this number of seconds. It does not wait
        if nothing is to be fetched.
    type: int
    default: 0
    version_added: 0.1.0
  spread:
    description:
      - If no source can be reached, the script waits for a random time and tries again. The time is at most twice this
        number of seconds before the second try, four times before the third, and so on, and at most ten minutes.
    type: int
    default: 10
    version_added: 0.1.0
  retries:
    description:
      - How often it tries again. A wrong digest is never tried again.
    type: int
    default: 5
    version_added: 0.1.0
  root:
    description:
      - The directory on the host that contains everything, as an absolute path.
    type: str
    default: /opt/python
    version_added: 0.1.0
  links:
    description:
      - Extra links on the host, as in M(fleet.python.interpreter).
    type: list
    elements: str
    default: []
    version_added: 0.1.0
  keep:
    description:
      - How many older builds of a minor version stay on the host, as in M(fleet.python.interpreter).
    type: str
    default: "1"
    version_added: 0.1.0
  externally_managed:
    description:
      - Whether new builds get a file C(EXTERNALLY-MANAGED), as in M(fleet.python.interpreter).
    type: bool
    default: true
    version_added: 0.1.0
  compile_bytecode:
    description:
      - Whether the standard library of new builds is compiled to bytecode, as in M(fleet.python.interpreter).
    type: bool
    default: true
    version_added: 0.1.0
  venv_roots:
    description:
      - Directories on the host that are searched for virtual environments before a build is removed.
    type: list
    elements: str
    default: []
    version_added: 0.1.0
  facts:
    description:
      - Whether to write the host's local fact, as in M(fleet.python.interpreter).
    type: bool
    default: false
    version_added: 0.1.0
extends_documentation_fragment:
  - fleet.python._choice
  - fleet.python._choice.sources
  - fleet.python._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows the script, unless it holds secrets.
  idempotent:
    support: full
notes:
  - The host needs POSIX C(sh), C(tar), C(gzip), C(curl) or C(wget), one of C(sha256sum), C(shasum) and C(openssl), and
    one of C(od), C(hexdump) and C(xxd). BusyBox has all of these.
  - Sources must be URLs, since the host itself asks them.
seealso:
  - module: fleet.python.lock
  - module: fleet.python.interpreter
  - name: Boot scripts
    description: The guide, with cloud-init, Dockerfiles and what to do if a script fails.
    link: https://github.com/fleet-python/fleet.python/blob/main/docs/boot.md
"""

EXAMPLES = r"""
- name: Write a boot script for what the lock pins
  fleet.python.boot:
    path: boot.sh
    lock: python.lock.yml
    source:
      - https://mirror.example.com

- name: Write one for machines that boot by the hundred, with a link on the search path
  fleet.python.boot:
    path: boot.sh
    lock: python.lock.yml
    version:
      - "3.13"
    links:
      - /usr/local/bin/python3.13
    source:
      - https://mirror.example.com
    carrier_path: /srv/boot
    carrier_source:
      - https://boot.example.com
    delay: 30
"""

RETURN = r"""
path:
  description: The script.
  returned: success
  type: str
  sample: /srv/boot/boot.sh
carrier_path:
  description: The carrier, to be served at RV(carrier_sources).
  returned: success
  type: str
  sample: /srv/boot/fleet-python-boot-0fbccc0127e58fb5.pyz
carrier_sha256:
  description: The SHA-256 digest of the carrier.
  returned: success
  type: str
  sample: 0fbccc0127e58fb5e6f99ef77afe23fc596c46390c689d57eebb87a179fae7c6
carrier_sources:
  description: Where hosts look for the carrier, without secrets.
  returned: success
  type: list
  elements: str
  sample:
    - https://mirror.example.com
size:
  description: The size of the script in bytes.
  returned: success
  type: int
  sample: 12480
gzipped:
  description: The size of the script after C(gzip), which cloud-init also takes.
  returned: success
  type: int
  sample: 4710
triples:
  description: The triples of the builds that the script can begin with.
  returned: success
  type: list
  elements: str
  sample:
    - aarch64-unknown-linux-gnu
    - x86_64_v2-unknown-linux-gnu
"""
