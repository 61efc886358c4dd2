#!/usr/bin/python
# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the task that runs on a host, with a host Python or with a staged one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: interpreter
short_description: Give hosts portable CPython interpreters
version_added: 0.1.0
author:
  - the fleet.python contributors (@fleet-python)
description:
  - Installs or removes interpreters of python-build-standalone on a host, each in its own directory below O(root).
  - Finds out what the host can run, chooses the build, fetches it, compares its SHA-256 digest, unpacks it, tries it,
    and only then links it. One rename switches a link.
  - Replaces build paths of python-build-standalone with the path of the home, so that extensions compile with the
    host's compiler. Where a build would find no CA certificates on Enterprise Linux 8 and older, it adds the right
    places.
  - If a build dies with an illegal instruction in its trial, the task warns, tries the next lower x86-64 level, and
    remembers that level for the host.
  - Each minor version has one link, for example C(/opt/python/3.13), C(3.13t) for a free-threaded build and C(3.13d)
    for a debug build. Virtual environments and services should use this path.
    It leads to the build that the latest run asked for.
options:
  version:
    description:
      - The requests, one in each entry.
      - A request is a version with one, two or three numbers, such as C(3), C(3.13), C(3.13.2), C(3.15.0rc1).
      - A letter asks for another kind of build, C(3.14t) for free-threaded and C(3.13d) for debug.
        C(3.13+lto) names build options, see O(build).
      - A request can also be a range such as C(>=3.12,<3.14), or C(==3.13.*). A string with a comma and without
        comparisons, such as C(3.12,3.13), is a list of requests, as everywhere in Ansible.
      - Write versions in quotes. YAML reads an unquoted C(3.10) as the number 3.1.
    type: list
    elements: str
    required: true
    version_added: 0.1.0
  state:
    description:
      - V(present) keeps an undamaged build of this collection that satisfies the request, and asks no catalogue and no
        source for that. If there is none, it installs the newest build that satisfies the request.
        With O(lock), it installs the build that the lock pins.
      - V(latest) installs the newest build in the catalogue or the lock.
      - V(absent) removes every build that satisfies the request, its links, and O(root) once it is empty.
        If another build of the same minor version stays, the link leads to that one.
        A build stays, with a warning, if a process runs from it or if a virtual environment below O(venv_roots) was
        made with it.
      - V(previous) switches the links of minor versions back to the builds that they led to before. It needs a version
        such as V(3.13), and a build that O(keep) has kept. A second run changes nothing.
      - Files of other tools below O(root) are never touched.
    type: str
    choices:
      - present
      - latest
      - absent
      - previous
    default: present
    version_added: 0.1.0
  transfer:
    description:
      - How archives reach the host.
      - V(pull) lets the host download from the URLs in O(source), with the task's C(environment).
      - V(push) lets the controller download each archive once, keep it in C($XDG_CACHE_HOME/fleet.python) or
        C(~/.cache/fleet.python), and copy it to the host. For a user who has no home, or may not write there, the
        cache is in the directory for temporary files. The cache holds 4096 MB, or as many as the environment
        variable C(FLEET_PYTHON_CACHE_MB) says. Beyond that, archives that were unused for the longest time are removed.
        The playbook C(fleet.python.clean_cache) empties it.
      - V(auto) lets the host try if O(source) has a URL and the host has a Python that can run modules, or C(curl) or
        C(wget). The controller pushes what the host gets from no source, also where its program cannot ask that source,
        such as a C(wget) that is Wget2 and a bucket that wants C(%2B). Wrong bytes are a failure, and are not tried
        again in another way. A host without network access spends O(connect_timeout) seconds on each source.
      - Archives of the flavor V(full), and those from a source on the controller, are always pushed.
      - A download resumes after a broken connection. One of the controller also resumes after a run that was cut off.
        On a terminal, the controller shows the progress of downloads and copies every five seconds. To see the
        progress of a download on a host, it lists the host's staging with one more command over the same connection.
    type: str
    choices:
      - auto
      - pull
      - push
    default: auto
    version_added: 0.1.0
  delta:
    description:
      - Whether a binary delta may take the place of a whole archive, where the host has an older build of the same
        minor version, triple and flavor. The delta of a patch release takes a quarter of the bytes or less.
        The home that comes of it is the same to the bit, with the same manifest and receipt.
      - V(auto) takes a delta that O(lock) names, by which ever way the archive would come. M(fleet.python.bundle) and
        the role C(fleet.python.mirror) write such deltas beside the archives, and such a lock. Where the archive would
        be pushed, it also takes one that the controller has, or that O(delta_link) says pays to be made.
      - V(always) makes one if need be. Unless O(transfer=pull) or O(lock) names one, it also makes the controller push
        where the host could download.
      - V(never) takes whole archives.
      - What comes of a delta that O(lock) names must be what the archive holds. To know that, the controller itself
        gets the archive from O(source), once for all hosts, and keeps it in its cache.
      - The controller makes each delta once for all hosts, in a minute or two and up to 1 GB of memory, and keeps it in
        its cache. It has to get both archives from O(source) for that, and the old one must be in the catalogue.
      - If there is no delta, or it does not fit because somebody has changed the old build, the whole archive comes.
        RV(interpreters[].delta_reason) or a warning says so.
    type: str
    choices:
      - auto
      - never
      - always
    default: auto
    version_added: 0.1.0
  delta_link:
    description:
      - How fast the way from the controller to the host is, in kB/s. V(0) if you do not know it.
      - With O(delta=auto), a missing delta is made if it saves one host more than the two minutes that making it takes.
        For the archives of 2024, that is so below about 300 kB/s.
    type: int
    default: 0
    version_added: 0.1.0
  root:
    description:
      - The directory on the host that contains everything, as an absolute path.
    type: str
    default: /opt/python
    version_added: 0.1.0
  links:
    description:
      - Extra links on the host, for example V(/usr/local/bin/python3.13). The module replaces only links, and only
        those that it has made or that lead below O(root).
      - A link leads to the program of the same name in the C(bin) of a minor link.
        A name that ends in a minor version belongs to that version, which must be among the requests. For example,
        V(/usr/local/bin/python3.12) leads to C(/opt/python/3.12/bin/python3.12).
        Every other name belongs to the first request, V(/usr/local/bin/python3) for example.
        A name that is no program of Python, such as V(/usr/local/bin/py), leads to the interpreter. A program that the
        build does not have is refused, such as C(2to3), which ended with 3.12.
      - O(state=absent) removes these links together with the minor link that they lead through, even if the task does
        not name them.
      - A C(python3.x) on the search path can become the interpreter that Ansible itself discovers on the host.
        Set C(ansible_python_interpreter) if you do not want that.
    type: list
    elements: str
    default: []
    version_added: 0.1.0
  keep:
    description:
      - How many older builds of a minor version stay on the host when its link is switched to another one. With V(all)
        nothing is removed, also not a damaged build that has been replaced. Use V(all) if several hosts or containers
        share O(root), since none of them sees the processes of the others.
      - A build always stays if a process runs from it, or if a virtual environment below O(venv_roots) was made with
        it. It also stays, with a warning, if processes of other users cannot be looked into, which takes root with
        C(CAP_SYS_PTRACE), and their command lines do not tell what they run.
      - The next run removes a build that stayed so, if nothing uses it any more. If something does, it stays until the
        link is switched again, or until O(state=absent).
    type: str
    default: "1"
    version_added: 0.1.0
  externally_managed:
    description:
      - Whether new builds get a file C(EXTERNALLY-MANAGED), as PEP 668 defines it, so that C(pip) refuses to install
        into them. Virtual environments are not affected.
    type: bool
    default: true
    version_added: 0.1.0
  compile_bytecode:
    description:
      - Whether the standard library of new builds is compiled to bytecode when it is installed. Without bytecode,
        programs start more slowly, since only the owner of O(root) can write it later.
      - Its tests, C(idlelib), C(turtledemo), C(lib2to3) and C(pydoc_data) are never compiled.
    type: bool
    default: true
    version_added: 0.1.0
  verify:
    description:
      - How an installed build is checked for damage. A damaged build is replaced by a new one. What people have put
        into its C(site-packages) is copied to the new one, and a warning names it.
      - V(quick) looks whether a file has come or gone since the installation, by the times of directories. If so,
        it does what V(files) does.
      - V(files) counts the files, and compares those that are newer than the installation by their digests.
      - V(deep) compares the SHA-256 digest of each, which takes seconds, or minutes on slow hosts. In a second round
        trip it starts each interpreter, since an upgrade of the system may have taken a library that it needs.
      - None of them checks C(site-packages) or bytecode. What the tools of a host cannot look at is no damage.
    type: str
    choices:
      - quick
      - files
      - deep
    default: quick
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
      - Whether to write C(/etc/ansible/facts.d/fleet_python.fact) on the host after a change, or if it is not there.
        Ansible's own gathering of facts then has what is installed, as C(ansible_local.fleet_python). It has an entry
        for each O(root), with C(interpreters) by minor link and C(homes).
      - Needs root. A folder above the file that others may write to is left alone, with a warning.
    type: bool
    default: false
    version_added: 0.1.0
  variables:
    description:
      - Take each option that is not set in the task from the variable of its name after this prefix, if there is one.
        With C(interpreter_), O(version) comes from C(interpreter_version). The role of the same name is made of this.
      - This costs the controller much less than an expression for each option.
    type: str
    version_added: 0.1.0
  _plan:
    description: For the action plugin only, not for playbooks.
    type: dict
requirements:
  - requests, on the controller, if it has to read from a source that is a URL
  - zstandard, on the controller, for the flavor V(full)
extends_documentation_fragment:
  - fleet.python._choice
  - fleet.python._choice.sources
  - fleet.python._choice.lock
  - fleet.python._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    details: Tested on Linux with glibc and with musl, on x86-64 and aarch64.
notes:
  - The host needs no Python. If it has none that is 3.9 or later, it needs POSIX C(sh), C(tar), C(gzip), one of
    C(sha256sum), C(shasum) and C(openssl), and C(curl) or C(wget) to download. These unpack the interpreter, which
    does the rest of the work. BusyBox has all of these.
  - The task needs no facts, so C(gather_facts) can be false.
  - If there is nothing to do, the task is one remote round trip. No module is uploaded to the host.
  - The default of O(root) belongs to the superuser, so most hosts need C(become).
  - If a source fails, the task tries the next one, and a warning names the skipped source once in a run. If all
    sources fail, the task fails with a line for each.
seealso:
  - module: fleet.python.interpreter_info
  - module: fleet.python.lock
  - module: fleet.python.platform_info
  - name: Guides
    description: Alpine, ARM, Enterprise Linux 8, upgrading, and what works with these interpreters.
    link: https://github.com/fleet-python/fleet.python/tree/main/docs
  - name: python-build-standalone
    description: The origin of the builds, and their peculiarities.
    link: https://gregoryszorc.com/docs/python-build-standalone/main/
"""

EXAMPLES = r"""
- name: Have a Python 3.13
  fleet.python.interpreter:
    version: "3.13"
  become: true
  register: result

- name: Make a virtual environment with it
  ansible.builtin.command:
    cmd: "{{ result.interpreter }} -m venv /srv/app/venv"
    creates: /srv/app/venv/bin/python
  become: true

- name: Have two minor versions, and the first one on the search path
  fleet.python.interpreter:
    version:
      - "3.13"
      - "3.12"
    links:
      - /usr/local/bin/python3.13
  become: true

- name: Have the newest 3.13 of one release, on all hosts the same
  fleet.python.interpreter:
    version: "3.13"
    state: latest
    release: "20250317"
  become: true

- name: Install what the lock file in git pins
  fleet.python.interpreter:
    version: "3.13"
    lock: "{{ playbook_dir }}/python.lock.yml"
  become: true

- name: Have a free-threaded Python, and one from a range of versions
  fleet.python.interpreter:
    version:
      - 3.14t
      - ">=3.11,<3.13"
  become: true

- name: Install from a mirror with builds of its own, through the controller
  fleet.python.interpreter:
    version: "3.13"
    source:
      - https://mirror.example.com/python-build-standalone
    catalogue: source
    transfer: push
  become: true

- name: Install from a directory of the controller, for hosts that reach no server
  fleet.python.interpreter:
    version: "3.13"
    source:
      - /srv/mirror/python-build-standalone
  become: true

- name: Have a Python in a home directory, without root
  fleet.python.interpreter:
    version: "3.13"
    root: /home/deploy/python

- name: Go back to the build that 3.13 was before
  fleet.python.interpreter:
    version: "3.13"
    state: previous
  become: true

- name: Have no Python 3.11 of ours any more
  fleet.python.interpreter:
    version: "3.11"
    state: absent
  become: true
"""

RETURN = r"""
interpreter:
  description:
    - The path of the first request's interpreter. It leads through the minor link, so it stays the same when builds
      change.
    - With O(state=absent), the path that it had, or V(null) if there was nothing.
  returned: success
  type: str
  sample: /opt/python/3.13/bin/python3.13
interpreters:
  description:
    - One entry for each request, in their order.
    - With O(state=absent), one entry for each build that is removed, and one for each request that nothing satisfied.
  returned: success
  type: list
  elements: dict
  contains:
    request:
      description: The entry of O(version).
      returned: success
      type: str
      sample: "3.13"
    action:
      description:
        - What the task has done, or would do in check mode.
        - V(installed) for the first build of its minor version.
        - V(upgraded) or V(rolled_back) if the minor link led to an older or a newer build before.
          V(rolled_back) also with O(state=previous).
        - V(repaired) if a new home of the same build replaces a damaged one.
        - V(kept) if there was nothing to do, V(removed) with O(state=absent).
      returned: success
      type: str
      sample: installed
    interpreter:
      description: The interpreter's path through the minor link.
      returned: unless nothing was to be removed
      type: str
      sample: /opt/python/3.13/bin/python3.13
    home:
      description: The directory of this build. Its contents never change.
      returned: unless nothing was to be removed
      type: str
      sample: /opt/python/cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu
    version:
      description: The version of CPython.
      returned: unless nothing was to be removed
      type: str
      sample: 3.13.2
    release:
      description: The release of python-build-standalone.
      returned: unless nothing was to be removed
      type: str
      sample: "20250317"
    asset:
      description: The name of the archive that it was unpacked from.
      returned: unless nothing was to be removed
      type: str
      sample: cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz
    sha256:
      description: The SHA-256 digest of that archive.
      returned: unless nothing was to be removed
      type: str
      sample: 0fbccc0127e58fb5e6f99ef77afe23fc596c46390c689d57eebb87a179fae7c6
    transfer:
      description: How its archive reached the host, V(pull) or V(push).
      returned: when it was installed, and not in check mode
      type: str
      sample: push
    transfer_reason:
      description: Why it was transferred in that way.
      returned: when it was installed, and not in check mode
      type: str
      sample: "the host got it from nowhere: https://mirror.example.com/: Connection refused"
    sent_bytes:
      description: How many bytes the controller has sent for it in this run, as archive or as delta. 0 for V(pull).
      returned: when it was installed, and not in check mode
      type: int
      sample: 11253379
    pulled_bytes:
      description: How many bytes the host has downloaded for it, as an archive or as a delta. 0 for V(push).
      returned: when it was installed, and not in check mode
      type: int
      sample: 0
    delta:
      description: Whether a delta came in place of the archive.
      returned: when it was installed, and not in check mode
      type: bool
      sample: true
    delta_reason:
      description: Why that was so.
      returned: when it was installed, and not in check mode
      type: str
      sample: cpython-3.12.2+20240224-x86_64_v2-unknown-linux-gnu is whole
    in_use:
      description: Why a build that was to be removed has stayed.
      returned: when it has
      type: str
      sample: process 812 (gunicorn) runs from it
platform:
  description:
    - What the host can run. RV(fleet.python.platform_info#module:platform) explains each key, and has two more.
  returned: success
  type: dict
  sample:
    arch: x86_64
    bits: 64
    float_abi:
    kernel_arch: x86_64
    level: 3
    libc: gnu
    libc_version: "2.36"
    notes: []
    system: linux
    triples:
      - x86_64_v3-unknown-linux-gnu
      - x86_64_v2-unknown-linux-gnu
      - x86_64-unknown-linux-gnu
steps:
  description: What was done, in order. Empty in check mode, and if there was nothing to do.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description:
        - The controller does V(push), and the first V(stage) of a host without Python.
        - The host does V(lock), V(sweep), V(stage), V(download), V(unpack), V(relocate), V(try), V(compile), V(place),
          V(link), V(remove) and V(facts).
      returned: success
      type: str
      sample: unpack
    home:
      description: The name of the home that it was done for, or empty if it was for none in particular.
      returned: success
      type: str
      sample: cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu
    seconds:
      description: How long it took.
      returned: success
      type: float
      sample: 1.204
trials:
  description: For each installed home, the report of its interpreter from the trial.
  returned: when something was changed, and not in check mode
  type: dict
  sample:
    cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu:
      absent: []
      ca_certificates: 140
      executable_stacks: []
      machine: x86_64
      openssl: OpenSSL 3.0.16 11 Feb 2025
      version: 3.13.2
"""

import os
import shutil

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleet.python.plugins.module_utils._home.apply import apply_plan, sweep_only
from ansible_collections.fleet.python.plugins.module_utils._home.steps import ApplyError
from ansible_collections.fleet.python.plugins.module_utils._options import interpreter_options


def main() -> None:
    """Apply the plan that the action plugin has made."""
    module = AnsibleModule(argument_spec=interpreter_options(), supports_check_mode=True)
    plan = module.params["_plan"]
    if plan is None:
        module.fail_json(msg="this module is run by its action plugin, which has found no plan to give it")
    if module.check_mode:
        module.exit_json(changed=True, steps=[], trials={})
    try:
        result = sweep_only(plan["root"]) if plan.get("sweep_only") else apply_plan(plan)
    except ApplyError as error:
        # Ansible itself uses the word "unreachable".
        module.fail_json(
            msg=str(error),
            changed=bool(error.done),
            done=list(error.done),
            illegal_instruction=error.illegal_instruction,
            concurrent_run=error.concurrent_run,
            unreached=error.unreached,
            unfit_delta=error.unfit_delta,
        )
    module.exit_json(temporary_removed=_removed(plan["temporary"]), **result)


def _removed(folder: str) -> bool:
    """Remove Ansible's temporary directory, from which this module has run. Returns whether it is gone."""
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    return bool(folder) and not os.path.lexists(folder)


if __name__ == "__main__":
    main()
