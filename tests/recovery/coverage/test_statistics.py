"""Confidence, sampling, times, sizes and checks, against figures of other programs."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from drill.clock import from_milliseconds
from drill.recovery.coverage.checks import check_record, is_flaky, wilson_interval
from drill.recovery.coverage.confidence import (
    NO_STATEMENT,
    RandomSample,
    Stratum,
    bounds,
    clustered_bound,
    effective_size,
    finite_bound,
    lower_bound,
    rule_of_three,
    smallest_finite_sample,
    smallest_sample,
    statement,
    stratified_bound,
    stratified_share,
)
from drill.recovery.coverage.intervals import union
from drill.recovery.coverage.rto import recovery_times
from drill.recovery.coverage.sampling import (
    draw_instant,
    population_digest,
    ranked,
    sample_seed,
)
from drill.recovery.coverage.sizing import Timing, size_model
from drill.recovery.coverage.tails import at_most, t_quantile
from tests.recovery.coverage.histories import ADVERTISED, at


def close(value: float, digits: int = 6) -> object:
    return pytest.approx(value, abs=0.51 * 10**-digits)


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        (0.10, [11, 22, 45, 114, 230, 460, 2302]),
        (0.05, [14, 29, 59, 149, 299, 598, 2995]),
        (0.01, [21, 44, 90, 228, 459, 919, 4603]),
    ],
)
def test_the_smallest_sample_without_a_failure(alpha, expected):
    claims = (0.80, 0.90, 0.95, 0.98, 0.99, 0.995, 0.999)

    assert [smallest_sample(claim, alpha=alpha) for claim in claims] == expected


def test_the_smallest_sample_with_failures():
    assert [smallest_sample(0.95, failed=k) for k in range(4)] == [59, 93, 124, 153]


def test_certainty_has_no_sample():
    with pytest.raises(ValueError, match="claim a share of 1"):
        smallest_sample(1)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1, 0.05), (7, 0.651836), (10, 0.741134), (20, 0.860892), (30, 0.904966), (59, 0.950492),
        (90, 0.967262), (100, 0.970487), (300, 0.990064), (365, 0.991826),
    ],
)  # fmt: skip
def test_the_bound_without_a_failure(n, expected):
    assert lower_bound(n, n) == close(expected)


@pytest.mark.parametrize(
    ("n", "failed", "expected"),
    [
        (30, 1, 0.851404), (30, 2, 0.804674), (59, 1, 0.922102), (90, 1, 0.948374),
        (90, 3, 0.9161), (93, 1, 0.950006), (100, 2, 0.938381), (365, 4, 0.975098),
    ],
)  # fmt: skip
def test_the_bound_with_failures(n, failed, expected):
    assert lower_bound(n - failed, n) == close(expected)


def test_the_ends_of_the_bound():
    assert lower_bound(0, 0) is None
    assert lower_bound(0, 5) == 0
    assert rule_of_three(100) == 0.97


@pytest.mark.parametrize(
    ("population", "n", "expected"),
    [
        (7, 3, 0.571429), (35, 7, 0.685714), (35, 20, 0.914286), (35, 30, 0.971429),
        (100, 45, 0.96), (210, 51, 0.952381), (7, 7, 1.0),
    ],
)  # fmt: skip
def test_the_bound_of_a_finite_population(population, n, expected):
    assert finite_bound(population, n) == close(expected)


def test_the_smallest_sample_of_a_finite_population():
    sizes = (20, 35, 50, 100, 210, 500, 1000, 10000)

    assert [smallest_finite_sample(size, 0.95) for size in sizes] == [
        16, 27, 31, 39, 49, 54, 56, 59,
    ]  # fmt: skip


def test_more_drawn_than_there_is_cannot_be():
    with pytest.raises(ValueError, match="8 drawn of 7"):
        finite_bound(7, 8)


def test_inconclusive_drills_give_two_bounds():
    found = bounds(passed=59, failed=0, inconclusive=2)

    assert (found.excluded, found.as_failures) == (close(0.950492), close(0.900365))


def test_strata_share_the_alpha():
    strata = (
        Stratum(weight=0.05, passed=60, n=60),
        Stratum(weight=0.20, passed=44, n=45),
        Stratum(weight=0.75, passed=30, n=30),
    )

    parts = [lower_bound(one.passed, one.n, alpha=0.05 / 3) for one in strata]
    assert parts == [close(0.934037), close(0.872919), close(0.872425)]
    assert stratified_bound(strata) == close(0.875605)
    assert stratified_share(strata) == close(0.995556)


def test_drills_of_one_source_count_less():
    assert effective_size(90, per_cluster=3, correlation=0.5) == 45
    assert clustered_bound(90, 90, per_cluster=3, correlation=0.5) == close(0.935596)


def test_less_than_one_effective_draw_with_a_failure_claims_nothing_and_is_not_no_data():
    assert clustered_bound(1, 2, per_cluster=4, correlation=0.7) == 0
    assert clustered_bound(0, 0, per_cluster=4, correlation=0.7) is None


def test_the_sentence_says_what_was_drawn_and_nothing_stronger():
    sample = RandomSample(
        begin="2026-03-01", end="2026-04-30", population="31 sources", passed=59, failed=0
    )

    assert statement(sample) == (
        "Between 2026-03-01 and 2026-04-30, 59 recovery points were drawn at random (method, seed "
        "published) from 31 sources; 59 restored and passed L4+ checks. With 95 % confidence at "
        "least 95.0 % of such points would restore. Targeted drills are not counted here."
    )


def test_without_a_random_drill_there_is_no_sentence():
    empty = RandomSample(begin="", end="", population="", passed=0, failed=0, inconclusive=3)

    assert statement(empty) == NO_STATEMENT


def test_the_sentence_gives_both_bounds_if_some_are_inconclusive():
    sample = RandomSample(
        begin="2026-03-01", end="2026-04-30", population="x", passed=59, failed=0, inconclusive=2
    )

    assert "61 recovery points" in statement(sample)
    assert "95.0 % of such points would restore (90.0 % if the 2 inconclusive" in statement(sample)


ROOT = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
SEED = "2fcb737d3125abf0ff11a04662155ebe56de6fd12c1672765136db1c9cb8eb2c"


def test_the_published_seed_population_and_instant():
    seed = sample_seed(ROOT, plan_id="nightly-prod", night="2026-03-08")
    ids = [f"inst-{number:03}" for number in range(20)]

    assert seed.hex() == SEED
    assert ranked(seed, reversed(ids))[:5] == (
        "inst-003", "inst-015", "inst-004", "inst-001", "inst-000",
    )  # fmt: skip
    digest = population_digest(reversed(ids))
    assert digest.startswith("dbd46186")
    assert digest.endswith("c397a")
    drawn = draw_instant(seed, instance_id="inst-003", advertised=ADVERTISED)
    assert from_milliseconds(drawn) == at("03-06 15:32:24")


def test_nothing_is_drawn_from_less_than_a_second():
    with pytest.raises(ValueError, match="candidates"):
        draw_instant(b"x", instance_id="a", advertised=union([(0, 999)]))


MINUTES = (31, 28, 35, 33, 30, 29, 41, 38, 36, 34, 32, 30, 27, 55, 33, 37, 39, 31)


def test_failed_drills_took_forever():
    found = recovery_times(
        [timedelta(minutes=one) for one in MINUTES], failed=2, target=timedelta(minutes=45)
    )

    assert found.p50.value == 33 * 60
    assert found.p90.value == 55 * 60
    assert found.p95.value == math.inf
    assert found.attainment.value == 0.85
    assert (found.attainment.numerator, found.attainment.denominator) == (17, 20)
    assert found.tail is found.p95


def test_below_20_drills_the_longest_is_shown_instead_of_p95():
    found = recovery_times([timedelta(minutes=one) for one in MINUTES], failed=0, target=None)

    assert found.tail is found.longest
    assert found.longest.value == 55 * 60
    assert found.attainment.value is None


SIZES = (50, 80, 120, 150, 200, 260, 320, 400, 500, 650)
TIMES = (14, 17.5, 22, 24, 31, 36, 44, 52, 64.5, 82)


def test_the_size_model_of_the_definitions():
    model = size_model([Timing(size_gb=x, minutes=y) for x, y in zip(SIZES, TIMES, strict=True)])

    assert model is not None
    assert (model.slope, model.intercept) == (close(0.112763), close(7.915571))
    assert model.fit.r_squared == close(0.99885, 5)
    assert model.fit.error == close(0.792267)
    assert (model.robust_slope, model.robust_intercept) == (close(0.1125), close(8.3125))
    assert not model.robust_differs
    expected = {
        300: (41.7446, 39.8266, 43.6626, "observed"),
        650: (81.2118, 78.9636, 83.4601, "observed"),
        800: (98.1264, 95.6016, 100.6511, "extrapolated"),
        1000: (120.679, 117.7101, 123.648, "extrapolated"),
    }
    for size, (minutes, low, high, reach) in expected.items():
        found = model.predict(size)
        assert found is not None
        assert (found.minutes, found.low, found.high) == (
            close(minutes, 4), close(low, 4), close(high, 4),
        )  # fmt: skip
        assert found.reach == reach
    assert model.predict(1301) is None
    assert model.size_at(120) == close(993.978, 3)
    assert model.days_until(120, size_gb=650, growth_per_day=1.5) == close(229.3, 1)
    assert model.days_until(120, size_gb=650, growth_per_day=0) is None


def test_quantiles_of_t():
    assert t_quantile(0.975, 8) == close(2.306004)
    assert t_quantile(0.95, 8) == close(1.859548)
    assert t_quantile(0.025, 8) == close(-2.306004)
    assert t_quantile(0.975, 1) == close(12.706205)


@pytest.mark.parametrize(("sizes", "n"), [((50, 80), 20), ((50, 80, 120), 7)])
def test_too_few_drills_or_sizes_make_no_model(sizes, n):
    timings = [Timing(size_gb=sizes[i % len(sizes)], minutes=10 + i) for i in range(n)]

    assert size_model(timings) is None


def test_the_replay_gets_a_term_of_its_own_from_20_drills_on():
    timings = [
        Timing(size_gb=50 + 10 * i, minutes=5 + 0.1 * (50 + 10 * i) + 2 * (i * 7 % 24),
               replay_hours=i * 7 % 24)
        for i in range(20)
    ]  # fmt: skip

    model = size_model(timings)
    fewer = size_model(timings[:19])

    assert model is not None
    assert model.has_replay_term
    assert model.fit.coefficients == (close(5), close(0.1), close(2))
    found = model.predict(100, replay_hours=12)
    assert found is not None
    assert found.minutes == close(39)
    assert fewer is not None
    assert not fewer.has_replay_term


@pytest.mark.parametrize(
    ("passed", "n", "low", "high"),
    [(29, 30, 0.833296, 0.994091), (30, 30, 0.886487, 1), (87, 90, 0.906527, 0.9886)],
)
def test_the_wilson_interval(passed, n, low, high):
    assert wilson_interval(passed, n) == (close(low), close(high))


def test_two_changes_in_the_last_ten_answers_are_flaky():
    assert is_flaky([True] * 8 + [False, True])
    assert not is_flaky([True] * 9 + [False])
    assert not is_flaky([True, False] + [True] * 10)


def test_a_check_that_never_failed_is_untested_until_it_saw_a_bad_copy():
    assert check_record("a", ["passed"] * 3).is_untested
    assert not check_record("a", ["passed"] * 3, saw_negative_control=True).is_untested
    assert not check_record("a", ["passed", "failed"]).is_untested
    assert not check_record("a", ["no_data"]).is_untested


def test_answers_without_data_are_counted_apart():
    record = check_record("a", ["passed", "no_data", "failed", "passed"])

    assert (record.pass_rate.numerator, record.pass_rate.denominator) == (2, 3)
    assert record.without_data == 1


def test_the_tail_of_the_binomial_adds_up():
    chance = sum(math.comb(20, k) * 0.3**k * 0.7 ** (20 - k) for k in range(15))

    assert at_most(14, 20, 0.3) == pytest.approx(chance)
    assert at_most(5, 20, 0.3) == pytest.approx(
        sum(math.comb(20, k) * 0.3**k * 0.7 ** (20 - k) for k in range(6))
    )
    assert (at_most(-1, 5, 0.5), at_most(5, 5, 0.5), at_most(2, 5, 1)) == (0, 1, 0)
