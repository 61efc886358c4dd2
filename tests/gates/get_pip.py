# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for get-pip.py, which ansible-test would download from its own server: pip comes with Python."""

from __future__ import annotations

import os
import subprocess
import sys

arguments = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
environment = {name: value for name, value in os.environ.items() if name != "GET_PIP"}
subprocess.run(
    [sys.executable, "-m", "ensurepip", "--default-pip"], check=True, env=environment, stdout=subprocess.DEVNULL
)
subprocess.run([sys.executable, "-m", "pip", "install", "--upgrade", *arguments], check=True, env=environment)
