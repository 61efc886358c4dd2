#!/usr/bin/python
# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Report the Pythons of all hosts of a play
version_added: 0.1.0
author:
  - the fleet.python contributors (@fleet-python)
description:
  - Makes one report of what M(fleet.python.interpreter_info) has found on all hosts of the play. It says which
    Pythons are where, which are damaged, past their end of life, behind the newest patch, affected by advisories, or
    other than the lock pins, and which libraries are inside.
  - Writes the report as a page, as JSON, as CSV and as a software bill of materials. With none of these, it prints a
    table with a line for each host, worst first.
  - Works on the controller, and contacts no host. The playbook C(fleet.python.report) looks at the hosts
    first.
options:
  results:
    description:
      - The name of the variable with which each host has registered the result of M(fleet.python.interpreter_info).
      - A host that was unreachable or has failed is in the report with the reason, where the task has
        C(ignore_unreachable) and C(ignore_errors).
    type: str
    default: report_looked
    version_added: 0.1.0
  transfers:
    description:
      - Names of variables with which each host has registered results of M(fleet.python.interpreter) in the same run.
        The report then counts the bytes that these tasks have sent and hosts have downloaded, for each host and in all.
        The role of that name registers C(interpreter_result).
      - Nothing on a host says how its builds came there, so without these names nothing is counted.
    type: list
    elements: str
    default: []
    version_added: 0.1.0
  html:
    description:
      - Path of a page to write. It is one file that loads nothing from elsewhere.
    type: path
    version_added: 0.1.0
  json:
    description:
      - Path of a JSON file to write. It has everything, in the form that C(plugins/plugin_utils/_report/schema.json) in
        the collection describes.
    type: path
    version_added: 0.1.0
  csv:
    description:
      - Path of a CSV file to write, with a line for each installed build.
    type: path
    version_added: 0.1.0
  sbom:
    description:
      - Path of a software bill of materials to write, CycloneDX 1.6 as JSON. It has a component for each build, which
        names the hosts and paths where it is, and one for each library that is known to be in it.
      - Needs the Python package C(cyclonedx-python-lib) on the controller.
    type: path
    version_added: 0.1.0
  sbom_each:
    description:
      - Whether to write a bill for each host that was looked at. O(sbom) is then a directory that exists, and each
        file is named after its host, such as C(web1.cdx.json).
    type: bool
    default: false
    version_added: 0.1.0
  advisories:
    description:
      - Directory on the controller with advisories in OSV form, such as those of the Python Software Foundation or of
        C(osv.dev). All its C(*.json) files are read. The report then names those that affect each version of CPython.
      - Without it, the report claims nothing about advisories.
    type: path
    version_added: 0.1.0
  advisories_repository:
    description:
      - A clone of C(python/cpython) on the controller, with its tags. The Python Software Foundation's own advisories
        name commits and no versions, so only the history says which version has them. Needs C(git).
      - Without it, the report says how many advisories could not be compared.
    type: path
    version_added: 0.1.0
  libc:
    description:
      - The same as for the task that the lock was made for.
    type: str
    choices:
      - auto
      - gnu
      - musl
    default: auto
    version_added: 0.1.0
  max_level:
    description:
      - The same as for the task that the lock was made for.
    type: int
    choices:
      - 1
      - 2
      - 3
      - 4
    default: 3
    version_added: 0.1.0
  lock:
    description:
      - Path of a lock file, or of a bundle, on the controller. The report says what differs from it on each host.
    type: path
    version_added: 0.1.0
  title:
    description:
      - The title of the page and of the bill.
    type: str
    default: Python on this fleet
    version_added: 0.1.0
  today:
    description:
      - The day, such as V(2026-11-27), for which the support of each version is told. The default is today, in UTC.
    type: str
    version_added: 0.1.0
  catalogue:
    description:
      - Where the newest patch of each version is looked up. V(bundled) is the list that comes with this collection.
      - V(source) is what the sources themselves say. Anything else is the path of a file on the controller, as for
        M(fleet.python.interpreter).
    type: str
    default: bundled
    version_added: 0.1.0
  insecure_source:
    description:
      - Whether a source with plain HTTP may say what is the newest patch, with O(catalogue=source).
    type: bool
    default: false
    version_added: 0.1.0
attributes:
  check_mode:
    support: full
    details: In check mode, no file is written.
  diff_mode:
    support: none
  idempotent:
    support: none
    details: The report says when it was made.
  bypass_host_loop:
    description: Forces a global task that does not execute per host.
    support: full
extends_documentation_fragment:
  - fleet.python._choice.sources
  - fleet.python._attributes
notes:
  - Runs once for all hosts of the play. In a play with C(serial), it runs once for each batch, and what it wrote last
    has all hosts. Ansible's strategy C(free) refuses it, so put it into a play of its own, as the playbook does.
  - How long each version is supported is data of the collection, from the schedules (PEPs) and the devguide.
seealso:
  - module: fleet.python.interpreter_info
  - name: OSV schema
    description: The form of the advisories.
    link: https://ossf.github.io/osv-schema/
"""

EXAMPLES = r"""
- name: See what is installed on each host
  fleet.python.interpreter_info:
    start: false
  become: true
  register: report_looked
  ignore_errors: true
  ignore_unreachable: true

- name: Write the page and the bill for all hosts
  fleet.python.report:
    html: /srv/reports/python.html
    sbom: /srv/reports/python.cdx.json
    lock: python.lock.yml
    advisories: /srv/advisory-database
"""

RETURN = r"""
summary:
  description:
    - How many hosts there are of each kind, and how many homes.
    - C(minors) has an entry for each minor version, newest first.
  returned: success
  type: dict
  sample:
    hosts: 5
    looked_at: 4
    unreachable: 1
    end_of_life: 2
written:
  description: The paths of the files that were written. In check mode, of those that would be.
  returned: success
  type: list
  elements: str
  sample: ["/srv/reports/python.html"]
"""
