"""What holds for every test: no variable of ours in the environment, and steady property tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

for name in [name for name in os.environ if name.startswith("DRILL_") and "TEST" not in name]:
    del os.environ[name]

# The machine may be slow or busy, and a red run must be red again: the examples are the same every
# time here; `HYPOTHESIS_PROFILE=search` looks for new ones.
settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
