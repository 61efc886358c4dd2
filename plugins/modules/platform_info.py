#!/usr/bin/python
# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: platform_info
short_description: Show which builds of CPython a host can run
version_added: 0.1.0
author:
  - the fleet.python contributors (@fleet-python)
description:
  - Finds out what a host can run from the host's own programs, not from the kernel. A 64-bit kernel often runs 32-bit
    programs.
  - Sends one POSIX C(sh) script and reads what it prints.
options:
  libc:
    description:
      - V(auto) lists triples for the C library of the host's own programs.
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
      - The highest x86-64 microarchitecture level in RV(platform.triples). It does not limit RV(platform.level).
    type: int
    choices:
      - 1
      - 2
      - 3
      - 4
    default: 3
    version_added: 0.1.0
extends_documentation_fragment:
  - fleet.python._attributes
  - fleet.python._attributes.info
notes:
  - The host needs no Python, and the task needs no facts. It is one remote round trip.
  - The host needs one of C(od), C(hexdump) and C(xxd). BusyBox has all of them.
seealso:
  - module: fleet.python.interpreter
  - name: x86-64 psABI
    description: Defines the microarchitecture levels.
    link: https://gitlab.com/x86-psABIs/x86-64-ABI
"""

EXAMPLES = r"""
- name: See what the host can run
  fleet.python.platform_info:
  register: result

- name: Show it
  ansible.builtin.debug:
    msg: >-
      {{ inventory_hostname }} has {{ result.platform.libc }} {{ result.platform.libc_version }}
      and runs programs for {{ result.platform.arch }}; the best build is one for {{ result.platform.triples | first }}

- name: See what it could run if only builds for every x86-64 machine were taken
  fleet.python.platform_info:
    max_level: 1
"""

RETURN = r"""
platform:
  description: What the host can run.
  returned: success
  type: dict
  contains:
    system:
      description: The operating system, V(linux) or V(macos).
      returned: success
      type: str
      sample: linux
    kernel_arch:
      description: The architecture, as C(uname -m) reports it.
      returned: success
      type: str
      sample: x86_64
    arch:
      description: The architecture that the host's programs are built for.
      returned: success
      type: str
      sample: x86_64
    bits:
      description: V(32) or V(64), of the host's programs.
      returned: success
      type: int
      sample: 64
    float_abi:
      description: V(hard) or V(soft) on 32-bit ARM. On RISC-V, the floating point registers that programs use. V(null)
        elsewhere.
      returned: success
      type: str
      sample: hard
    libc:
      description: V(gnu) or V(musl). V(null) if it is unknown, or if there is no choice, as on macOS.
      returned: success
      type: str
      sample: gnu
    libc_version:
      description: The version of the C library, or of macOS itself. V(null) if it is unknown.
      returned: success
      type: str
      sample: "2.36"
    level:
      description: The x86-64 microarchitecture level, V(1) to V(4). V(null) on other architectures.
      returned: success
      type: int
      sample: 3
    triples:
      description: The target triples whose builds the host could run, best first.
      returned: success
      type: list
      elements: str
      sample:
        - x86_64_v3-unknown-linux-gnu
        - x86_64_v2-unknown-linux-gnu
        - x86_64-unknown-linux-gnu
    notes:
      description: Doubts about the evidence, and how they were resolved.
      returned: success
      type: list
      elements: str
      sample: []
    pythons:
      description: Pythons of the host that this collection did not install, without links.
      returned: success
      type: list
      elements: dict
      contains:
        path:
          description: Its path.
          returned: success
          type: str
          sample: /usr/bin/python3.11
        version:
          description: Its version.
          returned: success
          type: str
          sample: 3.11.2
    tools:
      description:
        - Those commands on the host that the collection can use.
        - Each is a dictionary with C(path) and C(kind), which is V(gnu), V(busybox), V(toybox), V(bsd) or empty.
      returned: success
      type: dict
      sample:
        curl:
          kind: ""
          path: /usr/bin/curl
        tar:
          kind: gnu
          path: /usr/bin/tar
"""
