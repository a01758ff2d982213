"""What drills leave behind: scratch instances, and how long copies of production live (C.13)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_UP, Decimal

from drill.recovery.coverage.intervals import milliseconds_of
from drill.recovery.coverage.metric import Metric, seconds
from drill.recovery.coverage.ranking import nearest_rank
from drill.recovery.facts import DrillFacts

LEAKED, CLEAN = "leaked", "clean"
"""Answers of a teardown after which something is known of the copy."""

_CENT = Decimal("0.01")
_HOUR = Decimal(3_600_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hygiene:
    """What the finished, real drills of a period left behind."""

    leftovers: Metric
    """Copies that outlived their drill; it has to be 0."""
    lifetime_p95: Metric
    lifetime_max: Metric
    cost: Decimal | None
    """Of new scratch instances, in the money of the price list; None if none has a price."""
    priced: int
    """Drills in the cost."""
    billed: int
    """Drills that had a new instance for a known time."""


def lifetime_of(drill: DrillFacts) -> float | None:
    """Return how long a copy of the source lived, in milliseconds: from the accepted restore to
    the end of teardown. Infinite while it is left over; None where there was none, or nothing is
    known yet.

    Teardown that was taken up again, for what had leaked, counts to its last end. Drills of earlier
    versions know their end alone.
    """
    if drill.is_simulated or drill.restore_accepted_at is None or drill.finished_at is None:
        return None
    if drill.teardown == LEAKED:
        return math.inf
    if drill.teardown != CLEAN:
        return None
    ended = drill.torn_down_at or drill.finished_at
    return milliseconds_of(max(ended - drill.restore_accepted_at, timedelta(0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudHygiene:
    """One cloud, or all of them together: then there is no cost, for each has its own money."""

    cloud: str | None
    figures: Hygiene


@dataclass(slots=True)
class _Copies:
    """Copies of a group of drills, while they are counted."""

    spans: list[float] = field(default_factory=list)
    """How long each lived, in milliseconds."""
    amounts: list[Decimal] = field(default_factory=list)
    billed: int = 0

    def add(self, drill: DrillFacts, prices: Mapping[str, float]) -> None:
        """Count the copy of a drill, if it had one."""
        span = lifetime_of(drill)
        if span is None:
            return
        self.spans.append(span)
        if drill.target_kind == "new" and not math.isinf(span):
            self.billed += 1
            price = prices.get(drill.flavor or "")
            if price is not None:
                self.amounts.append(Decimal(int(span)) / _HOUR * Decimal(str(price)))

    def figures(self) -> Hygiene:
        """Return what was counted."""
        spans, amounts = sorted(self.spans), self.amounts
        left, n = spans.count(math.inf), len(spans)
        return Hygiene(
            leftovers=Metric(id="leftovers", value=left if n else None, numerator=left, n=n),
            lifetime_p95=seconds("copy_lifetime_p95", nearest_rank(spans, 95), n=n),
            lifetime_max=seconds("copy_lifetime_max", nearest_rank(spans, 100), n=n),
            cost=sum(amounts, Decimal(0)).quantize(_CENT, rounding=ROUND_UP) if amounts else None,
            priced=len(amounts),
            billed=self.billed,
        )


def hygiene_by_cloud(
    drills: Iterable[DrillFacts], prices: Mapping[str, Mapping[str, float]]
) -> tuple[CloudHygiene, ...]:
    """Return all clouds together, and then each that had a drill; a drill is looked at once.

    ``prices`` are those per hour, by cloud and flavor; what has none is in no sum, and counted
    apart: no data, not 0.
    """
    by_cloud: dict[str, _Copies] = {}
    for drill in drills:
        copies = by_cloud.get(drill.cloud)
        if copies is None:
            copies = by_cloud[drill.cloud] = _Copies()
        copies.add(drill, prices.get(drill.cloud, {}))
    together = _Copies(
        spans=[span for one in by_cloud.values() for span in one.spans],
        billed=sum(one.billed for one in by_cloud.values()),
    )
    return (
        CloudHygiene(cloud=None, figures=together.figures()),
        *(CloudHygiene(cloud=name, figures=by_cloud[name].figures()) for name in sorted(by_cloud)),
    )
