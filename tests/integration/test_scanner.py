# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real scanner, cve-bin-tool, reads the bill of materials and finds what is affected by its CPE.

Its database is made up of two entries: the real one comes from servers.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._report.gather import report_of
from ansible_collections.fleet.python.plugins.plugin_utils._report.sbom import fleet_sbom
from tests.unit.report.fleet import frame, home, looked
from tests.world.cache import Cache

_REQUIREMENTS = Path(__file__).with_name("scanner.txt")
# Name, vendor and product in the CPE, and the version that fixes it.
_ENTRIES = (("CVE-2024-8088", "python", "python", "3.12.6"), ("CVE-2099-0001", "openssl", "openssl", "3.0.17"))
_FILL = """
import json, sqlite3, sys
from cve_bin_tool.cvedb import CVEDB
database = sqlite3.connect(sys.argv[1])
for table in CVEDB.TABLE_SCHEMAS.values():
    database.execute(table)
for name, vendor, product, fixed in json.loads(sys.argv[2]):
    database.execute("insert into cve_severity values (?, 'HIGH', 'made up', 7, 3, '', 'NVD', '2026-01-01')", [name])
    values = [name, vendor, product, fixed]
    database.execute("insert into cve_range values (?, ?, ?, '*', '', '', '', ?, 'NVD')", values)
database.execute("insert into metrics values (1, 'EPSS')")
database.commit()
"""


@pytest.fixture(scope="module")
def scanner(world: Cache) -> Path:
    """The environment of the scanner, in the cache."""
    digest = hashlib.sha256(_REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    kept = world.downloads / f"scanner-{digest}"
    if not (kept / "complete").is_file():
        shutil.rmtree(kept, ignore_errors=True)
        subprocess.run([sys.executable, "-I", "-m", "venv", kept], check=True)
        pip: list[str | Path] = [
            kept / "bin" / "python",
            "-I",
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--quiet",
            "install",
        ]
        subprocess.run([*pip, "--no-deps", f"--requirement={_REQUIREMENTS}"], check=True)
        (kept / "complete").touch()
    return kept


@pytest.mark.slow
def test_what_is_affected_is_found(scanner: Path, tmp_path: Path) -> None:
    database = tmp_path / ".cache" / "cve-bin-tool" / "cve.db"
    database.parent.mkdir(parents=True)
    environment = {**os.environ, "HOME": str(tmp_path)}
    fill: list[str | Path] = [scanner / "bin" / "python", "-c", _FILL, database, json.dumps(_ENTRIES)]
    subprocess.run(fill, env=environment, check=True)
    old, new = home("3.12.2"), home("3.13.2", libraries={"openssl": "3.0.17"}, sha256="b" * 64)
    bill = tmp_path / "fleet.cdx.json"
    bill.write_text(fleet_sbom(report_of([("web1", looked(old, new))], frame())))
    found = tmp_path / "found.json"
    options = ["--offline", "--disable-version-check", "--sbom=cyclonedx", f"--sbom-file={bill}", "--format=json"]
    command: list[str | Path] = [scanner / "bin" / "cve-bin-tool", *options, f"--output-file={found}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert found.is_file(), done.stdout + done.stderr
    assert {(each["product"], each["version"], each["cve_number"]) for each in json.loads(found.read_text())} == {
        ("python", "3.12.2", "CVE-2024-8088"), ("openssl", "3.0.16", "CVE-2099-0001"),
    }  # fmt: skip
