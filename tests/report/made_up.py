"""A made-up history of a fleet: any number of sources and drills, the same for the same seed.

Nothing in it ever happened. It is for budgets, benchmarks and looking at pages.
"""

from __future__ import annotations

import pickle
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from drill.engine.record import DrillRecord, Event
from drill.engine.remembering import mark_of
from drill.recovery.facts import (
    DrillFacts,
    ExceptionNote,
    FleetSums,
    Look,
    NightlySums,
    Observation,
    Population,
    Review,
    SourceKey,
    WorstLag,
)
from drill.recovery.values import Backup, BackupKind, Window
from drill.recovery.verdict import Outcome
from tests.report import builders

NOW = datetime(2026, 3, 8, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
REGIONS = {"frankfurt": "eu-de", "amsterdam": "eu-nl"}
MARK = "made-up"
"""Stands in the name of every source and plan."""

_ENGINES = (("PostgreSQL", "16.4"), ("MySQL", "8.0"), ("MariaDB", "10.5"), ("SQLServer", "2019_SE"))
_OUTCOMES = (
    (Outcome.PASSED, 0.93),
    (Outcome.PASSED_LATE, 0.02),
    (Outcome.FAILED_RESTORE, 0.01),
    (Outcome.FAILED_CHECK, 0.01),
    (Outcome.INCONCLUSIVE, 0.015),
    (Outcome.REFUSED, 0.005),
    (Outcome.MISSED, 0.01),
)
_CHECKS = ("connects", "objects", "row-count", "heartbeat")


@dataclass
class History:
    """Answers as an archive and as a book of whole drills."""

    drills: list[DrillFacts]
    observations: dict[SourceKey, Observation]
    notes: list[ExceptionNote] = field(default_factory=list)
    sums: list[NightlySums] = field(default_factory=list)

    def drill_facts(
        self, *, since: datetime | None = None, until: datetime | None = None,
        source: SourceKey | None = None, **_: object,
    ) -> Iterator[DrillFacts]:  # fmt: skip
        """Yield the drills by slot, oldest first."""
        yield from (
            one
            for one in self.drills
            if (since is None or one.scheduled_for >= since)
            and (until is None or one.scheduled_for < until)
            and source in (None, one.source)
        )

    def newest_observations(self, *, at: datetime | None = None) -> dict[SourceKey, Observation]:
        """Return the newest observation of each source."""
        return {
            key: one for key, one in self.observations.items() if at is None or one.taken_at <= at
        }

    def newest_observation(
        self, source: SourceKey, *, at: datetime | None = None
    ) -> Observation | None:
        """Return the newest observation of a source."""
        return self.newest_observations(at=at).get(source)

    def marks(self, *, at: datetime) -> Mapping[SourceKey, str]:
        """Return how many drills each source had, and when it was looked at."""
        drills = Counter(one.source for one in self.drills if one.enlisted_at <= at)
        looks = self.newest_observations(at=at)
        return {
            key: mark_of(drills[key], looks[key].taken_at if key in looks else None)
            for key in {*drills, *looks}
        }

    def looks_of(self, source: SourceKey, since: datetime, until: datetime) -> Sequence[Look]:
        """Return a look a night, each some minutes behind."""
        nights = (until - since) // DAY
        return [
            Look(taken_at=at, newest_at=at - timedelta(minutes=4 + night % 9))
            for night in range(nights, 0, -1)
            for at in [until - DAY * night]
        ]

    def exceptions(self) -> Sequence[ExceptionNote]:
        """Return the exceptions."""
        return self.notes

    def populations(self, **_: object) -> Sequence[Population]:
        """Return nothing: no population was seen."""
        return ()

    def nightly_sums(self, *, since: datetime, until: datetime) -> Sequence[NightlySums]:
        """Return the sums that were kept in this span."""
        return [one for one in self.sums if since <= one.taken_at < until]

    def reviews(self) -> Sequence[Review]:
        """Return nothing: nobody has reviewed."""
        return ()

    def find(self, drill_id: str) -> DrillRecord:
        """Return a whole record with the outcome of the drill."""
        if not hasattr(self, "_by_id"):
            self._by_id = {one.id: one for one in self.drills}
        facts = self._by_id[drill_id]
        return record_of(facts)

    def events_of(self, drill_id: str) -> Sequence[Event]:
        """Return a journal as the engine would write it."""
        return _EVENTS


class Saved(History):
    """A history in files: its drills are read source by source, as from a store."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            self._marks, self._places, self._months, sums = pickle.load(file)  # noqa: S301 - a parent wrote it
        super().__init__(drills=[], observations={}, sums=sums)
        self._by_id: dict[str, DrillFacts] = {}

    def marks(self, *, at: datetime) -> Mapping[SourceKey, str]:
        """Return the marks of the history as it was saved."""
        return dict(self._marks)

    def drill_facts(
        self, *, since: datetime | None = None, until: datetime | None = None,
        source: SourceKey | None = None, **_: object,
    ) -> Iterator[DrillFacts]:  # fmt: skip
        """Yield the drills by slot, oldest first: those of a source, or of some months."""
        if source is not None:
            yield from self._drills_of(source)
            return
        first, last = (f"{one:%Y%m}" if one else "" for one in (since, until))
        with self._path.with_suffix(".months").open("rb") as file:
            for month, place in self._months.items():
                if month < first or (last and month > last):
                    continue
                file.seek(place)
                for one in pickle.load(file):  # noqa: S301
                    self._by_id[one.id] = one
                    if (since or one.scheduled_for) <= one.scheduled_for and (
                        until is None or one.scheduled_for < until
                    ):
                        yield one

    def newest_observation(
        self, source: SourceKey, *, at: datetime | None = None
    ) -> Observation | None:
        """Return the observation of a source."""
        return self._seen(source)

    def newest_observations(self, *, at: datetime | None = None) -> dict[SourceKey, Observation]:
        """Return the observation of each source."""
        return {key: self._seen(key) for key in self._places}

    def find(self, drill_id: str) -> DrillRecord:
        """Return a whole record with the outcome of the drill."""
        if drill_id not in self._by_id:
            for _drill in self.drill_facts():
                pass
        return super().find(drill_id)

    def _seen(self, key: SourceKey) -> Observation:
        with self._path.with_suffix(".sources").open("rb") as file:
            file.seek(self._places[key])
            return pickle.load(file)  # type: ignore[no-any-return]  # noqa: S301

    def _drills_of(self, key: SourceKey) -> list[DrillFacts]:
        with self._path.with_suffix(".sources").open("rb") as file:
            file.seek(self._places[key])
            pickle.load(file)  # noqa: S301
            drills: list[DrillFacts] = pickle.load(file)  # noqa: S301
        self._by_id |= {one.id: one for one in drills}
        return sorted(drills, key=lambda one: (one.scheduled_for, one.id))


def save(known: History, path: Path) -> None:
    """Write a history into files for ``Saved``."""
    drills: dict[SourceKey, list[DrillFacts]] = {key: [] for key in known.observations}
    for drill in known.drills:
        drills[drill.source].append(drill)
    places = {}
    with path.with_suffix(".sources").open("wb") as file:
        for key, seen in known.observations.items():
            places[key] = file.tell()
            pickle.dump(seen, file)
            pickle.dump(drills[key], file)
    months = {}
    with path.with_suffix(".months").open("wb") as file:
        for month, inside in groupby(known.drills, key=lambda one: f"{one.scheduled_for:%Y%m}"):
            months[month] = file.tell()
            pickle.dump(list(inside), file)
    newest = max(one.taken_at for one in known.observations.values())
    with path.open("wb") as file:
        pickle.dump((known.marks(at=newest), places, months, known.sums), file)


_PLAN = builders.plan("made-up-plan")
_EVENTS = builders.events_of(builders.drill("made-up", of=_PLAN))


def record_of(facts: DrillFacts) -> DrillRecord:
    """Return a record that is as long as a real one."""
    record = builders.drill(facts.id, facts.outcome, slot=facts.scheduled_for, of=_PLAN)
    return replace(record, plan_name=facts.plan_name)


def history(sources: int, drills: int, *, now: datetime = NOW, seed: int = 7) -> History:
    """Return a year of so many drills of so many sources, spread evenly."""
    draw = random.Random(seed)
    made: list[DrillFacts] = []
    seen: dict[SourceKey, Observation] = {}
    for number in range(sources):
        count = drills * (number + 1) // sources - drills * number // sources
        source = _source(number, draw, now)
        seen[source.source] = source
        made.extend(_drills(number, source, count, draw, now))
    made.sort(key=lambda one: (one.scheduled_for, one.id))
    return History(drills=made, observations=seen, sums=list(_nights(seen, now, seed)))


def one_percent_more(known: History, *, now: datetime, seed: int = 11) -> History:
    """Return the same history with one drill more for every hundredth source."""
    draw = random.Random(seed)
    keys = sorted(known.observations)[::100]
    seen = dict(known.observations)
    more = []
    for number, key in enumerate(keys):
        seen[key] = replace(seen[key], taken_at=now - timedelta(hours=1))
        slot = now - timedelta(hours=3)
        more.append(_drill(number * 100, seen[key], slot, draw, f"{slot:%Y%m%d}-more-{number}"))
    drills = sorted([*known.drills, *more], key=lambda one: (one.scheduled_for, one.id))
    return History(drills=drills, observations=seen, sums=known.sums)


def _nights(
    seen: Mapping[SourceKey, Observation], now: datetime, seed: int
) -> Iterator[NightlySums]:
    """Yield the sums of 90 nights, of which a few were not looked at, or in one cloud alone."""
    draw = random.Random(seed)
    counts = Counter(cloud for cloud, _source_id in seen)
    worst_of = dict(sorted(seen))
    share = 0.02
    for back in range(90, 0, -1):
        share = min(max(share + draw.uniform(-0.003, 0.003), 0.001), 0.2)
        for cloud, count in sorted(counts.items()):
            lag = draw.choice((4, 7, 9, 11, 12, 14, 10, 8, 25)) * 60_000
            advertised = count * 7 * 86_400_000
            if draw.random() < 0.05:
                continue
            yield NightlySums(
                cloud=cloud,
                taken_at=now - back * DAY - timedelta(hours=2, minutes=draw.randrange(60)),
                sums=FleetSums(
                    proven=int(share * advertised), advertised=advertised, with_window=count,
                    measured=count, promised=count, late=int(lag > 900_000),
                    worst=WorstLag(
                        source=(cloud, worst_of[cloud]), milliseconds=lag,
                        target=timedelta(minutes=15),
                    ),
                ),
            )  # fmt: skip


def _source(number: int, draw: random.Random, now: datetime) -> Observation:
    engine, version = _ENGINES[number % len(_ENGINES)]
    taken_at = now - timedelta(hours=2, minutes=draw.randrange(60))
    midnight = taken_at.replace(hour=0, minute=0, second=0, microsecond=0)
    key = f"{number:08x}"
    end = taken_at - timedelta(minutes=draw.randrange(1, 12))
    hole = midnight - DAY * draw.randrange(1, 6)
    windows: tuple[Window, ...] = (Window(taken_at - 7 * DAY, end),)
    if draw.random() < 0.1:
        windows = (
            Window(taken_at - 7 * DAY, hole), Window(hole + timedelta(hours=2), end)
        )  # fmt: skip
    backups = tuple(
        Backup(
            id=f"bk-{key}-{back}", instance_id=f"{MARK}-{key}", name=f"auto-{back}",
            kind=BackupKind.AUTO, status="COMPLETED", began_at=midnight - DAY * back,
            ended_at=midnight - DAY * back + timedelta(hours=1), size_bytes=10**10,
        )
        for back in range(7, -1, -1)
    )  # fmt: skip
    return Observation(
        cloud=("frankfurt", "amsterdam")[number % 2], source_id=f"{MARK}-{key}",
        taken_at=taken_at, source_name=f"{MARK}-db-{number:05d}", engine=engine, version=version,
        status="ACTIVE", created_at=now - timedelta(days=400),
        volume_gb=draw.choice((40, 100, 250, 600, 1200, 4000)), volume_type="CLOUDSSD",
        flavor="rds.large.2", retention_days=7, windows=windows, backups=backups,
    )  # fmt: skip


def _drills(
    number: int, source: Observation, count: int, draw: random.Random, now: datetime
) -> Iterator[DrillFacts]:
    for place in range(count):
        age = 365 * (place + draw.random()) / count
        slot = (now - timedelta(days=age)).replace(second=0, microsecond=0)
        yield _drill(number, source, slot, draw, f"{slot:%Y%m%d-%H%M}-{number:05d}-{place}")


def _drill(
    number: int, source: Observation, slot: datetime, draw: random.Random, drill_id: str
) -> DrillFacts:
    outcomes, weights = zip(*_OUTCOMES, strict=True)
    outcome = draw.choices(outcomes, weights)[0]
    is_executed = outcome not in {Outcome.REFUSED, Outcome.MISSED}
    has_passed = outcome in {Outcome.PASSED, Outcome.PASSED_LATE}
    size = source.volume_gb or 100
    rta = timedelta(minutes=8 + size * 0.05 * (0.8 + 0.4 * draw.random()))
    accepted = slot + timedelta(minutes=4)
    done = accepted + rta
    point = slot - timedelta(minutes=draw.randrange(5, 9000))
    base = point.replace(hour=1, minute=0)
    base = base if base <= point else base - DAY
    is_backup = draw.random() < 0.2
    answers = {
        Outcome.FAILED_CHECK: ("passed", "passed", "failed", "passed"),
        Outcome.INCONCLUSIVE: ("passed", "passed", "no_data", "passed"),
    }.get(outcome, ("passed",) * 4)
    is_up = is_executed and outcome is not Outcome.FAILED_RESTORE
    return DrillFacts(
        id=drill_id, plan_name=f"{MARK}-{number:05d}", plan_digest=f"sha256:{number:064x}",
        group=f"group-{number % 12}", tier=1 + number % 3, cloud=source.cloud,
        source_id=source.source_id, source_name=source.source_name, engine=source.engine,
        mode="backup" if is_backup else "pitr", policy="random", target_kind="new",
        target_id=f"new-{drill_id}", target_name=f"drill-{drill_id}", trigger="schedule",
        scheduled_for=slot, enlisted_at=slot, started_at=slot,
        restore_accepted_at=accepted if is_executed else None, checked_at=done if is_up else None,
        finished_at=done + timedelta(minutes=5) if is_executed else slot + timedelta(minutes=1),
        outcome=outcome, state="finished",
        reason=None if outcome is Outcome.PASSED else f"{MARK}: {outcome.value}",
        failing=("row-count",) if outcome in {Outcome.FAILED_CHECK, Outcome.INCONCLUSIVE} else (),
        checks=tuple(zip(_CHECKS, answers, strict=True)) if is_up else (),
        teardown="clean" if is_executed else "not_needed",
        level=4 if has_passed else 2 if is_up else 0, point_at=base if is_backup else point,
        reference_at=point, base_at=base, base_id=None, base_how="inferred",
        rta=rta if is_up else None, rto_target=timedelta(hours=2),
        rpa=timedelta(minutes=1) if is_up else None, rpa_claimed=timedelta(minutes=1),
        rpo_target=timedelta(minutes=15), volume_gb=size, volume_type="CLOUDSSD",
        flavor="rds.large.2", restore_job_id=f"job-{drill_id}", seed="made-up",
        tool_version="0.1.0",
    )  # fmt: skip
