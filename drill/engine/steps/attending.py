"""Whether somebody looked while the cloud restored: what nobody saw is no evidence of slowness."""

from __future__ import annotations

from datetime import timedelta

from drill.engine.desk import Desk
from drill.engine.ports import CloudSettings
from drill.engine.record import EventKind
from drill.recovery.measure import unattended_stretch


def note_stretch(desk: Desk, cloud: CloudSettings) -> timedelta:
    """Return how long nobody had seen where the drill is, and note it; zero if looks came in time.

    A worker that died, a machine that slept, and a cloud that could not be asked are the same
    here. The line of the journal is written with the next save.
    """
    record, now = desk.record, desk.now()
    since = record.looked_at or record.restore_accepted_at
    stretch = unattended_stretch(since, now=now, poll_every=cloud.poll_every)
    if since is not None and stretch > timedelta(0):
        desk.note(
            EventKind.OBSERVATION,
            "unattended",
            {"since": since.isoformat(), "seconds": round(stretch.total_seconds())},
        )
    return stretch
