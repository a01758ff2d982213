"""Which edition of the methodology a report follows: the register of metrics, as a digest."""

from __future__ import annotations

import hashlib

from drill.recovery.coverage.register import METRICS

METHODOLOGY_VERSION = sum(one.version for one in METRICS.values()) - len(METRICS) + 1
"""Rises by one whenever the formula of one metric changes its figures."""

METHODOLOGY_DIGEST = hashlib.sha256(
    "\n".join(
        f"{one.id}\t{one.version}\t{one.unit}\t{one.formula}"
        for one in sorted(METRICS.values(), key=lambda one: one.id)
    ).encode()
).hexdigest()[:16]
"""The first 16 digits of a SHA-256 over (id, version, unit, formula) of every metric."""
