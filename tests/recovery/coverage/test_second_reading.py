"""The definitions read once more, by counting: images, ages, fleets, quantiles and bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.clock import from_milliseconds
from drill.recovery.coverage.confidence import finite_bound, lower_bound
from drill.recovery.coverage.fleet import (
    FleetMember,
    failure_mttr,
    failures,
    fleet_coverage,
    last_attempt,
    last_proof,
    proof_ages,
)
from drill.recovery.coverage.intervals import union
from drill.recovery.coverage.proof import Base, Proof, proof_metrics, prove
from drill.recovery.coverage.rto import recovery_times
from drill.recovery.facts import DrillFacts, ExceptionNote
from drill.recovery.verdict import Outcome
from tests.recovery.coverage.histories import SOURCE, T, a_drill

MINUTE = 60_000
NOW = 200
PASSED = (Outcome.PASSED, Outcome.PASSED_LATE)
FAILED = (Outcome.FAILED_RESTORE, Outcome.FAILED_CHECK)


@dataclass(frozen=True)
class Ran:
    """A drill in minutes; ``reported`` is the place of its base among those before its point."""

    point: int
    finished: int
    outcome: Outcome
    level: int
    backup: bool
    reported: int | None

    def base(self, bases: list[int]) -> int | None:
        earlier = [base for base in bases if base <= self.point]
        if self.backup:
            return self.point
        if self.reported is None or not earlier:
            return max(earlier, default=None)
        return earlier[self.reported % len(earlier)]


RAN = st.builds(
    Ran,
    point=st.integers(0, NOW),
    finished=st.integers(0, NOW + 5),
    outcome=st.sampled_from([*Outcome, *PASSED, *PASSED, *FAILED]),
    level=st.integers(2, 5),
    backup=st.booleans(),
    reported=st.none() | st.integers(0, 5),
)
WINDOWS = st.lists(st.tuples(st.integers(0, NOW), st.integers(0, NOW)), max_size=4)
BASES = st.lists(st.integers(0, NOW), min_size=1, max_size=6, unique=True).map(sorted)


def proof_of(drills: list[Ran], windows: list[tuple[int, int]], bases: list[int], v: int) -> Proof:
    return prove(
        [facts_of(number, one, bases) for number, one in enumerate(drills)],
        at=NOW * MINUTE,
        validity=v * MINUTE,
        advertised=union((a * MINUTE, b * MINUTE) for a, b in windows),
        promised=None,
        bases=[Base(base * MINUTE, f"b-{base}") for base in bases],
    )


def facts_of(number: int, one: Ran, bases: list[int]) -> DrillFacts:
    base = one.base(bases) if one.reported is not None else None
    return a_drill(
        from_milliseconds(one.point * MINUTE),
        one.outcome,
        id=f"drill-{number:02}",
        backup=one.backup,
        level=one.level,
        ended=from_milliseconds(one.finished * MINUTE),
        base_at=None if base is None else from_milliseconds(base * MINUTE),
        base_how=None if base is None else "reported",
    )


def crosses(base: int, point: int, advertised: set[int]) -> bool:
    """Tell whether a minute that is not in W lies between two that are, on the way to a point."""
    way = [m for m in range(base, point + 1) if m in advertised]
    return bool(way) and any(m not in advertised for m in range(way[0], way[-1]))


@settings(max_examples=300, deadline=None)
@given(st.lists(RAN, max_size=8), WINDOWS, BASES, st.integers(1, 250))
def test_images_age_and_contradictions_are_what_reading_one_drill_after_the_other_gives(
    drills, windows, bases, validity
):
    advertised = {m for m in range(NOW) if any(a <= m < b for a, b in windows)}
    images: set[int] = set()
    valid: list[int] = []
    contradictions: list[int] = []
    in_order = sorted(enumerate(drills), key=lambda pair: (pair[1].finished, pair[0]))
    for number, one in in_order:
        base = one.base(bases)
        if one.finished > NOW:
            continue
        if one.outcome in FAILED and one.backup:
            images.discard(one.point)
        if one.outcome not in PASSED or one.level < 3:
            continue
        if not one.backup and base is not None and crosses(base, one.point, advertised):
            contradictions.append(number)
            continue
        if one.finished + validity <= NOW:
            continue
        is_chain = not one.backup and one.level >= 4
        if base in bases:
            images.add(base)
        if base in bases or (is_chain and {one.point, one.point - 1} & advertised):
            valid.append(one.finished)

    proof = proof_of(drills, windows, bases, validity)

    assert {one.base.ended // MINUTE for one in proof.images} == images
    assert proof.contradictions == tuple(f"drill-{number:02}" for number in contradictions)
    age = (NOW - max(valid)) * 60 if valid else math.inf
    assert proof_metrics(proof)["proof_age"].value == age


SPANS = st.lists(st.integers(1, 60), max_size=30)


@given(SPANS, st.integers(0, 5), st.integers(1, 60))
def test_a_quantile_is_the_shortest_time_that_so_many_drills_kept(minutes, failed, target):
    times = recovery_times(
        [timedelta(minutes=one) for one in minutes],
        failed=failed,
        target=timedelta(minutes=target),
    )
    every = [*minutes, *[math.inf] * failed]

    for percent, metric in ((50, times.p50), (90, times.p90), (95, times.p95)):
        enough = [
            value for value in every
            if 100 * sum(1 for one in every if one <= value) >= percent * len(every)
        ]  # fmt: skip
        assert metric.value == (min(enough) * 60 if every else None)
    kept = sum(1 for one in every if one <= target)
    assert times.attainment.value == (kept / len(every) if every else None)


@given(st.integers(1, 25), st.data(), st.sampled_from([0.01, 0.05, 0.2]))
def test_a_finite_claim_is_the_worst_population_that_the_sample_does_not_rule_out(
    size, data, alpha
):
    n = data.draw(st.integers(1, size))
    failed = data.draw(st.integers(0, n))

    def chance(bad: int) -> float:
        ways = sum(comb(bad, k) * comb(size - bad, n - k) for k in range(failed + 1))
        return ways / comb(size, n)

    possible = [bad for bad in range(size + 1) if chance(bad) > alpha]
    assert finite_bound(size, n, failed=failed, alpha=alpha) == (size - max(possible)) / size


@given(st.integers(1, 400), st.data(), st.sampled_from([0.01, 0.05 / 3, 0.05, 0.1]))
def test_at_the_lower_bound_so_few_failures_have_a_chance_of_alpha(n, data, alpha):
    failed = data.draw(st.integers(0, n - 1))

    bound = lower_bound(n - failed, n, alpha=alpha)

    assert bound is not None
    tail = sum(comb(n, k) * (1 - bound) ** k * bound ** (n - k) for k in range(failed + 1))
    assert tail == pytest.approx(alpha, rel=1e-6)


DAYS = st.lists(
    st.tuples(
        st.integers(-1, 12), st.sampled_from([*PASSED, *FAILED, Outcome.INCONCLUSIVE]),
        st.integers(2, 4), st.booleans(),
    ),
    max_size=5,
)  # fmt: skip


def of_source(name: str, days: list[tuple[int, Outcome, int, bool]]) -> tuple[DrillFacts, ...]:
    return tuple(
        a_drill(
            "03-01 00:00",
            outcome,
            id=f"{name}-{number}",
            source_id=name,
            ended=T - timedelta(days=ago),
            level=level,
            is_simulated=simulated,
        )
        for number, (ago, outcome, level, simulated) in enumerate(days)
    )


def an_exclusion(
    name: str, approver: str | None, opened: int, expires: int | None
) -> ExceptionNote:
    return ExceptionNote(
        id=name, kind="exclusion", cloud=SOURCE[0], source_id=name, reason="r", owner="o",
        approver=approver, opened_at=T - timedelta(days=opened), opened_by="o",
        expires_at=None if expires is None else T - timedelta(days=expires),
    )  # fmt: skip


EXCLUSIONS = st.none() | st.tuples(
    st.sampled_from([None, "ann"]), st.integers(-1, 3), st.none() | st.integers(-2, 2)
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(DAYS, EXCLUSIONS, st.integers(1, 10)), max_size=5))
def test_fleet_coverage_is_what_counting_sources_gives(sources):
    members, notes, scope, covered, ages = [], [], [], [], []
    for number, (days, exclusion, cadence) in enumerate(sources):
        name = f"s{number}"
        members.append(
            FleetMember(
                source=(SOURCE[0], name),
                cadence=timedelta(days=cadence),
                proven_at=last_proof(of_source(name, days), at=T),
                attempted_at=last_attempt(of_source(name, days), at=T),
            )
        )
        if exclusion is not None:
            notes.append(an_exclusion(name, *exclusion))
            approver, opened, expires = exclusion
            if approver and opened >= 0 and (expires is None or expires < 0):
                continue
        scope.append(members[-1])
        proofs = [
            ago
            for ago, outcome, level, simulated in days
            if outcome in PASSED and level >= 3 and not simulated and ago >= 0
        ]
        covered.append(any(ago < cadence for ago in proofs))
        ages.append(min(proofs, default=math.inf))

    found = fleet_coverage(members, notes, at=T)

    assert found.passed.value == (sum(covered) / len(covered) if covered else None)
    assert len(found.without_pass) == covered.count(False)
    oldest = proof_ages(scope, at=T).longest.value
    assert oldest == (max(ages) * 86_400 if ages else None)


@given(DAYS)
def test_the_mean_time_to_repair_is_what_walking_from_failure_to_pass_gives(days):
    known = [
        (ago, number, outcome)
        for number, (ago, outcome, _level, simulated) in enumerate(days)
        if not simulated and ago >= 0
    ]
    repairs, broken = [], None
    for ago, _number, outcome in sorted(known, key=lambda one: (-one[0], one[1])):
        if outcome in FAILED and broken is None:
            broken = ago
        elif outcome in PASSED and broken is not None:
            repairs.append(broken - ago)
            broken = None

    found = failures(of_source("s", days), at=T)

    mean = sum(repairs) / len(repairs) * 86_400 if repairs else None
    assert failure_mttr(found).value == (None if mean is None else pytest.approx(mean))
    assert sum(one.ended is None for one in found) == (broken is not None)
