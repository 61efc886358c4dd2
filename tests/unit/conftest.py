# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long an example of Hypothesis takes is the machine's matter: no test fails for it."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Hypothesis has a profile for CI, which stays what it was in all else.
settings.register_profile("any speed", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")
