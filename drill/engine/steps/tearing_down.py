"""Tearing down: which way back, how long to try, and the verdict at the end."""

from __future__ import annotations

from drill.engine.desk import Desk
from drill.engine.faults import release_target
from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import EventKind, Outcome, Teardown
from drill.engine.steps.deleting import delete_new_target
from drill.engine.steps.resetting import reset_existing_target
from drill.engine.steps.teardown_answer import TornDown
from drill.plan.model import NewTarget


def tear_down(desk: Desk, parts: Parts, cloud: CloudSettings) -> None:
    """Do one step of the way back; write the verdict when it is over, whichever way it ended.

    An existing target that is not seen to be empty stays held, so that no drill uses it again.
    """
    _leave_out_idle_time(desk, parts)
    is_new = isinstance(desk.record.plan.target, NewTarget)
    answer = (delete_new_target if is_new else reset_existing_target)(desk, parts, cloud)
    if answer is None:
        give_up_teardown_if_late(desk, parts)
    else:
        _conclude(desk, parts, answer)


def _leave_out_idle_time(desk: Desk, parts: Parts) -> None:
    """Let the patience begin later by the time in which nobody looked although it was due.

    Whoever was down for an hour has not tried for an hour, and would leave behind what a second
    look deletes. A look that is late by less than a lease is one of a worker that was busy.
    """
    idle = desk.now() - desk.record.next_at
    began_at = desk.record.teardown_began_at
    if began_at is not None and idle > parts.lease:
        desk.save(teardown_began_at=min(began_at + idle, desk.now()))


def give_up_teardown_if_late(desk: Desk, parts: Parts) -> None:
    """Say that the scratch instance leaked, once teardown has tried for ``teardown_patience``.

    Called after a step that did not end it.
    """
    began_at = desk.record.teardown_began_at or desk.now()
    if desk.now() - began_at < parts.teardown_patience:
        return
    why = desk.record.teardown_reason or "the cloud did not finish it"
    reason = f"teardown was not over after {parts.teardown_patience}: {why}"
    _conclude(desk, parts, TornDown(Teardown.LEAKED, reason))


def _conclude(desk: Desk, parts: Parts, answer: TornDown) -> None:
    """Finish the drill with what was found before; then give the target free if it is clean.

    In this order: were it free before the verdict is written, a worker that takes over after a
    crash would look into a target that belongs to another drill by then.
    """
    record = desk.record
    desk.note(
        EventKind.OBSERVATION,
        "teardown",
        {"teardown": answer.teardown.value, "reason": answer.reason},
    )
    parts.passwords.forget(record.id)
    desk.finish(
        record.finding or Outcome.INCONCLUSIVE,
        teardown=answer.teardown,
        teardown_reason=answer.reason,
    )
    if not isinstance(record.plan.target, NewTarget) and answer.teardown is not Teardown.LEAKED:
        release_target(desk)
