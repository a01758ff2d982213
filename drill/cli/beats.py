"""What ``drill serve`` does beside its drills: tells people and machines, looks at sources, and
renders the report. Each has a thread of its own, and none can stop a drill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from drill.cli.rendering import render_apart
from drill.engine.observing import keep_observing
from drill.notify.beats import Aside, Attached, attach
from drill.notify.build import build_deadman, build_herald, build_meter
from drill.notify.known import start_of

if TYPE_CHECKING:
    from drill.bootstrap import House
    from drill.engine.ports import Parts
    from drill.plan.model import Plan

OBSERVE_EVERY = timedelta(minutes=30)
"""How often it is asked whether some source is due for a look; each is looked at twice a day."""

RENDER_EVERY = timedelta(minutes=10)


def attach_beats(
    house: House,
    *,
    plans: Callable[[], Sequence[Plan]],
    parts: Callable[[], Parts],
    is_healthy: Callable[[], bool],
) -> Attached:
    """Return what is to be called at every beat.

    Raise ConfigInvalid if ``metrics.listen`` can never work on this host.
    """
    config, control, worker = house.config, house.journal.control, house.parts.worker
    archive, book = house.archive, house.journal.notices()
    attached = attach(
        herald=build_herald(
            config, plans, folder=house.folder, archive=archive, book=book, control=control
        ),
        meter=build_meter(
            config, plans, journal=house.journal, archive=archive, book=book, control=control
        ),
        listen=config.metrics.listen,
        deadman=build_deadman(config, folder=house.folder),
        start=lambda: start_of(control.daemons(), worker),
        is_healthy=is_healthy,
    )

    def observe(now: datetime) -> None:
        seen = keep_observing(parts(), archive, plans(), now=now)
        if seen.not_summed is not None:
            log = structlog.get_logger("drill.cli")
            log.error("the sums of this night are not kept", fault=seen.not_summed)

    more = (
        Aside("observations", observe, every=OBSERVE_EVERY),
        Aside("report", _rendering(house, plans), every=RENDER_EVERY),
    )
    return replace(attached, asides=(*attached.asides, *more))


def _rendering(house: House, plans: Callable[[], Sequence[Plan]]) -> Callable[[datetime], None]:
    def render_report(now: datetime) -> None:
        render_apart(house, now=now, plans=plans())

    return render_report
