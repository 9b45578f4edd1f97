"""How the property tests run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Hypothesis builds its Unicode tables in the first draw of a fresh checkout; that takes a second.
settings.register_profile("unit", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")
