"""What the plans of a source promise together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drill.plan.model import Objectives, Plan
from drill.recovery.coverage.reading import validity_of
from drill.recovery.facts import SourceKey

Promises = Mapping[SourceKey, Objectives]
"""What the plans promise for each source."""


def promises_of(plans: Iterable[Plan]) -> dict[SourceKey, Objectives]:
    """Return the strictest promise of each source: the longest retention, the shortest spans."""
    found: dict[SourceKey, Objectives] = {}
    for plan in plans:
        key = (plan.source.cloud, plan.source.instance_id)
        validity, retention = validity_of(plan.objectives), plan.objectives.retention
        cadence = plan.objectives.cadence
        before = found.get(key)
        if before is not None:
            validity = min(validity, validity_of(before))
            retentions = [one for one in (retention, before.retention) if one is not None]
            retention = max(retentions, default=None)
            cadences = [one for one in (cadence, before.cadence) if one is not None]
            cadence = min(cadences, default=None)
        found[key] = Objectives(retention=retention, proof_validity=validity, cadence=cadence)
    return found
