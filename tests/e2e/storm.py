"""Two daemons on one store, drills of both kinds under way, and something that goes wrong for a
while; then calm, and what has to hold after it.

``DRILL_TEST_STORM_SECONDS`` says how long it goes wrong, ``DRILL_TEST_STORM_SEED`` how. Every run
prints its seed, and a failure names it.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from drill.engine.enlisting import new_drill
from drill.engine.record import DrillRecord, Outcome, State, Teardown, Trigger
from drill.errors import StoreError, StoreUnavailable
from drill.plan.loader import load_plans
from drill.plan.model import NewTarget
from drill.store import SqlJournal, open_journal
from tests.e2e.serving import Serving, only_plans, schedule, wait_until
from tests.e2e.world import World

SECONDS = float(os.environ.get("DRILL_TEST_STORM_SECONDS", "10"))
SEED = os.environ.get("DRILL_TEST_STORM_SEED", "20260301")
SETTLE_SECONDS = 240.0

PLANS = ("orders-before-latest", "orders-latest")
"""A new target, and an existing one."""
AT_ONCE = 4
"""Drills that are kept unfinished beside those of the schedule."""

PASSES = {Outcome.PASSED, Outcome.PASSED_LATE}
NOT_ABOUT_THE_BACKUP = {*PASSES, Outcome.INCONCLUSIVE, Outcome.MISSED}
"""How a drill of a good backup may end, whatever happens around it."""


@dataclass
class Storm:
    """A folder of a user, its store, two daemons that work on it, and what is drawn by lot."""

    world: World
    url: str
    daemons: list[Serving]
    lots: random.Random
    done: Counter[str] = field(default_factory=Counter)
    asked_for: set[str] = field(default_factory=set)
    began_at: datetime = field(default_factory=lambda: datetime.now().astimezone())
    ids_before: frozenset[str] = frozenset()

    @property
    def story(self) -> str:
        """Say what it takes to have this run again, and what happened."""
        return f"DRILL_TEST_STORM_SEED={SEED} DRILL_TEST_STORM_SECONDS={SECONDS:g}: {self.done}"

    @contextmanager
    def journal(self) -> Iterator[SqlJournal]:
        with open_journal(self.url, folder=self.world.folder) as journal:
            yield journal

    def rage(self, troubles: Sequence[Callable[[], None]], seconds: float = SECONDS) -> None:
        """Let one trouble after another happen, and see to it that drills are under way.

        On a slow machine it takes longer: until a drill was asked for, nothing has been tried.
        """
        until = time.monotonic() + seconds
        at_most = until + SETTLE_SECONDS
        pause = threading.Event()
        deck: list[Callable[[], None]] = []
        while (now := time.monotonic()) < until or (not self.asked_for and now < at_most):
            self.ask_for_drills()
            pause.wait(self.lots.uniform(0.2, 2.5))
            deck = deck or self.lots.sample(troubles, len(troubles))
            trouble = deck.pop()
            self.done[trouble.__name__.strip("_")] += 1
            trouble()

    def ask_for_drills(self) -> None:
        """Enlist drills of both kinds; whether a lost answer was a yes, the slot tells."""
        loaded, _ = load_plans(self.world.folder / "plans")
        now = datetime.now().astimezone()
        drills = [
            new_drill(
                one.plan,
                digest=one.digest,
                trigger=Trigger.COMMAND,
                scheduled_for=now,
                now=now,
            )
            for one in loaded
        ]
        for _ in range(2):
            try:
                with self.journal() as journal:
                    if len(journal.unfinished()) < AT_ONCE:
                        self.asked_for |= {one.id for one in journal.enlist(drills)}
            except StoreUnavailable:
                continue
            return

    def settle(self) -> list[DrillRecord]:
        """Let no new slot come, wait until every drill is finished, and return them all."""
        for name in PLANS:
            schedule(self.world, name, "")
        for daemon in self.daemons:
            daemon.send(signal.SIGHUP)
        wait_until(self._is_quiet, f"every drill is finished: {self.story}", SETTLE_SECONDS)
        for daemon in self.daemons:
            assert daemon.is_running, (self.story, daemon.log[-4000:])
        with self.journal() as journal:
            return journal.history(at_most=10_000)

    def _is_quiet(self) -> bool:
        try:
            with self.journal() as journal:
                return not journal.unfinished() and not journal.leaked()
        except StoreError:
            return False


@contextmanager
def storm(world: World, url: str, text: str, *, logs: Path | None = None) -> Iterator[Storm]:
    """Serve this folder twice from a store at this URL; the daemons never outlive the block.

    Their logs are in ``logs``, or else in the folder of the user.
    """
    only_plans(world, *PLANS)
    world.change_config('url = "sqlite:///drill.db"', 'url = "file:store-url"')
    secret = world.folder / "store-url"
    secret.touch(mode=0o600)
    secret.write_text(url)
    world.change_config("[limits]\n", '[limits]\nlease = "4s"\n')
    world.change_config('settle_time = "10s"', 'settle_time = "5s"')
    with ExitStack() as stack:
        daemons = []
        for name in ("one", "two"):
            options = ("--sweep-every", "5", "--drain-timeout", "5")
            daemon = Serving(world, (logs or world.folder) / f"{name}.log", *options)
            stack.callback(daemon.kill)
            daemons.append(daemon)
        lots = random.Random(f"{SEED}/{text}")
        made = Storm(world, url, daemons, lots, ids_before=frozenset(_names_of(world)))
        print(f"{text}: DRILL_TEST_STORM_SEED={SEED} DRILL_TEST_STORM_SECONDS={SECONDS:g}")  # noqa: T201
        wait_until(lambda: all(map(_is_up, daemons)), "both daemons are ready")
        yield made


def _is_up(daemon: Serving) -> bool:
    assert daemon.is_running, daemon.log[-4000:]
    return '"ready"' in daemon.log


def assert_nothing_was_lost(made: Storm, found: Sequence[DrillRecord]) -> None:
    """End the daemons, and raise AssertionError unless every promise was kept."""
    for daemon in made.daemons:
        daemon.send(signal.SIGTERM)
    codes = [daemon.process.wait(60) for daemon in made.daemons]
    logs = "".join(daemon.log for daemon in made.daemons)
    story = f"{made.story}, {Counter(one.outcome for one in found)}"
    print(story)  # noqa: T201
    assert set(codes) == {0}, (story, logs[-4000:])
    assert "Traceback" not in logs, (story, logs[logs.find("Traceback") :][:4000])
    swept = made.world.drill("sweep", "--apply")
    assert swept.code == 0, (story, swept.out + swept.err)
    assert made.world.scratch_left() == [], story
    _assert_records(found, story)
    _assert_orders(made, found, story)
    with made.journal() as journal:
        for record in found:
            held = journal.holder_of(record.plan.source.cloud, record.target_id or "")
            assert held is None, story
    assert made.asked_for <= {one.id for one in found}, story
    assert made.done.total() > 0, story
    assert PASSES & {one.outcome for one in found if one.id in made.asked_for}, story


def _assert_records(found: Sequence[DrillRecord], story: str) -> None:
    for one in found:
        about = (story, one.id, one.outcome, one.reason, one.teardown, one.teardown_reason)
        assert one.state is State.FINISHED, about
        assert one.outcome in NOT_ABOUT_THE_BACKUP, about
        assert one.teardown in {Teardown.CLEAN, Teardown.NOT_NEEDED}, about
        assert one.outcome in PASSES or one.reason, about
    slots = Counter((one.plan_name, one.scheduled_for) for one in found)
    assert set(slots.values()) == {1}, story
    for name in PLANS:
        of_plan = sorted(
            one.scheduled_for
            for one in found
            if one.plan_name == name and one.trigger is Trigger.SCHEDULE
        )
        steps = {later - earlier for earlier, later in pairwise(of_plan)}
        assert steps <= {timedelta(minutes=1)}, (story, name, of_plan)


def _assert_orders(made: Storm, found: Sequence[DrillRecord], story: str) -> None:
    """Ask the sandbox itself what it accepted, and hold it against each drill."""
    creations = Counter(
        name for instance_id, name in _names_of(made.world).items() if _is_new(instance_id, made)
    )
    restores = _restores_in_place(made)
    left = Counter(restores.values())
    for one in found:
        about = (story, one.id, one.outcome, one.reason)
        if isinstance(one.plan.target, NewTarget):
            accepted = creations.pop(f"drill-{one.id}", 0)
        else:
            mine = [job for job, at in restores.items() if _is_of(one, at)]
            accepted = len(mine)
            left.subtract([restores[job] for job in mine])
        assert accepted <= 1, about
        assert accepted == 1 or one.outcome not in PASSES, about
    assert not creations, (story, "created by nobody", creations)
    assert not +left, (story, "restored by nobody", +left)


def _is_new(instance_id: str, made: Storm) -> bool:
    return instance_id not in made.ids_before


def _is_of(record: DrillRecord, at: datetime) -> bool:
    """Tell whether an order came while this drill held the target: nobody else does then."""
    if record.restore_intent_at is None or record.finished_at is None:
        return False
    return record.restore_intent_at <= at <= record.finished_at


def _names_of(world: World) -> dict[str, str]:
    names: dict[str, str] = world.admin().state()["names"]
    return names


def _restores_in_place(made: Storm) -> dict[str, datetime]:
    """Return when the sandbox accepted each restore of a source onto an existing target."""
    query = (
        "select id, created_at from jobs where kind = 'recovery' and source_id is not null "
        "and source_id <> instance_id"
    )
    file = (made.world.state / "state.sqlite").resolve()
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        rows = connection.execute(query).fetchall()
    at = {job_id: datetime.fromisoformat(created_at) for job_id, created_at in rows}
    return {job_id: one for job_id, one in at.items() if one >= made.began_at}
