# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Userlands that are not GNU's, and an environment that changes what their tools print."""

from __future__ import annotations

from tests.integration.conftest import Everywhere, NewHost
from tests.integration.target import Target

# How each lists its commands. Its links come first on PATH.
USERLANDS = {
    "gnu": "",
    "busybox": "busybox --list | sed 's|^|/usr/bin/busybox |'",
    "toybox": "toybox | tr ' ' '\\n' | sed 's|^|/usr/bin/toybox |'",
    "uutils": 'for program in /usr/lib/cargo/bin/coreutils/*; do echo "$program ${program##*/}"; done',
}
_ENVIRONMENT = {
    "TIME_STYLE": "+%s -> /etc",
    "QUOTING_STYLE": "shell-always",
    "BLOCK_SIZE": "human-readable",
    "GREP_OPTIONS": "--color=always",
}


def _host(new_host: NewHost, userland: str) -> Target:
    options = [f"--env={name}={value}" for name, value in _ENVIRONMENT.items()]
    target = new_host("debian12-others", *options, name=userland)
    target.sh("rm -f /usr/bin/python3 /usr/bin/python3.11")
    if USERLANDS[userland]:
        # The shell stays: these are the tools that it calls.
        target.sh(
            f"{USERLANDS[userland]} >/tmp/commands; mkdir /usr/local/own; "
            'while read -r program name; do case $name in sh | ash | "[") ;; *) '
            '[ -z "$name" ] || ln -s "$program" "/usr/local/own/$name" ;; esac; done </tmp/commands; rm /tmp/commands; '
            'for name in /usr/local/own/*; do [ -x "$name" ] && mv "$name" /usr/local/bin/; done'
        )
    return target


def test_each_installs_and_then_changes_nothing(new_host: NewHost, everywhere: Everywhere) -> None:
    targets = [_host(new_host, userland) for userland in USERLANDS]
    installed = everywhere(targets, transfer="push", links=["/usr/local/bin/python3.13"])
    assert all(outcome.ok()["changed"] for outcome in installed.values()), installed
    for target in targets:
        target.sh("/usr/local/bin/python3.13 -c 'import ssl, lzma'")
        target.sh("touch /opt/python/3.13/lib/python3.13/os.py; echo mine >/opt/python/3.13/bin/py")
    # The deep look does all that the quick one does.
    again = everywhere(targets, verify="deep", links=["/usr/local/bin/python3.13"])
    assert not any(outcome.ok()["changed"] for outcome in again.values()), again
    for target in targets:
        target.sh("echo '# changed' >>/opt/python/3.13/lib/python3.13/os.py")
    repaired = everywhere(targets)
    actions = {name: outcome.ok()["interpreters"][0]["action"] for name, outcome in repaired.items()}
    assert actions == dict.fromkeys(USERLANDS, "repaired")
    assert all(outcome.ok()["changed"] for outcome in everywhere(targets, state="absent").values())
    for target in targets:
        assert target.sh("echo /opt/*").strip() == "/opt/*"
