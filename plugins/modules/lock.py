#!/usr/bin/python
# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lock
short_description: Pin what a fleet runs in a lock file
version_added: 0.1.0
author:
  - the fleet.python contributors (@fleet-python)
description:
  - Resolves requests for a host, or with O(triples) for any platform and without a host. Writes the assets, each with
    its SHA-256 digest, into a lock file on the controller.
  - M(fleet.python.interpreter) with its option O(fleet.python.interpreter#module:lock) then installs these builds and
    nothing else, byte for byte.
  - The file is easy to read in a diff. It is YAML in a stable order, with the same text for the same pins.
  - Sets the pins of the requests in O(version) for the triple of the host, and leaves all others in the file alone.
    The hosts of a play add their pins one after the other.
  - Each run resolves again, so use this module to update pins too, one minor version at a time if you like.
  - In check mode nothing is written, and the task fails if the file is not up to date. CI can check it that way.
    All attestations in the lock are then verified again, without network, from what the lock keeps beside it.
  - Records for each asset who built it, as its attestation proves it, and keeps the attestations beside the lock in a
    directory. Commit that directory with the lock. For C(python.lock.yml) it is C(python.lock.attestations).
options:
  path:
    description:
      - The lock file on the controller. A relative path is below the directory that Ansible was started in.
    type: path
    required: true
    version_added: 0.1.0
  version:
    description:
      - The requests, as in M(fleet.python.interpreter). The lock records these texts, so use the same texts there.
    type: list
    elements: str
    required: true
    version_added: 0.1.0
  triples:
    description:
      - Pin for hosts whose best triple is one of these, for example V(x86_64_v3-unknown-linux-gnu).
      - Then no host is contacted.
    type: list
    elements: str
    version_added: 0.1.0
extends_documentation_fragment:
  - fleet.python._choice
  - fleet.python._choice.sources
  - fleet.python._choice.attestation
  - fleet.python._attributes
attributes:
  check_mode:
    support: full
    details: Fails if the lock would change.
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: fleet.python.interpreter
  - module: fleet.python.asset_info
"""

EXAMPLES = r"""
- name: Pin what the hosts of this play run
  fleet.python.lock:
    path: python.lock.yml
    version:
      - "3.12"
      - "3.13"

- name: Pin for two kinds of machines, without contact to any
  fleet.python.lock:
    path: python.lock.yml
    version: "3.13"
    triples:
      - x86_64_v3-unknown-linux-gnu
      - aarch64-unknown-linux-musl
  run_once: true

- name: Pin only builds that are three days old and attested
  fleet.python.lock:
    path: python.lock.yml
    version: "3.13"
    triples: x86_64_v3-unknown-linux-gnu
    minimum_age: 72
    attestation: required
  run_once: true

- name: Install what is pinned, and nothing else
  fleet.python.interpreter:
    version: "3.13"
    lock: python.lock.yml
"""

RETURN = r"""
path:
  description: The lock file.
  returned: success
  type: str
  sample: /srv/infra/python.lock.yml
pins:
  description: The pins that this task has made, each for one triple and one request.
  returned: success
  type: list
  elements: dict
  contains:
    triple:
      description: The best triple of the hosts that the pin is for. The asset may be for a lower level of x86-64.
      returned: success
      type: str
      sample: x86_64_v3-unknown-linux-gnu
    request:
      description: The request.
      returned: success
      type: str
      sample: "3.13"
    asset:
      description: The asset's file name.
      returned: success
      type: str
      sample: cpython-3.13.2+20250317-x86_64_v3-unknown-linux-gnu-install_only_stripped.tar.gz
    release:
      description: The release of python-build-standalone that it belongs to.
      returned: success
      type: str
      sample: "20250317"
    version:
      description: The version of CPython.
      returned: success
      type: str
      sample: 3.13.2
    sha256:
      description: The asset's SHA-256 digest.
      returned: success
      type: str
      sample: 0fbccc0127e58fb5e6f99ef77afe23fc596c46390c689d57eebb87a179fae7c6
    size:
      description: The asset's size in bytes, or null if no source knows it.
      returned: success
      type: int
      sample: 21188357
    attestation:
      description: Who built the asset, as its attestation proves it, or null if it is not attested.
      returned: success
      type: dict
      contains:
        repository:
          description: The URL of the repository.
          returned: success
          type: str
          sample: https://github.com/astral-sh/python-build-standalone
        workflow:
          description: The workflow's file and ref.
          returned: success
          type: str
          sample: .github/workflows/release.yml@refs/heads/main
        commit:
          description: The repository's commit.
          returned: success
          type: str
          sample: 6b58d1ad8ac0b3e9d1c2a2b5f9a3a7c1d0e4f5a6
        run:
          description: The URL of the workflow's run.
          returned: success
          type: str
          sample: https://github.com/astral-sh/python-build-standalone/actions/runs/13911283464/attempts/1
        log_index:
          description: The number of the entry in the transparency log.
          returned: success
          type: int
          sample: 183748301
"""
