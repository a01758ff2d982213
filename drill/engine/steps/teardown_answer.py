"""How a teardown is ordered, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drill.engine.desk import Desk
from drill.engine.ports import CloudSettings
from drill.engine.record import EventKind, Teardown
from drill.errors import AnswerLost, ProviderError
from drill.guard.admission import Refusals
from drill.provider.port import Accepted


@dataclass(frozen=True, slots=True)
class TornDown:
    """Teardown is over: clean, leaked or not needed, with one sentence that says why."""

    teardown: Teardown
    reason: str


def is_watched_out(desk: Desk, cloud: CloudSettings, intent_at: datetime) -> bool:
    """Tell whether a restore that shows no sign of life was not accepted, and never will be.

    It is watched for ``settle_time`` once more after teardown began. Whoever took the drill over
    may have a clock that is minutes ahead of the one that wrote the intent, and must not take an
    order that is still on its way for one that was never accepted: nobody would look again.
    """
    since = max(intent_at, desk.record.teardown_began_at or intent_at)
    return desk.now() - since > cloud.settle_time


def leaked_by(refusals: Refusals) -> TornDown:
    """Return the answer for a way back that the guard does not permit."""
    reasons = "; ".join(one.message for one in refusals.refusals)
    return TornDown(Teardown.LEAKED, f"the guard does not permit it: {reasons}")


def give_order(
    desk: Desk, cloud: CloudSettings, act: str, call: Callable[[], Accepted], **if_refused: Any
) -> None:
    """Give the order to tear down, once, and write down what became of it.

    ``if_refused`` are the changes of the record if the cloud did not take the order; the error is
    then raised on. A lost answer is not raised: the next step looks. Raise ProviderError.
    """
    desk.hold()
    try:
        accepted = call()
    except AnswerLost as error:
        desk.note(EventKind.RESULT, act, {"answer": "lost", "message": error.message})
        desk.look_again_in(cloud.poll_every)
        return
    except ProviderError as error:
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
        desk.save(teardown_reason=error.message, **if_refused)
        raise
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
    desk.look_again_in(
        cloud.poll_every,
        teardown_accepted_at=accepted.accepted_at,
        teardown_job_id=accepted.job_id,
        teardown_seen_running=False,
        request_ids=ids,
    )
