"""What an instance that should be gone has cost so far. Pure; what is not known is no data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal

from drill.recovery.values import Instance

_CENT = Decimal("0.01")
_HOUR = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """How long an instance has existed, and what that costs at the price per hour of its flavor."""

    existed: timedelta | None = None
    """None where the cloud does not say when it was created."""
    amount: Decimal | None = None
    """In the money of the price list; None where there is no price or no age: never 0."""


NO_COST = Cost()


def cost_of(instance: Instance, prices: Mapping[str, Decimal], *, now: datetime) -> Cost:
    """Return what an instance has cost from its creation until now, rounded up to a cent."""
    if instance.created_at is None:
        return NO_COST
    existed = max(timedelta(0), now - instance.created_at)
    price = prices.get(instance.flavor or "")
    if price is None:
        return Cost(existed=existed)
    hours = Decimal(existed // _MICROSECOND) / Decimal(_HOUR // _MICROSECOND)
    amount = (hours * price).quantize(_CENT, rounding=ROUND_UP)
    return Cost(existed=existed, amount=max(amount, _CENT))


def total_of(costs: Iterable[Cost]) -> Decimal | None:
    """Return the sum, or None if there is nothing to add or one part of it is not known."""
    amounts = [cost.amount for cost in costs]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(amounts) else None
