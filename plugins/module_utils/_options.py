# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specs that modules and action plugins share. Each module documents its own options."""

from __future__ import annotations

import copy
from typing import Any

# Options that decide which build is chosen, and where it comes from.
_CHOICE: dict[str, Any] = {
    "release": {"type": "str"},
    "flavor": {
        "type": "str",
        "default": "install_only_stripped",
        "choices": ["install_only_stripped", "install_only", "full"],
    },
    "build": {"type": "str"},
    "libc": {"type": "str", "default": "auto", "choices": ["auto", "gnu", "musl"]},
    "max_level": {"type": "int", "default": 3, "choices": [1, 2, 3, 4]},
    "prerelease": {"type": "bool", "default": False},
    "source": {
        "type": "list",
        "elements": "str",
        "default": [
            "https://releases.astral.sh/github/python-build-standalone/releases/download",
            "https://github.com/astral-sh/python-build-standalone/releases/download",
        ],
    },
    "catalogue": {"type": "str", "default": "bundled"},
    "insecure_source": {"type": "bool", "default": False},
    "minimum_age": {"type": "int", "default": 0},
    "timeout": {"type": "int", "default": 30},
    "connect_timeout": {"type": "int", "default": 10},
    "min_rate": {"type": "int", "default": 1000},
    "download_timeout": {"type": "int", "default": 3600},
    "proxy": {"type": "str", "no_log": True},
    "ca_path": {"type": "path"},
    "headers": {"type": "dict", "no_log": True},
    "lock": {"type": "path"},
}

# Who must have built what is pinned, bundled or chosen, and where that is proven.
_ATTESTATION: dict[str, Any] = {
    "attestation": {"type": "str", "default": "when_present", "choices": ["off", "when_present", "required"]},
    "attestation_source": {"type": "list", "elements": "str", "default": ["github", "source"]},
    "attestation_token": {"type": "str", "no_log": True},
    "attestation_repository": {"type": "str", "default": "astral-sh/python-build-standalone"},
    "attestation_workflow": {"type": "str", "default": ".github/workflows/release.yml@refs/heads/main"},
    "attestation_issuer": {"type": "str", "default": "https://token.actions.githubusercontent.com"},
    "attestation_trusted_root": {"type": "path"},
}

_INTERPRETER: dict[str, Any] = {
    "version": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "latest", "absent", "previous"]},
    "transfer": {"type": "str", "default": "auto", "choices": ["auto", "pull", "push"]},
    "delta": {"type": "str", "default": "auto", "choices": ["auto", "never", "always"]},
    "delta_link": {"type": "int", "default": 0},
    # Paths on the host do not have the type "path", which would expand the controller's home and variables.
    "root": {"type": "str", "default": "/opt/python"},
    "links": {"type": "list", "elements": "str", "default": []},
    "keep": {"type": "str", "default": "1"},
    "externally_managed": {"type": "bool", "default": True},
    "compile_bytecode": {"type": "bool", "default": True},
    "verify": {"type": "str", "default": "quick", "choices": ["quick", "files", "deep"]},
    "venv_roots": {"type": "list", "elements": "str", "default": []},
    "facts": {"type": "bool", "default": False},
    "variables": {"type": "str"},
    # The plan of the action plugin. Playbooks never set it.
    "_plan": {"type": "dict"},
}


def interpreter_options() -> dict[str, Any]:
    """The argument spec of M(fleet.python.interpreter)."""
    return copy.deepcopy(dict(_CHOICE, **_INTERPRETER))


def platform_options() -> dict[str, Any]:
    """The argument spec of M(fleet.python.platform_info)."""
    return copy.deepcopy({name: _CHOICE[name] for name in ("libc", "max_level")})


def interpreter_info_options() -> dict[str, Any]:
    """The argument spec of M(fleet.python.interpreter_info)."""
    own = {"start": {"type": "bool", "default": True}}
    return copy.deepcopy(dict({name: _INTERPRETER[name] for name in ("root", "verify")}, **own))


def report_options() -> dict[str, Any]:
    """The argument spec of M(fleet.python.report)."""
    left_out = ("release", "flavor", "build", "prerelease", "minimum_age")
    own = {
        "results": {"type": "str", "default": "report_looked"},
        "transfers": {"type": "list", "elements": "str", "default": []},
        "html": {"type": "path"},
        "json": {"type": "path"},
        "csv": {"type": "path"},
        "sbom": {"type": "path"},
        "sbom_each": {"type": "bool", "default": False},
        "advisories": {"type": "path"},
        "advisories_repository": {"type": "path"},
        "title": {"type": "str", "default": "Python on this fleet"},
        "today": {"type": "str"},
    }
    return copy.deepcopy(dict({name: _CHOICE[name] for name in _CHOICE if name not in left_out}, **own))


def lock_options() -> dict[str, Any]:
    """The argument spec of M(fleet.python.lock)."""
    own = {
        "path": {"type": "path", "required": True},
        "version": {"type": "list", "elements": "str", "required": True},
        "triples": {"type": "list", "elements": "str"},
    }
    choice = {name: _CHOICE[name] for name in _CHOICE if name != "lock"}
    return copy.deepcopy(dict(choice, **_ATTESTATION, **own))


def bundle_options() -> dict[str, Any]:
    """The argument spec of M(fleet.python.bundle)."""
    own = {
        "path": {"type": "path", "required": True},
        "version": {"type": "list", "elements": "str"},
        "triples": {"type": "list", "elements": "str"},
        "carriers": {"type": "list", "elements": "path", "default": []},
        "delta_from": {"type": "int", "default": 0},
    }
    return copy.deepcopy(dict(_CHOICE, **_ATTESTATION, **own))


def boot_options() -> dict[str, Any]:
    """The argument spec of M(fleet.python.boot)."""
    kept = ("root", "links", "keep", "externally_managed", "compile_bytecode", "venv_roots", "facts")
    own = {
        "path": {"type": "path", "required": True},
        "lock": {"type": "path", "required": True},
        "version": {"type": "list", "elements": "str"},
        "carrier_path": {"type": "path"},
        "carrier_source": {"type": "list", "elements": "str"},
        "secrets": {"type": "bool", "default": False, "no_log": False},
        "delay": {"type": "int", "default": 0},
        "spread": {"type": "int", "default": 10},
        "retries": {"type": "int", "default": 5},
    }
    return copy.deepcopy({**_CHOICE, **{name: _INTERPRETER[name] for name in kept}, **own})


def asset_options() -> dict[str, Any]:
    """The argument spec of M(fleet.python.asset_info)."""
    own = {"version": {"type": "str", "required": True}, "triples": {"type": "list", "elements": "str"}}
    return copy.deepcopy(dict(_CHOICE, **_ATTESTATION, **own))
