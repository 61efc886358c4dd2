# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values with what shells take for orders: they are names like any others, or are refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Cases, Everywhere, Interpreter, NewHost, Serve
from tests.integration.target import Target
from tests.world.cache import Cache

# Each would make the file /pwned, were a shell to see it in the open.
ORDERS = 'it\'s "$(touch /pwned)" ; touch /pwned; `touch /pwned` & \\ * $HOME #'
# Quotes, backslashes and dollars are refused in a root: sysconfig and scripts cannot carry them.
ROOM = "a b ; touch /pwned & * # (c)"


def _not_obeyed(target: Target) -> None:
    assert not target.look.file("/pwned").exists


@pytest.mark.parametrize(("image", "transfer"), [("alpine", "pull"), ("debian12-python3", "push")])
def test_root_and_links(image: str, transfer: str, new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host(image)
    before = target.state("/srv", "/usr/local")
    root = f"/srv/{ROOM}/python"
    link = f"/usr/local/bin/{ORDERS}/python3.13"
    result = interpreter(target, root=root, links=[link], transfer=transfer).ok()
    assert result["interpreter"] == f"{root}/3.13/bin/python3.13"
    for python in (result["interpreter"], link):
        target.sh('"$1" -c "import ssl"', python)
    assert not interpreter(target, root=root, links=[link], transfer=transfer).ok()["changed"]
    target.sh('rm "$1/3.13/lib/python3.13/json/__init__.py"', root)
    assert interpreter(target, root=root, links=[link], transfer=transfer).ok()["changed"]
    assert interpreter(target, root=root, links=[link], state="absent").ok()["changed"]
    assert not target.look.file("/opt/python").exists
    # Each of the names has a slash in it, so each is several folders; they must be empty.
    target.sh('cd /srv; rmdir -p "$1"; cd /usr/local/bin; rmdir -p "$2"', ROOM, ORDERS)
    assert target.state("/srv", "/usr/local") == before
    _not_obeyed(target)


REFUSED: tuple[dict[str, Any], ...] = (
    {"version": "3.13; touch /pwned"},
    {"version": "$(touch /pwned)"},
    {"release": "$(touch /pwned)"},
    {"release": "../../etc"},
    {"root": "opt/python"},
    {"root": "/"},
    {"root": f"/srv/{ORDERS}/python"},
    {"root": "/opt/python\ntouch /pwned"},
    {"links": ["bin/python3.13"]},
    {"links": ["/usr/local/bin/python3.13\n/pwned"]},
    {"source": "file:///etc"},
    {"source": "$(touch /pwned)"},
    {"catalogue": "$(touch /pwned)"},
    {"build": "$(touch /pwned)"},
)


def test_refused(new_host: NewHost, cases: Cases, tmp_path: Path) -> None:
    """Each by itself. Names of a catalogue that lead elsewhere are among them."""
    target = new_host("alpine")
    before = target.state()
    given = [*REFUSED]
    name = "cpython-3.13.2+20250993-x86_64-unknown-linux-musl-install_only_stripped.tar.gz"
    paths = (f"../../{name}", f"20250993/../{name}", f"20250993/{name};touch /pwned", f"$(touch /pwned)/{name}")
    for number, path in enumerate(paths):
        (tmp_path / f"sums{number}").write_text(f"{'0' * 64}  {path}\n")
        given.append({"catalogue": str(tmp_path / f"sums{number}")})
    outcomes = cases({f"case{number}": (target, options) for number, options in enumerate(given)})
    assert len(outcomes) == len(given)
    for outcome in outcomes.values():
        outcome.refusal()
    assert target.state() == before
    _not_obeyed(target)


def test_source_url(new_host: NewHost, everywhere: Everywhere, serve: Serve, world: Cache, tmp_path: Path) -> None:
    """A mirror may lie below any path; the host downloads from it."""
    targets = [new_host("alpine"), new_host("debian12-python3")]
    below = "a'b\"$(touch%20/pwned);`touch%20/pwned`"
    served = tmp_path / "mirror" / "a'b\"$(touch /pwned);`touch /pwned`"
    for name in ("20250317", "20250993"):
        shutil.copytree(world.mirror / name, served / name)
    shutil.copy(world.mirror / "SHA256SUMS", served)
    outcomes = everywhere(targets, source=f"{serve(tmp_path / 'mirror').url}/{below}", transfer="pull")
    for target in targets:
        outcomes[target.name].ok()
        target.sh("/opt/python/3.13/bin/python3.13 -c 'import ssl'")
        _not_obeyed(target)


def test_link_of_another_name_leads_to_the_interpreter(new_host: NewHost, interpreter: Interpreter) -> None:
    """Or is refused: a link that leads nowhere is neither."""
    target = new_host("alpine")
    outcome = interpreter(target, links=["/usr/local/bin/our-python"])
    if outcome.status == "ok":
        target.sh("/usr/local/bin/our-python -c 'import ssl'")
    else:
        assert "/usr/local/bin/our-python" in outcome.refusal()


def test_secrets_of_a_url_are_not_shown(new_host: NewHost, cases: Cases, serve: Serve, tmp_path: Path) -> None:
    """Neither where all goes well nor in a refusal."""
    target = new_host("alpine")
    url = serve(tmp_path).url.replace("http://", "http://user:geheim@") + "/?token=geheim"
    catalogue = tmp_path / "sums"
    name = "cpython-3.13.2+20250993-x86_64-unknown-linux-musl-install_only_stripped.tar.gz"
    catalogue.write_text(f"{'0' * 64}  20250993/{name}\n")
    given = {transfer: (target, {"transfer": transfer}) for transfer in ("pull", "push")}
    for outcome in cases(given, source=url, catalogue=str(catalogue)).values():
        assert "geheim" not in outcome.refusal()
