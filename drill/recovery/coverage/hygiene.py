"""What drills leave behind: scratch instances, and how long copies of production live (C.13)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal

from drill.recovery.coverage.metric import Metric, seconds
from drill.recovery.coverage.ranking import value_at
from drill.recovery.tick import Tick

_NOT_BILLED = frozenset({None, math.inf})
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

    def count(self, copies: Sequence[Tick], prices: Mapping[str, float]) -> None:
        """Count the copies of drills of one cloud."""
        self.spans += [tick.lifetime for tick in copies if tick.lifetime is not None]
        billed = [
            tick for tick in copies if tick.ending.is_new and tick.lifetime not in _NOT_BILLED
        ]
        self.billed += len(billed)
        for tick in billed if prices else ():
            price = prices.get(tick.flavor or "")
            if price is not None:
                hours = Decimal(int(tick.lifetime or 0)) / _HOUR
                self.amounts.append(hours * Decimal(str(price)))

    def figures(self) -> Hygiene:
        """Return what was counted."""
        spans, amounts = sorted(self.spans), self.amounts
        left, n = spans.count(math.inf), len(spans)
        return Hygiene(
            leftovers=Metric(id="leftovers", value=left if n else None, numerator=left, n=n),
            lifetime_p95=seconds("copy_lifetime_p95", value_at(spans, 95), n=n),
            lifetime_max=seconds("copy_lifetime_max", value_at(spans, 100), n=n),
            cost=sum(amounts, Decimal(0)).quantize(_CENT, rounding=ROUND_UP) if amounts else None,
            priced=len(amounts),
            billed=self.billed,
        )


def hygiene_by_cloud(
    ticks: Iterable[Tick], prices: Mapping[str, Mapping[str, float]]
) -> tuple[CloudHygiene, ...]:
    """Return all clouds together, and then each that had a drill.

    ``prices`` are those per hour, by cloud and flavor; what has none is in no sum, and counted
    apart: no data, not 0.
    """
    inside: dict[str, list[Tick]] = {}
    for tick in ticks:
        inside.setdefault(tick.source[0], []).append(tick)
    by_cloud = {cloud: _Copies() for cloud in inside}
    for cloud, copies in by_cloud.items():
        copies.count(inside[cloud], prices.get(cloud, {}))
    together = _Copies(
        spans=[span for one in by_cloud.values() for span in one.spans],
        billed=sum(one.billed for one in by_cloud.values()),
    )
    return (
        CloudHygiene(cloud=None, figures=together.figures()),
        *(CloudHygiene(cloud=name, figures=by_cloud[name].figures()) for name in sorted(by_cloud)),
    )
