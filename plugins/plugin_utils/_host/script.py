# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare an sh script for a host: values first, then the script without comments and indentation."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path


def script_text(values: Mapping[str, str], *names: str) -> str:
    """Join the scripts ``names`` (such as ``_host/probe.sh``), after assignments of ``values``, quoted for sh."""
    settings = [f"{key}={shlex.quote(value)}" for key, value in values.items()]
    text = "".join((Path(__file__).parents[1] / name).read_text(encoding="utf-8") for name in names)
    lines = (line.strip() for line in text.splitlines())
    return "\n".join([*settings, *(line for line in lines if line and not line.startswith("#"))]) + "\n"
