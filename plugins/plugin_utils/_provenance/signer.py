# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who must have built an asset: the repository, the workflow, and who vouches for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import release_date
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError

REPOSITORY: Final = "astral-sh/python-build-standalone"
# .github/workflows/release.yml there is started by hand (workflow_dispatch) on the branch main, and attests dist/*.
WORKFLOW: Final = ".github/workflows/release.yml@refs/heads/main"
ISSUER: Final = "https://token.actions.githubusercontent.com"
# The first release with attestations (python-build-standalone #517).
FIRST_RELEASE: Final = "20250212"

_GITHUB: Final = "https://github.com"
_NAME: Final = re.compile(r"(?:(https://[\w.:-]+)/)?([\w.-]+/[\w.-]+?)(?:\.git)?/?", re.ASCII)
_WORKFLOW: Final = re.compile(r"[\w./ +-]+@refs/[\w./ +@-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Signer:
    """The workflow whose signature counts."""

    server: str = _GITHUB
    """The URL of the GitHub that the repository is on."""
    repository: str = REPOSITORY
    """``OWNER/REPOSITORY``."""
    workflow: str = WORKFLOW
    """File and ref, with ``@`` between them."""
    issuer: str = ISSUER
    """Who vouches for the workflow's identity: the issuer of its OIDC token."""

    @property
    def url(self) -> str:
        """The repository's URL."""
        return f"{self.server}/{self.repository}"

    @property
    def identity(self) -> str:
        """What the certificate calls the workflow."""
        return f"{self.url}/{self.workflow}"

    @property
    def ref(self) -> str:
        """The branch or tag, as ``refs/heads/main``."""
        return self.workflow.partition("@")[2]

    def attests(self, release: str) -> bool:
        """Whether builds of a release should have an attestation. Of other repositories only they can know."""
        upstream = (self.server, self.repository) == (_GITHUB, REPOSITORY)
        return not upstream or release_date(release) >= FIRST_RELEASE


def signer_of(options: Mapping[str, Any]) -> Signer:
    """The signer of a task's options. Raises AttestationError naming the option that makes no sense."""
    name = _NAME.fullmatch(options["attestation_repository"])
    if not name:
        raise AttestationError(
            f"attestation_repository: {options['attestation_repository']!r} is neither OWNER/REPOSITORY nor the "
            "https URL of a repository"
        )
    if not _WORKFLOW.fullmatch(options["attestation_workflow"]):
        raise AttestationError(
            f"attestation_workflow: {options['attestation_workflow']!r} is no file and ref such as {WORKFLOW}"
        )
    if not options["attestation_issuer"].startswith("https://"):
        raise AttestationError(f"attestation_issuer: {options['attestation_issuer']!r} is no https URL")
    return Signer(
        server=name[1] or _GITHUB,
        repository=name[2],
        workflow=options["attestation_workflow"],
        issuer=options["attestation_issuer"].rstrip("/"),
    )
