"""How often checks pass, and which of them cannot be trusted yet (coverage C.12)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import NormalDist

from drill.recovery.coverage.metric import Metric, share
from drill.recovery.facts import DrillFacts
from drill.recovery.verdict import Answer

LOOKED_AT = 10
"""How many of the newest answers decide whether a check is flaky."""
FLIPS = 2

_PASSED, _NO_DATA = Answer.PASSED.value, Answer.NO_DATA.value


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRecord:
    """One check over time."""

    name: str
    pass_rate: Metric
    """Passes among answers; no data is counted apart."""
    interval: tuple[float, float] | None
    """Wilson, 95 %, for display only."""
    without_data: int
    is_flaky: bool
    is_untested: bool
    """It never failed, and nobody showed that it can: its pass may mean nothing."""


def wilson_interval(passed: int, n: int, *, confidence: float = 0.95) -> tuple[float, float] | None:
    """Return the Wilson score interval of a share; None of nothing."""
    if not n:
        return None
    z = _quantile(0.5 + confidence / 2)
    rate = passed / n
    middle = rate + z * z / (2 * n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = (middle - half) / scale if passed else 0.0
    high = (middle + half) / scale if passed < n else 1.0
    return low, high


@cache
def _quantile(probability: float) -> float:
    """Return a quantile of the normal distribution; it takes longer than all the rest."""
    return NormalDist().inv_cdf(probability)


def is_flaky(answers: Sequence[bool]) -> bool:
    """Tell whether the newest ten answers (True: passed), oldest first, changed at least twice."""
    return sum(1 for one, other in pairwise(answers[-LOOKED_AT:]) if one != other) >= FLIPS


def check_record(
    name: str, answers: Sequence[str], *, saw_negative_control: bool = False
) -> CheckRecord:
    """Return the record of one check from its answers, oldest first.

    ``saw_negative_control``: it was shown a copy that it must fail, and did.
    """
    counts = {Answer(answer): count for answer, count in Counter(answers).items()}
    told = [answer == _PASSED for answer in answers if answer != _NO_DATA]
    passed, n = counts.get(Answer.PASSED, 0), len(told)
    return CheckRecord(
        name=name,
        pass_rate=share("check_pass_rate", passed, n, n=n),
        interval=wilson_interval(passed, n),
        without_data=counts.get(Answer.NO_DATA, 0),
        is_flaky=is_flaky(told),
        is_untested=bool(n) and passed == n and not saw_negative_control,
    )


def check_records(
    drills: Sequence[DrillFacts], *, controlled: frozenset[str] = frozenset()
) -> Mapping[str, CheckRecord]:
    """Return the record of every check of drills in the order given (oldest first), by name.

    ``controlled`` names the checks that saw a negative control. Simulated drills count nowhere.
    """
    answers: dict[str, list[str]] = {}
    for drill in drills:
        if not drill.is_simulated:
            for name, answer in drill.checks:
                answers.setdefault(name, []).append(answer)
    return {
        name: check_record(name, found, saw_negative_control=name in controlled)
        for name, found in sorted(answers.items())
    }
