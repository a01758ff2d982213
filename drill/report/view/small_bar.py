"""The window bar of a table row: as few paths as it takes, because a fleet has thousands."""

from __future__ import annotations

from dataclasses import dataclass

from drill.clock import to_milliseconds
from drill.recovery.coverage.intervals import Intervals, span_of
from drill.recovery.pickling import quickly_pickled
from drill.report.language import _
from drill.report.view.fleet import FAILURES, PASSES
from drill.report.view.formats import share_text
from drill.report.view.standing import Standing

SMALL = 220
"""Width of the bar in a row of a table."""


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class SmallBar:
    """The bar of a table row: a path for each kind of stretch, in pixels."""

    paths: tuple[tuple[str, str], ...]
    """(class, path)."""
    title: str


def small_bar(one: Standing) -> SmallBar | None:
    """Return the bar of a table row, or None if the source was never observed."""
    domain = one.domain
    if domain is None:
        return None
    begin, width = domain[0], domain[1] - domain[0]

    def path(stretches: Intervals, top: int, height: int) -> str:
        parts = []
        for start, stop in stretches:
            left = round(SMALL * (start - begin) / width)
            wide = max(round(SMALL * (stop - begin) / width) - left, 1)
            parts.append(f"M{left} {top}h{wide}v{height}h-{wide}z")
        return "".join(parts)

    found = [
        ("advertised", path(one.proof.advertised, 0, 12)),
        ("proven", path(one.proof.proven, 0, 12)),
        ("suspect", path(one.proof.suspect, 0, 12)),
    ]
    marks = {True: "", False: ""}
    seen = set()
    for drill in one.past.drills:
        conclusive = drill.outcome in PASSES or drill.outcome in FAILURES
        if drill.point_at is None or not conclusive or drill.is_simulated:
            continue
        x = round(SMALL * (to_milliseconds(drill.point_at) - begin) / width)
        if 0 <= x <= SMALL and (x, drill.outcome in PASSES) not in seen:
            seen.add((x, drill.outcome in PASSES))
            has_passed = drill.outcome in PASSES
            shape = f"M{x - 2} 4h4v4h-4z" if has_passed else f"M{x - 3} 3l6 6m0 -6l-6 6"
            marks[has_passed] += shape
    found += [("dot", marks[True]), ("cross", marks[False])]
    title = share_of(one, "proven")
    return SmallBar(
        paths=tuple((kind, shape) for kind, shape in found if shape),
        title=_("proven: {share}").format(share=title),
    )


def share_of(one: Standing, metric: str) -> str:
    """Return a share of the source as text; nothing to divide by is no data."""
    known = one.metrics.get(metric)
    if known is None or known.numerator is None or not known.denominator:
        return _("no data")
    return share_text(span_of(int(known.numerator)), span_of(int(known.denominator)))
