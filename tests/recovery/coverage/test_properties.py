"""Rules that hold for every history, and a slow second opinion."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from drill.clock import from_milliseconds
from drill.recovery.coverage.intervals import (
    Interval,
    Intervals,
    clip,
    difference,
    holes,
    intersection,
    length,
    union,
)
from drill.recovery.coverage.painting import Painting
from drill.recovery.coverage.proof import Base, Proof, proof_metrics, prove
from drill.recovery.coverage.window import window_coverage, window_gaps, window_state
from drill.recovery.facts import DrillFacts
from drill.recovery.verdict import Outcome
from tests.recovery.coverage.histories import a_drill
from tests.recovery.coverage.minute_by_minute import (
    MINUTE,
    Drilled,
    minutes_of,
    standings,
)

RAW = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)
NOW = 240
BEGIN = 30


def points_of(intervals: Intervals | list[Interval]) -> set[int]:
    return {point for begin, end in intervals for point in range(begin, end)}


@given(RAW)
def test_a_union_has_the_same_instants_sorted_and_apart(raw):
    found = union(raw)

    assert points_of(found) == points_of(raw)
    assert all(one[1] < other[0] for one, other in pairwise(found))
    assert length(found) == len(points_of(raw))


@given(RAW, RAW)
def test_sets_follow_the_laws_of_measure(one, other):
    left, right = union(one), union(other)
    both, rest = intersection(left, right), difference(left, right)

    assert points_of(both) == points_of(left) & points_of(right)
    assert points_of(rest) == points_of(left) - points_of(right)
    assert both == union(both)
    assert rest == union(rest)
    assert length(both) + length(rest) == length(left)
    assert length(union([*left, *right])) == length(left) + length(right) - length(both)


@given(RAW, st.integers(-5, 65), st.integers(-5, 65))
def test_a_clip_is_an_intersection_with_one_interval(raw, begin, end):
    assert clip(union(raw), begin, end) == intersection(union(raw), union([(begin, end)]))


@given(RAW)
def test_holes_fill_a_set_up(raw):
    found = union(raw)

    assert union([*found, *holes(found)]) == ((found[0][0], found[-1][1]),) if found else True


STROKES = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.none() | st.integers(1, 9)), max_size=20
)


@given(STROKES)
def test_of_a_painting_the_last_coat_is_seen(strokes):
    painting = Painting()
    expected: dict[int, int] = {}
    for begin, end, color in strokes:
        for point in range(begin, end):
            expected.pop(point, None)
            if color is not None:
                expected[point] = color
        if color is None:
            painting.wipe(begin, end)
        else:
            painting.paint(begin, end, color)

    coats = painting.coats()
    assert {point: color for a, b, color in coats for point in range(a, b)} == expected
    assert all(one[1] <= other[0] for one, other in pairwise(coats))


WINDOWS = st.lists(st.tuples(st.integers(0, NOW + 10), st.integers(0, NOW + 10)), max_size=4).map(
    lambda raw: list(union(raw))
)
BASES = st.lists(st.integers(0, NOW), max_size=8, unique=True).map(sorted)
DRILLS = st.lists(
    st.builds(
        Drilled,
        point=st.integers(0, NOW),
        finished=st.integers(0, NOW + 10),
        passed=st.booleans(),
        backup=st.sampled_from([False, False, False, True]),
        level=st.sampled_from([3, 4, 5]),
    ),
    max_size=8,
    unique_by=lambda drill: drill.finished,
)
VALIDITY = st.integers(1, 300)


def proof_in_minutes(
    windows: list[Interval], bases: list[int], drills: list[Drilled], validity: int
) -> Proof:
    state = window_state(
        [(a * MINUTE, b * MINUTE) for a, b in windows],
        at=NOW * MINUTE,
        retention=(NOW - BEGIN) * MINUTE,
    )
    return prove(
        [facts_of(drill) for drill in drills],
        at=NOW * MINUTE,
        validity=validity * MINUTE,
        advertised=state.advertised,
        promised=state.promised,
        bases=[Base(base * MINUTE, f"b-{base}") for base in bases],
    )


def facts_of(drill: Drilled) -> DrillFacts:
    return a_drill(
        from_milliseconds(drill.point * MINUTE),
        Outcome.PASSED if drill.passed else Outcome.FAILED_CHECK,
        backup=drill.backup,
        level=drill.level,
        ended=from_milliseconds(drill.finished * MINUTE),
    )


def minutes_in(intervals: Intervals) -> set[int]:
    return points_of([(begin // MINUTE, end // MINUTE) for begin, end in intervals])


@settings(max_examples=400, deadline=None)
@given(WINDOWS, BASES, DRILLS, VALIDITY)
def test_the_proof_is_what_counting_minutes_gives(windows, bases, drills, validity):
    minutes = minutes_of(windows, BEGIN, NOW)
    in_order = [
        one for one in drills
        if one.backup or any(base <= one.point for base in bases)
    ]  # fmt: skip

    proof = proof_in_minutes(windows, bases, in_order, validity)
    proven, suspect = standings(in_order, minutes, bases, at=NOW, validity=validity)

    assert minutes_in(proof.advertised) == minutes
    assert minutes_in(proof.proven) == proven
    assert minutes_in(proof.suspect) == suspect


@settings(max_examples=200, deadline=None)
@given(WINDOWS, BASES, DRILLS, VALIDITY)
def test_shares_lie_between_zero_and_one_and_add_up(windows, bases, drills, validity):
    metrics = proof_metrics(proof_in_minutes(windows, bases, drills, validity))

    shares = [metrics[name] for name in ("proven", "suspect", "unproven")]
    values = [one.value for one in (*shares, metrics["proven_of_promised"])]
    assert all(value is None or 0 <= value <= 1 for value in values)
    whole = shares[0].denominator
    assert sum(one.numerator or 0 for one in shares) == whole
    assert (shares[0].value is None) is (whole == 0)
    coverage = metrics["image_coverage"].value
    assert (coverage is None) is (not bases)
    assert coverage is None or 0 <= coverage <= 1


@settings(max_examples=200, deadline=None)
@given(WINDOWS, BASES, DRILLS, VALIDITY, st.integers(0, NOW), st.integers(0, NOW), st.booleans())
def test_a_pass_more_never_lowers_what_is_proven(
    windows, bases, drills, validity, point, finished, backup
):
    one_more = Drilled(point=point, finished=finished, passed=True, backup=backup)
    others = [drill for drill in drills if drill.finished != finished]

    before = proof_in_minutes(windows, bases, others, validity)
    after = proof_in_minutes(windows, bases, [*others, one_more], validity)

    assert minutes_in(before.proven) <= minutes_in(after.proven)
    assert minutes_in(after.suspect) <= minutes_in(before.suspect)
    assert {one.base for one in before.images} <= {one.base for one in after.images}


@settings(max_examples=100, deadline=None)
@given(WINDOWS, BASES, DRILLS.flatmap(lambda d: st.tuples(st.just(d), st.permutations(d))))
def test_the_order_of_the_list_of_drills_does_not_matter(windows, bases, both):
    one, other = (proof_in_minutes(windows, bases, drills, 100) for drills in both)

    assert (one.coats, one.suspect, one.direct) == (other.coats, other.suspect, other.direct)


@given(WINDOWS, BASES, DRILLS, st.sampled_from([Outcome.INCONCLUSIVE, Outcome.ABORTED, None]))
@settings(max_examples=100, deadline=None)
def test_what_is_no_verdict_or_is_simulated_changes_nothing(windows, bases, drills, outcome):
    state = [(a * MINUTE, b * MINUTE) for a, b in windows]
    known = [Base(base * MINUTE, f"b-{base}") for base in bases]
    conclusive = [facts_of(drill) for drill in drills]
    point = from_milliseconds(100 * MINUTE)
    idle = [
        a_drill(point, outcome, ended=from_milliseconds(NOW * MINUTE)),
        a_drill(
            point, Outcome.FAILED_RESTORE, ended=from_milliseconds(120 * MINUTE), is_simulated=True
        ),
        a_drill(point, is_simulated=True, ended=from_milliseconds(130 * MINUTE)),
        a_drill(point, ended=from_milliseconds((NOW + 1) * MINUTE)),
    ]

    one, other = (
        prove(
            some, at=NOW * MINUTE, validity=100 * MINUTE, advertised=union(state), promised=None,
            bases=known,
        )
        for some in (conclusive, [*idle, *conclusive])
    )  # fmt: skip

    assert one == other


@given(WINDOWS, st.integers(0, 40))
def test_window_and_gaps_are_what_counting_minutes_gives(windows, tolerance):
    state = window_state(windows, at=NOW, retention=NOW - BEGIN)
    minutes = minutes_of(windows, BEGIN, NOW)

    coverage = window_coverage(state)
    found = window_gaps(state.advertised, tolerance=tolerance)

    assert coverage.value == len(minutes) / (NOW - BEGIN)
    missing = [
        m for m in range(min(minutes, default=0), max(minutes, default=0)) if m not in minutes
    ]
    runs: list[list[int]] = []
    for minute in missing:
        if runs and runs[-1][-1] == minute - 1:
            runs[-1].append(minute)
        else:
            runs.append([minute])
    expected = [(run[0], run[-1] + 1) for run in runs if len(run) > tolerance]
    assert list(found.stretches) == expected
