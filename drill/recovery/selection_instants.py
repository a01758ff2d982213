"""Choosing an instant by policies that look at the windows alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import accumulate

from drill.errors import NoRecoveryPoint
from drill.plan.model import format_span
from drill.recovery.draw import draw_index, key_of
from drill.recovery.instants import MILLISECOND, before, rounded_down, rounded_up, shown
from drill.recovery.selection_words import what_is_there, window_text, windows_text
from drill.recovery.stretches import Stretch, stretch_with, stretches_of
from drill.recovery.values import Choice, Inventory, TimePoint
from drill.recovery.windows import window_around


def latest_instant(margin: timedelta, inventory: Inventory) -> Choice:
    """Return the newest instant, or the last restorable one at or before the margin.

    A margin that ends in a gap moves on to the nearest earlier instant, never to a later one: the
    plan asked for data that is at least so old.
    """
    stretches = stretches_of(inventory)
    newest = stretches[-1].last
    wanted = before(newest, margin)
    earlier = [stretch for stretch in stretches if stretch.first <= wanted]
    if not earlier:
        raise NoRecoveryPoint(
            f"a margin of {format_span(margin)} before {shown(newest)} is older than every "
            f"restore window of {inventory.source.id}",
            hint=f"The oldest restorable instant is {shown(stretches[0].first)}; choose a margin "
            f"of at most {format_span(newest - stretches[0].first)}.",
        )
    stretch = earlier[-1]
    restore_time = min(wanted, stretch.last)
    reason = f"newest instant of {windows_text(stretches)}"
    if margin:
        reason = f"{format_span(margin)} before the {reason}, {shown(newest)}"
    if restore_time != wanted:
        reason += f"; {shown(wanted)} lies in a gap, so the nearest earlier instant"
    return Choice(
        point=TimePoint(restore_time=restore_time, window=stretch.window),
        policy="latest",
        reason=f"{reason}: {shown(restore_time)}",
        reference_at=inventory.taken_at,
        candidates=len(stretches),
    )


def named_instant(restore_time: datetime, inventory: Inventory) -> Choice:
    """Return the instant that a plan names. Raise NoRecoveryPoint if no window has it."""
    instant = rounded_down(restore_time)
    window = window_around(inventory.windows, instant)
    if window is None:
        raise NoRecoveryPoint(
            f"{shown(instant)} is outside every restore window of {inventory.source.id}",
            hint=what_is_there(inventory, instant),
        )
    return Choice(
        point=TimePoint(restore_time=instant, window=window),
        policy="instant",
        reason=f"the instant that the plan names: {shown(instant)}, in the window "
        f"{window_text(window)}",
        reference_at=instant,
        candidates=len(inventory.windows),
    )


def random_instant(within: timedelta | None, seed: str, inventory: Inventory) -> Choice:
    """Return a whole millisecond of the period, each with the same chance."""
    stretches = stretches_of(inventory)
    if within is not None:
        stretches = _of_period(stretches, within, inventory)
    sizes = list(accumulate(stretch.size for stretch in stretches))
    index = draw_index(key_of(seed), "t", inventory.source.id, sizes[-1])
    place = next(place for place, up_to in enumerate(sizes) if index < up_to)
    stretch = stretches[place]
    restore_time = stretch.last - (sizes[place] - 1 - index) * MILLISECOND
    return Choice(
        point=TimePoint(restore_time=restore_time, window=stretch.window),
        policy="random",
        reason=f"number {index} of {sizes[-1]} milliseconds in {windows_text(stretches)}"
        f"{_of_the_last(within)}, drawn by seed: {shown(restore_time)}",
        reference_at=restore_time,
        seed=seed,
        candidates=len(stretches),
    )


def oldest_instant(inventory: Inventory) -> Choice:
    """Return the oldest instant of the oldest window: what retention promises longest."""
    stretches = stretches_of(inventory)
    oldest = stretches[0]
    return Choice(
        point=TimePoint(restore_time=oldest.first, window=oldest.window),
        policy="oldest",
        reason=f"oldest instant of {windows_text(stretches)}: {shown(oldest.first)}",
        reference_at=oldest.first,
        candidates=len(stretches),
    )


def edge_instant(inventory: Inventory, *, turn: int) -> Choice:
    """Return the instant just inside a border, borders counted from the oldest, by turns."""
    stretches = stretches_of(inventory)
    edges = [(edge, one) for one in stretches for edge in dict.fromkeys((one.first, one.last))]
    edge, stretch = edges[turn % len(edges)]
    return Choice(
        point=TimePoint(restore_time=edge, window=stretch.window),
        policy="edge",
        reason=f"border {turn % len(edges) + 1} of {len(edges)} of {windows_text(stretches)}, "
        f"just inside: {shown(edge)}",
        reference_at=edge,
        candidates=len(edges),
    )


def instant_around(
    event_at: datetime, distance: timedelta, inventory: Inventory, *, turn: int
) -> Choice:
    """Return the instant before the event at even turns, and the one after it at odd ones.

    Raise NoRecoveryPoint if no window has it.
    """
    is_after = turn % 2 == 1
    instant = rounded_down(event_at + distance if is_after else before(event_at, distance))
    stretch = stretch_with(stretches_of(inventory), instant)
    if stretch is None:
        raise NoRecoveryPoint(
            f"{shown(instant)}, {format_span(distance)} {'after' if is_after else 'before'} the "
            f"event, is inside no restore window of {inventory.source.id}",
            hint=what_is_there(inventory, instant),
        )
    return Choice(
        point=TimePoint(restore_time=instant, window=stretch.window),
        policy="around",
        reason=f"{format_span(distance)} {'after' if is_after else 'before'} the event at "
        f"{shown(event_at)}: {shown(instant)}",
        reference_at=instant,
        candidates=2,
    )


def _of_period(stretches: list[Stretch], within: timedelta, inventory: Inventory) -> list[Stretch]:
    begins_at = rounded_up(before(inventory.taken_at, within))
    inside = [
        Stretch(max(stretch.first, begins_at), stretch.last, stretch.window)
        for stretch in stretches
        if stretch.last >= begins_at
    ]
    if not inside:
        raise NoRecoveryPoint(
            f"no restore window of {inventory.source.id} reaches into the last "
            f"{format_span(within)}",
            hint=what_is_there(inventory, begins_at),
        )
    return inside


def _of_the_last(within: timedelta | None) -> str:
    return "" if within is None else f" of the last {format_span(within)}"
