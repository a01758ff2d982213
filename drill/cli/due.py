"""``drill run --due``: one look at the schedule, for cron or a Kubernetes CronJob."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from drill.cli.output import say

if TYPE_CHECKING:
    from drill.bootstrap import House
    from drill.engine.enlisting import Enlisted
    from drill.plan.loaded import LoadedPlan
    from drill.plan.problems import Problem


def enlist_slots(house: House, plans: Sequence[LoadedPlan]) -> tuple[Enlisted, list[str]]:
    """Enlist what is due, take abandoned drills over; return what was found and all ids to run.

    ``plans`` are all plans there are, as they were valid last. What is not among them is gone,
    unless its file is still there: then nobody knows.
    """
    from drill.dispatch.worker import is_known_dead
    from drill.engine.enlisting import enlist_due
    from drill.engine.sweeping import abandoned_drills

    now = house.parts.clock.now()
    taken_over = abandoned_drills(house.parts, is_dead=is_known_dead, now=now)
    for record in taken_over:
        say(f"taking over drill {record.id} of plan {record.plan_name} ({record.state.value})")
    files = (house.folder / house.config.folders.plans).glob("*.toml")
    there = {loaded.plan.name for loaded in plans} | {file.stem for file in files}
    gone = set(house.control.plans_seen()) - there
    found = enlist_due(
        house.journal,
        house.control,
        plans,
        now=now,
        blackouts=house.config.blackouts,
        gone=gone,
    )
    for name in sorted(gone):
        say(f"{name}: its file is gone, so that it has no slots any more")
    _say(found)
    return found, [*(record.id for record in taken_over), *found.enlisted]


def due_plans(house: House, plans: Sequence[LoadedPlan]) -> list[LoadedPlan]:
    """Return the plans that would begin now; nothing is written."""
    from drill.engine.enlisting import plans_due

    now = house.parts.clock.now()
    return plans_due(house.control, plans, now=now, blackouts=house.config.blackouts)


def due_shape(found: Enlisted, problems: Sequence[Problem]) -> dict[str, Any]:
    """Return what one look at the schedule wrote down, as JSON."""
    from drill.cli.shapes import problem_shape

    return {
        "enlisted": list(found.enlisted),
        "missed": found.missed,
        "skipped": found.skipped,
        "waiting": found.waiting,
        "first_seen": list(found.first_seen),
        "complete": found.is_complete,
        "problems": [problem_shape(one) for one in problems],
    }


def _say(found: Enlisted) -> None:
    for name in found.first_seen:
        say(f"{name}: seen with a schedule for the first time, its slots count from now on")
    if found.missed:
        say(f"missed: {_slots(found.missed)}; drill history says which and why")
    if found.skipped:
        say(f"skipped: {_slots(found.skipped)}")
    if found.waiting:
        say(f"waiting for spread, blackout or pause: {_slots(found.waiting)}")
    if not found.is_complete:
        say("there are more past slots than one look records: the next one goes on")


def _slots(count: int) -> str:
    return "1 slot" if count == 1 else f"{count} slots"
