"""How the drills of a period add up, from the inventory to what passed (coverage C.8).

Every step is counted on its own way, and then the identities are asserted: figures that do not
add up are no figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from drill.errors import DrillError
from drill.recovery.facts import SourceKey
from drill.recovery.tick import ENDINGS, Tick
from drill.recovery.tick import UNDER_WAY as UNDER_WAY
from drill.recovery.verdict import Outcome

IDENTITIES = (
    "inventory = in scope + excluded + without a plan + simulated",
    "scheduled = executed + missed + skipped + refused + stopped or waiting before the restore",
    (
        "executed = passed + passed late + failed restore + failed check + inconclusive + "
        "aborted + under way"
    ),
    "passed = passed in time + passed late",
    "scheduled of the fleet = sum over its sources",
    "executed of the fleet = sum over its sources",
    "passed of the fleet = sum over its sources",
    "covered sources of the fleet = sum over its tiers",
    "covered sources of the fleet = sum over its cadences",
    "in scope = sources that fleet coverage is counted over",
    "in scope = sum over the cadences",
)
"""The names of what has to be equal, in the order of ``identities``."""

Counts = Mapping[str, int]
"""How many drills ended how: words of ``Outcome``, and ``UNDER_WAY``."""


class NumbersDisagree(DrillError):
    """the numbers of the report do not add up"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Every database instance that is known of, each in exactly one part."""

    total: int
    in_scope: int
    """Real, named by a plan, and not excluded."""
    excluded: int
    """Out of scope by an approved exclusion that holds."""
    without_plan: int
    """Listed by the cloud, and drilled by no plan: nobody decided to leave it out."""
    simulated: int
    """No database stands behind it: it is in no total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """The slots of a period. ``executed`` had a restore that the cloud accepted."""

    scheduled: int
    executed: int
    passed: int
    executed_as: Counts
    """Of the executed ones, how many ended how."""
    not_executed_as: Counts
    """Of the others, how many ended how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Two sides that are the same number."""

    name: str
    left: int
    right: int

    @property
    def holds(self) -> bool:
        """Tell whether both sides are equal."""
        return self.left == self.right


_code_of = attrgetter("ending.code")


def operation_of(ticks: Iterable[Tick]) -> Operation:
    """Return how these drills went; simulated ones count nowhere."""
    scheduled = executed = passed = 0
    done: dict[str, int] = {}
    others: dict[str, int] = {}
    for code, count in Counter(map(_code_of, ticks)).items():
        ending = ENDINGS[code]
        if ending.is_simulated:
            continue
        scheduled += count
        passed += count * ending.has_passed
        word = ending.word
        if ending.is_executed:
            executed += count
            done[word] = done.get(word, 0) + count
        else:
            others[word] = others.get(word, 0) + count
    return Operation(
        scheduled=scheduled,
        executed=executed,
        passed=passed,
        executed_as=done,
        not_executed_as=others,
    )


def inventory_of(
    listed: Iterable[SourceKey],
    known: Iterable[SourceKey],
    *,
    excluded: Iterable[SourceKey],
    simulated: Iterable[SourceKey],
) -> Inventory:
    """Sort every instance into its part: ``listed`` by a cloud, ``known`` from plans and drills.

    An exclusion also covers an instance that no plan names.
    """
    known, simulated = frozenset(known), frozenset(simulated)
    everything = frozenset(listed) | known
    out = (frozenset(excluded) & everything) - simulated
    return Inventory(
        total=len(everything),
        in_scope=sum(1 for one in known if one not in out and one not in simulated),
        excluded=len(out),
        without_plan=sum(
            1 for one in everything if one not in known and one not in out and one not in simulated
        ),
        simulated=len(simulated & everything),
    )


def identities(
    inventory: Inventory,
    operation: Operation,
    *,
    by_source: Sequence[Operation],
    covered: int,
    covered_by_tier: int,
    covered_by_cadence: int,
    counted: int,
    counted_by_cadence: int,
) -> tuple[Identity, ...]:
    """Return what has to be equal.

    ``covered`` and ``counted`` are both sides of fleet coverage, beside the sums of its groups.
    """
    inside = inventory
    parts = inside.in_scope + inside.excluded + inside.without_plan + inside.simulated
    done, rest = operation.executed_as, operation.not_executed_as
    passes = sum(done.get(one, 0) for one in (Outcome.PASSED.value, Outcome.PASSED_LATE.value))
    sides = (
        (inside.total, parts),
        (operation.scheduled, operation.executed + sum(rest.values())),
        (operation.executed, sum(done.values())),
        (operation.passed, passes),
        (operation.scheduled, sum(one.scheduled for one in by_source)),
        (operation.executed, sum(one.executed for one in by_source)),
        (operation.passed, sum(one.passed for one in by_source)),
        (covered, covered_by_tier),
        (covered, covered_by_cadence),
        (inside.in_scope, counted),
        (inside.in_scope, counted_by_cadence),
    )
    return tuple(
        Identity(name=name, left=left, right=right)
        for name, (left, right) in zip(IDENTITIES, sides, strict=True)
    )


def ensure_all_hold(found: Iterable[Identity]) -> None:
    """Raise NumbersDisagree if two sides differ; it names every identity with both sides."""
    broken = [one for one in found if not one.holds]
    if broken:
        what = "; ".join(f"{one.name}: {one.left} is not {one.right}" for one in broken)
        raise NumbersDisagree(
            f"the numbers of the report do not add up: {what}",
            hint="Nothing was written. Keep a copy of the store and report this: it is a fault.",
        )
