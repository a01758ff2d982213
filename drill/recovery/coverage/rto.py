"""Recovery times: quantiles in which a failure took forever, and attainment (coverage C.11)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from drill.recovery.coverage.evidence import has_failed, is_conclusive
from drill.recovery.coverage.metric import Metric, seconds, share
from drill.recovery.coverage.ranking import nearest_rank
from drill.recovery.facts import DrillFacts
from drill.recovery.measure import Attainment, assess

ENOUGH_FOR_P95 = 20
"""Below this many drills the longest one is shown instead of p95."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryTimes:
    """RTA of conclusive drills. Infinite is "not reached"."""

    p50: Metric
    p90: Metric
    p95: Metric
    longest: Metric
    attainment: Metric

    @property
    def tail(self) -> Metric:
        """Return what may be shown as the bad case: p95, or the longest where there are few."""
        return self.p95 if self.p95.n >= ENOUGH_FOR_P95 else self.longest


def recovery_times(
    passed: Iterable[timedelta],
    *,
    failed: int,
    target: timedelta | None,
    unknown: int = 0,
    bounds: int = 0,
    undecided: int = 0,
) -> RecoveryTimes:
    """Return the quantiles and the attainment of conclusive drills.

    Failed ones took forever. ``unknown`` passed without a measured RTA: they are in no figure,
    and a flag says so. Of those in ``passed``, ``bounds`` are upper bounds, which a flag says; an
    ``undecided`` one of them may have met the target or not, and is in no attainment.
    """
    values = [span / timedelta(milliseconds=1) for span in passed] + [math.inf] * failed
    flags = (*(("rta_unknown",) if unknown else ()), *(("rta_at_most",) if bounds else ()))
    n = len(values)
    attained = 0
    if target is not None:
        attained = sum(1 for value in values if value <= target / timedelta(milliseconds=1))
    return RecoveryTimes(
        p50=seconds("rta_p50", nearest_rank(values, 50), n=n, flags=flags),
        p90=seconds("rta_p90", nearest_rank(values, 90), n=n, flags=flags),
        p95=seconds("rta_p95", nearest_rank(values, 95), n=n, flags=flags),
        longest=seconds("rta_max", nearest_rank(values, 100), n=n, flags=flags),
        attainment=share(
            "rto_attainment",
            attained,
            n - undecided if target is not None else 0,
            n=n - undecided,
            flags=flags if target is not None else (*flags, "no_rto_target"),
        ),
    )


def recovery_times_of(drills: Sequence[DrillFacts], *, target: timedelta | None) -> RecoveryTimes:
    """Return the recovery times of drills; simulated and inconclusive ones count nowhere."""
    conclusive = [drill for drill in drills if is_conclusive(drill)]
    passed = [drill for drill in conclusive if not has_failed(drill)]
    return recovery_times(
        [drill.rta for drill in passed if drill.rta is not None],
        failed=len(conclusive) - len(passed),
        unknown=sum(1 for drill in passed if drill.rta is None),
        bounds=sum(1 for drill in passed if drill.rta is not None and drill.unattended),
        undecided=sum(1 for drill in passed if _is_undecided(drill, target)),
        target=target,
    )


def _is_undecided(drill: DrillFacts, target: timedelta | None) -> bool:
    """Tell whether the drill has an RTA that neither meets nor misses the target."""
    if drill.rta is None or target is None:
        return False
    judged = assess(target, drill.rta, unattended=drill.unattended)
    return judged.attainment is Attainment.NO_DATA
