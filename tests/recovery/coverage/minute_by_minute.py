"""The definitions of C.6 once more, slowly and without any interval: one minute after the other."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60_000


@dataclass(frozen=True)
class Drilled:
    """A drill in minutes."""

    point: int
    finished: int
    passed: bool
    backup: bool = False
    level: int = 4


def minutes_of(windows: list[tuple[int, int]], begin: int, end: int) -> set[int]:
    """Return the advertised minutes of the promised ones."""
    return {m for m in range(begin, end) if any(a <= m < b for a, b in windows)}


def is_advertised(point: int, minutes: set[int]) -> bool:
    """Tell whether a point is in W, the end of a stretch included."""
    return point in minutes or point - 1 in minutes


def crosses(base: int, point: int, minutes: set[int]) -> bool:
    """Tell whether there are a minute in W, one that is not, and one in W again on the way."""
    way = [m in minutes for m in range(base, point)] + [point in minutes]
    seen = gap = False
    for inside in way:
        if inside and gap:
            return True
        gap = gap or (seen and not inside)
        seen = seen or inside
    return False


def standings(
    drills: list[Drilled], minutes: set[int], bases: list[int], *, at: int, validity: int
) -> tuple[set[int], set[int]]:
    """Return the proven and the suspect minutes."""
    last: dict[int, str] = {}
    direct: list[tuple[int, int]] = []
    for drill in sorted(drills, key=lambda one: one.finished):
        base = max((b for b in bases if b <= drill.point), default=None)
        if drill.backup:
            base = drill.point
        if base is None or drill.finished > at:
            continue
        if drill.passed:
            if drill.backup or drill.level < 4 or crosses(base, drill.point, minutes):
                continue
            direct.append((drill.point, drill.finished))
            valid = drill.finished + validity > at and is_advertised(drill.point, minutes)
            for minute in range(base, drill.point):
                if valid:
                    last[minute] = "proven"
                elif last.get(minute) == "suspect":
                    del last[minute]
            continue
        begin = max(
            (
                point
                for point, finished in direct
                if base < point < drill.point and finished + validity > drill.finished
            ),
            default=base,
        )
        end = min((b for b in bases if b > drill.point), default=max(minutes, default=at) + 1)
        direct = [one for one in direct if not begin < one[0] < end]
        for minute in range(begin, end):
            last[minute] = "suspect"
    proven = {minute for minute in minutes if last.get(minute) == "proven"}
    return proven, {minute for minute in minutes if last.get(minute) == "suspect"}
