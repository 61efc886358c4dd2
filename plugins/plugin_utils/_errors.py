# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that turns an error below an action plugin into a sentence for the person at the terminal."""

from __future__ import annotations

from typing import Final

from ansible_collections.fleet.python.plugins.module_utils._text import clean
from ansible_collections.fleet.python.plugins.plugin_utils._boot.errors import BootError
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import AssetError
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import CatalogueError
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import RequestError
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import ResolveError
from ansible_collections.fleet.python.plugins.plugin_utils._bundle.files import BundleError
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError, state_of_host
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import PlatformError
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import ProbeError
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import LockError
from ansible_collections.fleet.python.plugins.plugin_utils._options import OptionsError
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import PlanError
from ansible_collections.fleet.python.plugins.plugin_utils._plan.task import TaskError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._report.osv import AdvisoryError
from ansible_collections.fleet.python.plugins.plugin_utils._report.write import ReportError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import SourceError

REFUSALS: Final = (
    AdvisoryError,
    AssetError,
    AttestationError,
    BootError,
    BundleError,
    CatalogueError,
    LockError,
    OptionsError,
    PlanError,
    PlatformError,
    ProbeError,
    ReportError,
    RequestError,
    ResolveError,
    SourceError,
    StageError,
    TaskError,
)

# What to do next, if the message itself does not say.
_NEXT: Final = (
    (
        SourceError,
        "Check source and the controller's way to it (proxy, certificate); or name a mirror, directory or bundle there",
    ),
    (ProbeError, "See that the connection and become work: ansible -m raw -a 'id' HOST"),
)


# In characters. A message may show a value from a file of others, which can have any length.
_LONGEST: Final = 4000


def refusal(error: Exception, host: str) -> str:
    """The message: host, what failed and why, what to do next; of a long reason the beginning and the end."""
    reason = clean(str(error))
    # A list, such as that of sources, ends without a word of ours.
    end = "\n" if "\n" in reason else ". "
    hint = next((f"{end}{text}." for kind, text in _NEXT if isinstance(error, kind)), "")
    if isinstance(error, StageError):
        hint = f"{end}{state_of_host(error)}."
    if len(reason) > _LONGEST:
        left_out = len(reason) - _LONGEST
        half = _LONGEST // 2
        reason = f"{reason[:half]} [{left_out} characters left out] {reason[-half:]}"
    return f"{host}: {reason}{hint}"
