"""What may be said with confidence after random drills, and nothing stronger (coverage C.9)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drill.recovery.coverage.tails import at_most

ALPHA = 0.05
"""One minus the confidence."""

NO_STATEMENT = "no statistical statement"


def lower_bound(passed: float, n: float, *, alpha: float = ALPHA) -> float | None:
    """Return the exact one-sided Clopper-Pearson lower bound of the share that would pass.

    With no failure it is alpha^(1/n), and ``n`` may be an effective size. None of nothing.
    """
    if n <= 0:
        return None
    if passed >= n:
        return float(alpha ** (1 / n))
    if passed <= 0:
        return 0.0
    failed, size = round(n - passed), round(n)
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        # the bound is where so few failures would be seen with a chance of alpha only
        if at_most(failed, size, 1 - middle) > alpha:
            high = middle
        else:
            low = middle
    return low


def rule_of_three(n: int) -> float:
    """Return the approximation 1 - 3/n of the bound without failures at 95 %."""
    return 1 - 3 / n


def smallest_sample(claim: float, *, failed: int = 0, alpha: float = ALPHA) -> int:
    """Return how many drills are needed to claim a share with so many failures among them.

    Raise ValueError for a claim that no number of drills supports.
    """
    if not 0 < claim < 1:
        raise ValueError(f"no sample is large enough to claim a share of {claim}")
    if failed == 0:
        n = max(1, math.ceil(math.log(alpha) / math.log(claim)))
        while n > 1 and claim ** (n - 1) <= alpha:
            n -= 1
        while claim**n > alpha:
            n += 1
        return n
    low, high = failed, failed + 1
    while not _claims(high, failed, claim, alpha):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _claims(middle, failed, claim, alpha) else (middle, high)
    return high


def finite_bound(population: int, n: int, *, failed: int = 0, alpha: float = ALPHA) -> float | None:
    """Return the share of a finite population that is claimed after drawing n without putting back.

    It is (N - D) / N with the largest number D of bad ones that would show at most ``failed`` in
    the sample with a chance above alpha. None of nothing. Raise ValueError if n exceeds N.
    """
    if n > population:
        raise ValueError(f"{n} drawn of {population}")
    if n <= 0:
        return None
    return (population - _most_bad(population, n, failed, alpha)) / population


def smallest_finite_sample(population: int, claim: float, *, alpha: float = ALPHA) -> int:
    """Return how many must be drawn, and pass, to claim a share of a finite population."""
    # never more than of an infinite population, where drawing cannot exhaust what is bad
    low, high = 0, min(population, smallest_sample(claim, alpha=alpha))
    while high - low > 1:
        middle = (low + high) // 2
        bound = finite_bound(population, middle, alpha=alpha) or 0.0
        low, high = (low, middle) if bound >= claim else (middle, high)
    return high


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """One part of the fleet: its weight and what was drawn from it."""

    weight: float
    passed: int
    n: int


def stratified_bound(strata: Sequence[Stratum], *, alpha: float = ALPHA) -> float | None:
    """Return the sum of weighted bounds, each at alpha / H (Bonferroni).

    None if a stratum has no draw.
    """
    total = 0.0
    for stratum in strata:
        bound = lower_bound(stratum.passed, stratum.n, alpha=alpha / len(strata))
        if bound is None:
            return None
        total += stratum.weight * bound
    return total if strata else None


def stratified_share(strata: Sequence[Stratum]) -> float | None:
    """Return the weighted share that passed; None if a stratum has no draw."""
    if not strata or any(not stratum.n for stratum in strata):
        return None
    return sum(one.weight * one.passed / one.n for one in strata)


def effective_size(n: int, *, per_cluster: float, correlation: float) -> float:
    """Return n / (1 + (m - 1) rho): drills of one source are no independent draws."""
    return n / (1 + (per_cluster - 1) * correlation)


def clustered_bound(
    passed: int, n: int, *, per_cluster: float, correlation: float, alpha: float = ALPHA
) -> float | None:
    """Return the bound at the effective size; failures keep their number, which is careful."""
    size = effective_size(n, per_cluster=per_cluster, correlation=correlation)
    if passed >= n:
        return lower_bound(size, size, alpha=alpha)
    whole = math.floor(size)
    if whole == 0 < n:
        return 0.0  # less than one draw, and a failure among them
    return lower_bound(max(0, whole - (n - passed)), whole, alpha=alpha)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Both ways to count inconclusive drills."""

    excluded: float | None
    as_failures: float | None


def bounds(*, passed: int, failed: int, inconclusive: int, alpha: float = ALPHA) -> Bounds:
    """Return the bound without inconclusive drills, and the one that counts them as failures."""
    return Bounds(
        excluded=lower_bound(passed, passed + failed, alpha=alpha),
        as_failures=lower_bound(passed, passed + failed + inconclusive, alpha=alpha),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomSample:
    """What was drawn at random between two dates; targeted drills are not part of it."""

    begin: str
    end: str
    population: str
    """What was drawn from, in words."""
    passed: int
    failed: int
    inconclusive: int = 0
    level: int = 4
    """Every pass reached at least this assurance level."""


def statement(sample: RandomSample, *, alpha: float = ALPHA) -> str:
    """Return the sentence to print, or that none can be made. Shares are rounded down."""
    found = bounds(
        passed=sample.passed,
        failed=sample.failed,
        inconclusive=sample.inconclusive,
        alpha=alpha,
    )
    if found.excluded is None or found.as_failures is None:
        return NO_STATEMENT
    drawn = sample.passed + sample.failed + sample.inconclusive
    confidence = f"{round(100 * (1 - alpha), 6):g}"
    both = ""
    if sample.inconclusive:
        both = (
            f" ({_percent(found.as_failures)} % if the {sample.inconclusive} inconclusive ones "
            "count as failures)"
        )
    return (
        f"Between {sample.begin} and {sample.end}, {drawn} recovery points were drawn at random "
        f"(method, seed published) from {sample.population}; {sample.passed} restored and passed "
        f"L{sample.level}+ checks. With {confidence} % confidence at least "
        f"{_percent(found.excluded)} % of such points would restore{both}. "
        "Targeted drills are not counted here."
    )


def _claims(n: int, failed: int, claim: float, alpha: float) -> bool:
    bound = lower_bound(n - failed, n, alpha=alpha)
    return bound is not None and bound >= claim


def _most_bad(population: int, n: int, failed: int, alpha: float) -> int:
    """Return the largest number of bad ones that the sample does not rule out."""
    all_samples = math.comb(population, n)
    low, high = 0, population + 1
    while high - low > 1:
        bad = (low + high) // 2
        ways = sum(
            math.comb(bad, seen) * math.comb(population - bad, n - seen)
            for seen in range(min(failed, n, bad) + 1)
        )
        low, high = (bad, high) if ways / all_samples > alpha else (low, bad)
    return low


def _percent(bound: float) -> str:
    """Return a share in percent with one decimal, never rounded up."""
    return f"{math.floor(bound * 1000) / 10:.1f}"
