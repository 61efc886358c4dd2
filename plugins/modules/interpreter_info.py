#!/usr/bin/python
# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: interpreter_info
short_description: List the interpreters of a host, with their users and their damage
version_added: 0.1.0
author:
  - the fleet.python contributors (@fleet-python)
description:
  - Lists what M(fleet.python.interpreter) has installed on a host, where each link leads, which processes run from
    which build, what is damaged, and the leftovers of runs that were cut off.
  - Changes nothing, and needs no Python on the host. It is one remote round trip, and a second one if there are builds,
    which starts each interpreter with no code to run.
options:
  root:
    description:
      - The directory on the host that contains the builds.
    type: str
    default: /opt/python
    version_added: 0.1.0
  verify:
    description:
      - How to look for damage. V(quick) looks whether a file has come or gone since the installation. V(files) counts
        the files, and compares those that are newer than the installation.
      - V(deep) compares the SHA-256 digest of each file, which takes seconds, or minutes on slow hosts.
    type: str
    choices:
      - quick
      - files
      - deep
    default: quick
    version_added: 0.1.0
  start:
    description:
      - Whether to start each interpreter, to see whether it still does. It also says the versions of its libraries and
        its size, where its receipt is from a version of this collection that did not record them.
      - With V(false), the task is one remote round trip.
    type: bool
    default: true
    version_added: 0.1.0
extends_documentation_fragment:
  - fleet.python._attributes
  - fleet.python._attributes.info
notes:
  - The module sees only processes that its user may see. Use C(become) to see those of all users.
seealso:
  - module: fleet.python.interpreter
  - module: fleet.python.platform_info
"""

EXAMPLES = r"""
- name: See what is installed
  fleet.python.interpreter_info:
  become: true
  register: result

- name: Stop where something is damaged
  ansible.builtin.assert:
    that: result.homes | rejectattr('whole') | length == 0
"""

RETURN = r"""
root:
  description: The directory that contains the builds.
  returned: success
  type: str
  sample: /opt/python
homes:
  description: The installed builds.
  returned: success
  type: list
  elements: dict
  contains:
    home:
      description: The directory of the build.
      returned: success
      type: str
      sample: /opt/python/cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu
    linked_by:
      description: The minor links that lead to it.
      returned: success
      type: list
      elements: str
      sample: ["3.13"]
    previous_of:
      description: The minor links that led to it before, and that C(state=previous) would switch back to it.
      returned: success
      type: list
      elements: str
      sample: []
    in_use_by:
      description: The processes that run from it.
      returned: success
      type: list
      elements: int
      sample: [4711]
    whole:
      description: Whether no file of it is known to be missing or changed, and its interpreter starts.
      returned: success
      type: bool
      sample: true
    damage:
      description: What is wrong with it, or empty.
      returned: success
      type: str
      sample: 1 of its 3804 files are missing
    starts:
      description: Whether its interpreter starts. V(null) if it was not tried.
      returned: success
      type: bool
      sample: true
    libraries:
      description:
        - The versions of the libraries inside, as the interpreter said them when it was installed, or now.
        - Those of C(openssl), C(sqlite), C(zlib), C(expat), C(libmpdec), C(ncurses), C(tcl) and C(tk) that are known.
      returned: success
      type: dict
      sample:
        openssl: 3.0.16
        sqlite: 3.49.1
    size:
      description: Its size on disk in bytes, when it was installed. V(null) if it is unknown.
      returned: success
      type: int
      sample: 117440512
    asset:
      description: The asset that it was unpacked from. Null if its receipt is damaged, as are the following values.
      returned: success
      type: str
      sample: cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz
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
    triple:
      description: The target triple that it is built for.
      returned: success
      type: str
      sample: x86_64_v2-unknown-linux-gnu
    flavor:
      description: What the archive held.
      returned: success
      type: str
      sample: install_only_stripped
    build:
      description: Its build options, or empty.
      returned: success
      type: str
      sample: freethreaded
    sha256:
      description: The SHA-256 digest of the asset.
      returned: success
      type: str
      sample: 0fbccc0127e58fb5e6f99ef77afe23fc596c46390c689d57eebb87a179fae7c6
    source:
      description: Where the archive came from, without credentials.
      returned: success
      type: str
      sample: pushed by the controller
    installed:
      description: When it was installed, in UTC and by the host's clock.
      returned: success
      type: str
      sample: "2026-11-21T04:48:38Z"
links:
  description: The minor links, each with the directory below O(root) that it leads to.
  returned: success
  type: dict
  sample:
    /opt/python/3.13: cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu
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
platform:
  description: What the host can run, as M(fleet.python.platform_info) returns it. V(null) if no build runs there.
  returned: success
  type: dict
  sample:
    arch: x86_64
    level: 3
system:
  description: The name of the host's operating system, as it says it.
  returned: success
  type: str
  sample: Debian GNU/Linux 12 (bookworm)
left_overs:
  description: Leftovers below O(root) of runs that were cut off, and files that are not ours.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The path.
      returned: success
      type: str
      sample: /opt/python/.staging/module-x8dk2a
    what:
      description: What it is.
      returned: success
      type: str
      sample: staging of a run that was cut off, or is still on
"""
