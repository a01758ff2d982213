"""How long an admission is good for."""

from __future__ import annotations

from datetime import datetime, timedelta

from drill.errors import Refused
from drill.guard.admission import Admitted

ADMISSION_LASTS = timedelta(seconds=30)
"""Shorter than any lease: whoever waited longer may not hold the drill any more."""


def ensure_fresh(admitted: Admitted, *, now: datetime) -> None:
    """Return only if the facts behind an admission were read a moment ago.

    A worker that was suspended between the guard and the call may have lost its drill to another
    one meanwhile; its order must not leave this machine. Raise Refused.
    """
    age = now - admitted.admitted_at
    if not -ADMISSION_LASTS <= age <= ADMISSION_LASTS:
        raise Refused(
            f"a write was held back: the admission is {age} old, and lasts {ADMISSION_LASTS}",
            hint="The machine slept, or its clock was set: run the plan again.",
        )
