#!/usr/bin/python
# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle
short_description: Write what a fleet needs into one directory or tar file
version_added: 0.1.0
author:
  - the fleet.python contributors (@fleet-python)
description:
  - Writes every archive that a lock pins, or that the hosts of a play need, into one directory or tar file on the
    controller. You can then take it to a site that cannot reach a source.
  - The option C(source) of every module of this collection accepts the bundle as it is. The option C(lock) accepts it
    too, since the lock is inside.
  - A bundle has the layout of python-build-standalone, which is C(<release>/<asset>). It has a C(SHA256SUMS) at the
    base and in each release, a C(latest-release.json) and a C(python.lock.yml). A web server that serves it is a source
    too.
  - Each run verifies every archive of the bundle. It fetches archives that are missing or changed, and leaves all
    others alone.
    Archives come through the controller's cache, so the run after one that was cut off fetches no finished archive
    again.
  - The same lock gives the same bundle, and a tar file with the same bytes.
options:
  path:
    description:
      - The bundle on the controller. A name that ends in C(.tar) is a tar file, any other a directory.
      - The directory above it must exist. A directory with other contents is refused.
    type: path
    required: true
    version_added: 0.1.0
  lock:
    description:
      - A lock file or another bundle. Its archives are bundled, for all platforms that it pins.
        No host is contacted, and the options that restrict the choice are not used.
      - The bundle then contains just these archives. Those of an earlier lock are removed.
      - Either this or O(version) is required.
    type: path
    version_added: 0.1.0
  version:
    description:
      - The requests to resolve, as in M(fleet.python.lock). The pins are written into the lock inside the bundle.
      - The hosts of a play add their pins one after the other. Pins of other hosts and requests stay.
    type: list
    elements: str
    version_added: 0.1.0
  triples:
    description:
      - With O(version), bundle for hosts whose best triple is one of these. Then no host is contacted.
    type: list
    elements: str
    version_added: 0.1.0
  carriers:
    description:
      - Carriers of boot scripts, which M(fleet.python.boot) writes. They lie at the base of the bundle, where hosts
        look for them if the bundle is served as their source.
      - Those of earlier runs stay in a directory, so that older scripts still find theirs.
    type: list
    elements: path
    default: []
    version_added: 0.1.0
  delta_from:
    description:
      - From how many older patch versions the bundle holds deltas to each of its archives, V(0) for none. A host that
        has one of these takes the delta in place of the archive. See O(fleet.python.interpreter#module:delta).
      - Of each of the last patch versions of the same minor version, triple and flavor that the catalogue has, a delta
        leads from the build of the newest release. A delta lies beside its archive, as
        C(<asset>.from-<16 digits>.delta), where the digits begin the SHA-256 digest of the archive that it leads from.
      - The C(python.lock.yml) of the bundle names each delta with its digest, so name the bundle as the O(lock) of
        hosts, or keep a copy of that file in git. A delta that a O(lock) names is in the bundle anyway.
      - The controller needs both archives for a delta, 200 seconds of processor time, and 1 GB of memory. It makes it
        once. A delta that cannot be made is left out with a warning.
    type: int
    default: 0
    version_added: 0.1.0
extends_documentation_fragment:
  - fleet.python._choice
  - fleet.python._choice.sources
  - fleet.python._choice.attestation
  - fleet.python._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows the digests of the archives.
  idempotent:
    support: full
seealso:
  - module: fleet.python.lock
  - module: fleet.python.interpreter
"""

EXAMPLES = r"""
- name: Put everything that the lock pins on a stick
  fleet.python.bundle:
    path: /media/stick/python.tar
    lock: python.lock.yml
  run_once: true

- name: Bundle what the hosts of this play need
  fleet.python.bundle:
    path: /srv/python-bundle
    version:
      - "3.13"

- name: Bundle for two kinds of machines, without contact to any
  fleet.python.bundle:
    path: /srv/python-bundle
    version: "3.13"
    triples:
      - x86_64_v3-unknown-linux-gnu
      - aarch64-unknown-linux-musl
  run_once: true

- name: Put deltas from the last three patch versions beside the archives
  fleet.python.bundle:
    path: /media/stick/python.tar
    lock: python.lock.yml
    delta_from: 3
  run_once: true

- name: Behind the gap, install from the stick
  fleet.python.interpreter:
    version: "3.13"
    source: /media/stick/python.tar
    lock: /media/stick/python.tar
"""

RETURN = r"""
path:
  description: The bundle.
  returned: success
  type: str
  sample: /srv/python-bundle
files:
  description: Every file of the bundle, in the order in which they are written. C(SHA256SUMS) is the last.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name below the bundle.
      returned: success
      type: str
      sample: 20250317/cpython-3.13.2+20250317-x86_64_v3-unknown-linux-gnu-install_only_stripped.tar.gz
    sha256:
      description: The SHA-256 digest. Empty in check mode for a delta that is still to be made.
      returned: success
      type: str
      sample: 0fbccc0127e58fb5e6f99ef77afe23fc596c46390c689d57eebb87a179fae7c6
    action:
      description: V(kept) for an undamaged file, V(added) for a missing one, V(replaced) for a changed one.
      returned: success
      type: str
      sample: added
removed:
  description: Names of former files that the lock no longer names.
  returned: success
  type: list
  elements: str
  sample: []
"""
