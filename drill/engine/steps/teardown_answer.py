"""How a teardown ended."""

from __future__ import annotations

from dataclasses import dataclass

from drill.engine.desk import Desk
from drill.engine.record import EventKind, Teardown
from drill.errors import ProviderError
from drill.guard.admission import Refusals
from drill.provider.port import Accepted


@dataclass(frozen=True, slots=True)
class TornDown:
    """Teardown is over: clean, leaked or not needed, with one sentence that says why."""

    teardown: Teardown
    reason: str


def leaked_by(refusals: Refusals) -> TornDown:
    """Return the answer for a way back that the guard does not permit."""
    reasons = "; ".join(one.message for one in refusals.refusals)
    return TornDown(Teardown.LEAKED, f"the guard does not permit it: {reasons}")


def note_accepted(desk: Desk, act: str, accepted: Accepted) -> None:
    """Write down that the cloud took the order to tear down."""
    desk.note(
        EventKind.RESULT,
        act,
        {
            "answer": "accepted",
            "job_id": accepted.job_id,
            "request_id": accepted.request_id,
        },
    )
    ids = desk.record.request_ids + ((accepted.request_id,) if accepted.request_id else ())
    desk.save(
        teardown_accepted_at=accepted.accepted_at,
        teardown_job_id=accepted.job_id,
        teardown_seen_running=False,
        request_ids=ids,
    )


def note_lost(desk: Desk, act: str, error: ProviderError) -> None:
    """Write down that nobody knows whether the cloud took the order to tear down."""
    desk.note(EventKind.RESULT, act, {"answer": "lost", "message": error.message})


def note_not_accepted(desk: Desk, act: str, error: ProviderError) -> None:
    """Write down that the cloud did not take the order to tear down."""
    desk.note(
        EventKind.RESULT,
        act,
        {
            "answer": "not accepted",
            "code": error.code,
            "message": error.message,
            "request_id": error.request_id,
        },
    )
