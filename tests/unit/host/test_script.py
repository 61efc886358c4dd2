# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts as commands: one short line, which every login shell and dropbear pass on."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._connection.download_progress import far_script
from ansible_collections.fleet.python.plugins.plugin_utils._execute.host_python import usable_script
from ansible_collections.fleet.python.plugins.plugin_utils._host import script
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import probe_script
from ansible_collections.fleet.python.plugins.plugin_utils._host.script import command_of, passes

SHELLS = [shell for shell in ("dash", "bash", "busybox", "ksh93", "mksh") if shutil.which(shell)]
SCRIPT = r"""
# A comment goes.
tell() {
  printf "%s %s\n" "$1" "$first"
}
first=$FLEET_FIRST
count=0
for each in a b \
  c; do
  case $each in
    a | b)
      tell "$each"
      ;;
    *) tell other ;;
  esac
  count=$((count + 1))
done
while read -r first second; do
  if [ -n "$second" ]; then
    tell "$second"
  else
    tell none
  fi
done <<X
X
printf "%s lines, %s\n" "$count" "${FLEET_FIRST%%"$NEWLINE"*}"
"""


def test_the_probe_passes_with_links_and_options() -> None:
    links = [f"/usr/local/bin/python3.{minor}" for minor in range(9, 15)]
    assert passes(probe_script("/opt/python", links, verify="deep", detail=True, prerequisites=True))
    assert passes(usable_script(["/usr/bin/python3.11", "/opt/my pythons/3.13/bin/python3.13"]))
    assert passes(far_script("/opt/python", "module-*"))
    # Such a one travels as a file.
    assert not passes(probe_script("/opt/python", [f"/usr/local/bin/python-{number}" for number in range(200)]))


@pytest.mark.parametrize("text", ["a\nb", r"a \\ b", r"a \' b", "echo !x", "x" * 8000, "'" * 1000])
def test_what_a_shell_would_not_pass_on(text: str) -> None:
    assert not passes(text)


@pytest.mark.parametrize("text", ["[ ! -e x ]", r'printf "%s\n" "\$a"', "x" * 7000])
def test_what_every_shell_passes_on(text: str) -> None:
    assert passes(text)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_on_one_line_does_the_same(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Without the lines that a command cannot have.
    text = SCRIPT.replace("done <<X\nX\n", "done </dev/null\n")
    monkeypatch.setattr(script, "_file", {"_host/test.sh": text}.__getitem__)
    line = command_of(("FLEET_FIRST",), "_host/test.sh").text({"FLEET_FIRST": "a 'b'\nc"})
    assert "\n" not in line
    assert "first" not in line
    command = [shell, "sh", "-c", line] if shell == "busybox" else [shell, "-c", line]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "a a 'b'\nc\nb a 'b'\nc\nother a 'b'\nc\n3 lines, a 'b'\n"
