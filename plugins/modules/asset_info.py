#!/usr/bin/python
# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_info
short_description: Show which build of CPython a request selects, and why not the others
version_added: 0.1.0
author:
  - the fleet.python contributors (@fleet-python)
description:
  - Resolves one request to one asset of python-build-standalone, as M(fleet.python.interpreter) would.
  - Installs nothing, and changes nothing on any host.
  - Works for a host, or with O(triples) for any platform and without a host.
  - The newest version wins, then the newest release, then the best triple.
    Stripped archives win over others. A full archive is chosen only if nothing else of that version satisfies the
    request.
options:
  version:
    description:
      - The request.
      - A version such as V(3), V(3.13), V(3.13.2) or V(3.15.0rc1), or a range such as V(==3.13.*) or V(>=3.12,<3.14).
      - V(3.14t) and V(3.14+freethreaded) ask for a free-threaded build, V(3.13d) and V(3.13+debug) for a debug build.
        Other build options follow a C(+) too, for example V(3.13+lto+static).
      - Write it in quotes. YAML reads an unquoted V(3.10) as the number 3.1.
    type: str
    required: true
    version_added: 0.1.0
  triples:
    description:
      - The target triples to choose for, best first, for example V(x86_64_v3-unknown-linux-gnu).
      - No host is contacted then.
      - Triples of macOS and Windows are known too.
      - Without this option, the task looks what the host can run, as M(fleet.python.platform_info) does.
    type: list
    elements: str
    version_added: 0.1.0
extends_documentation_fragment:
  - fleet.python._choice
  - fleet.python._choice.sources
  - fleet.python._choice.attestation
  - fleet.python._choice.lock
  - fleet.python._attributes
  - fleet.python._attributes.info
seealso:
  - module: fleet.python.interpreter
  - module: fleet.python.platform_info
"""

EXAMPLES = r"""
- name: See what 3.13 means on each host
  fleet.python.asset_info:
    version: "3.13"
  register: result

- name: Show it
  ansible.builtin.debug:
    msg: "{{ inventory_hostname }}: {{ result.asset.name }}"

- name: See what a fleet of aarch64 machines would get, without contact to any of them
  fleet.python.asset_info:
    version: ">=3.12,<3.14"
    release: "20250317"
    triples:
      - aarch64-unknown-linux-gnu
  run_once: true
  register: result

- name: Show why each other build was rejected
  ansible.builtin.debug:
    msg: "{{ item.asset }} {{ item.reason }}"
  loop: "{{ result.rejected }}"
  run_once: true

- name: See what a mirror with builds of its own has
  fleet.python.asset_info:
    version: 3.14t
    source:
      - https://mirror.example.com/python-build-standalone
    catalogue: source
"""

RETURN = r"""
asset:
  description: The asset that the request selects.
  returned: success
  type: dict
  contains:
    name:
      description: The file's name, as python-build-standalone spells it. In URLs, C(+) becomes C(%2B).
      returned: success
      type: str
      sample: cpython-3.13.2+20250317-x86_64_v3-unknown-linux-gnu-install_only_stripped.tar.gz
    release:
      description: The release that it belongs to.
      returned: success
      type: str
      sample: "20250317"
    version:
      description: The version of CPython.
      returned: success
      type: str
      sample: 3.13.2
    triple:
      description: The target triple that it is built for, in today's spelling.
      returned: success
      type: str
      sample: x86_64_v3-unknown-linux-gnu
    flavor:
      description: What the archive holds, V(install_only_stripped), V(install_only) or V(full).
      returned: success
      type: str
      sample: install_only_stripped
    build:
      description:
        - The build options, even if the name omits them.
        - Empty for some builds of 2018 to 2020, whose options are not known.
      returned: success
      type: str
      sample: pgo+lto
    sha256:
      description: The SHA-256 digest of the file, in hex.
      returned: success
      type: str
      sample: ff6c294d22f1633d9f7caa47850ca358f0e59b0692c21bd04140196d8eb8d7b7
    urls:
      description: The URL at each of O(source), in their order and without credentials.
      returned: success
      type: list
      elements: str
      sample:
        - https://mirror.example.com/20250317/cpython-3.13.2%2B20250317-x86_64_v3-unknown-linux-gnu-install_only_stripped.tar.gz
    quirks:
      description: Known problems of builds of this age.
      returned: success
      type: list
      elements: str
      sample:
        - "finds no CA certificates on RHEL 8 and older: set SSL_CERT_FILE=/etc/pki/tls/certs/ca-bundle.crt there"
    attestation:
      description: Who built the asset, as its attestation proves it, or null.
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
    not_attested:
      description: Why RV(asset.attestation) is null; empty if it is not.
      returned: success
      type: str
      sample: "there is none at: https://api.github.com"
rejected:
  description:
    - Each other asset of a version that the request matches. Within a version, the closest match is the first.
      With O(release), only assets of that release. With O(lock), only assets that the lock pins for the same request.
  returned: success
  type: list
  elements: dict
  contains:
    asset:
      description: The file's name.
      returned: success
      type: str
      sample: cpython-3.13.2+20250317-x86_64_v4-unknown-linux-gnu-install_only_stripped.tar.gz
    release:
      description: The release that it belongs to.
      returned: success
      type: str
      sample: "20250317"
    reason:
      description: The one reason why it was not chosen.
      returned: success
      type: str
      sample: needs x86-64 level 4, max_level is 3
"""
