"""A look at every source that is killed between two writes, or that two processes do at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from drill.engine.archive import Archive
from drill.engine.observing import keep_observing
from drill.errors import StoreUnavailable
from drill.store import open_journal
from tests.engine.scene import BYSTANDER_ID, SOURCE_ID, Scene, a_plan
from tests.harness.boundaries import Boundary, Gated
from tests.harness.troubles import Killed

SOURCES = (SOURCE_ID, BYSTANDER_ID)
WRITES = ("observe", "record_population")
LATER = timedelta(minutes=1)


class DiesAt:
    """Ends the process at one boundary, or lets the store be away there."""

    def __init__(self, at: int, error: type[BaseException]) -> None:
        self.left = at
        self._error = error

    def __call__(self, boundary: Boundary) -> None:
        if self.left == 0:
            self.left -= 1
            raise self._error("killed by the test")
        self.left -= 1


@pytest.mark.parametrize("error", [Killed, StoreUnavailable])
@pytest.mark.parametrize("at", range(2 * (len(SOURCES) + 1)))
def test_what_was_seen_before_a_kill_is_kept_and_the_rest_is_looked_at_again(tmp_path, at, error):
    with open_journal("sqlite:///drill.db", folder=tmp_path) as journal:
        scene = Scene(journal)
        archive = journal.archive
        plans = [
            a_plan(name=name, source={"cloud": "memory", "instance_id": source})
            for name, source in zip(("orders", "billing"), SOURCES, strict=True)
        ]
        mortal = cast("Archive", Gated(archive, DiesAt(at, error), dict.fromkeys(WRITES, "write")))
        with pytest.raises(error):
            keep_observing(scene.parts, mortal, plans, now=scene.clock.now())
        scene.clock.move(LATER)

        keep_observing(scene.parts, archive, plans, now=scene.clock.now())
        scene.clock.move(LATER)
        third: Any = keep_observing(scene.parts, archive, plans, now=scene.clock.now())

        assert (third.observations, third.populations) == ((), ())
        since = scene.clock.now() - timedelta(days=1)
        for source in SOURCES:
            assert len(list(archive.observations_of(("memory", source), since=since))) == 1
        assert list(archive.populations(since=since))
