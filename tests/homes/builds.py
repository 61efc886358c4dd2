# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real builds of the test world that the tests here name, as ``<release>/<asset>``, and their homes."""

from __future__ import annotations

_GNU = "unknown-linux-gnu-install_only_stripped"

PY39 = f"20210724/cpython-3.9.6-x86_64-{_GNU}-20210724T1424.tar.gz"
PY310_V3 = f"20221106/cpython-3.10.8+20221106-x86_64_v3-{_GNU}.tar.gz"
PY311 = f"20230116/cpython-3.11.1+20230116-x86_64_v2-{_GNU}.tar.gz"
PY312_2 = f"20240224/cpython-3.12.2+20240224-x86_64_v2-{_GNU}.tar.gz"
PY312_6 = f"20240909/cpython-3.12.6+20240909-x86_64_v2-{_GNU}.tar.gz"
PY313 = f"20250317/cpython-3.13.2+20250317-x86_64_v2-{_GNU}.tar.gz"

REAL = (PY39, PY310_V3, PY311, PY312_2, PY312_6, PY313)

HOME_312_2 = "/opt/python/cpython-3.12.2+20240224-x86_64_v2-unknown-linux-gnu"
HOME_312_6 = "/opt/python/cpython-3.12.6+20240909-x86_64_v2-unknown-linux-gnu"
HOME_313 = "/opt/python/cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu"
