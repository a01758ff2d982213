"""A whole house in memory: a cloud, a store, a clock that moves when told, a scripted prober."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from drill.check.port import (
    CheckAnswer,
    CheckContext,
    CheckResult,
    Emptiness,
    Endpoint,
)
from drill.clock import ManualClock
from drill.engine.enlisting import new_drill
from drill.engine.memory import MemoryJournal
from drill.engine.memory_archive import MemoryArchive
from drill.engine.passwords import CopyPasswords
from drill.engine.ports import CloudSettings, Journal, Parts, ScratchLogin
from drill.engine.record import DrillRecord, State, Trigger
from drill.engine.runner import advance
from drill.guard.facts import CloudRules, SiteRules
from drill.plan.model import Check, Plan
from drill.provider.memory import Habits, MemoryProvider
from drill.provider.port import Provider
from drill.recovery.values import Backup, BackupKind, Engine, Instance, Window

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SOURCE_ID = "orders0000000000000000000000000ain03"
TARGET_ID = "scratch000000000000000000000000ain03"
BYSTANDER_ID = "billing000000000000000000000000ain03"
POISON = "hunter2"


def a_plan(
    *, target: str = "new", mode: str = "pitr", name: str = "orders", **changes: object
) -> Plan:
    """Return a valid plan that restores orders-prod."""
    new = {
        "kind": "new",
        "flavor": "rds.pg.n1.small",
        "volume": {"type": "CLOUDSSD"},
        "availability_zone": "az-1",
        "vpc_id": "vpc-scratch",
        "subnet_id": "subnet-scratch",
    }
    existing = {"kind": "existing", "instance_id": TARGET_ID}
    pitr = {"mode": "pitr", "selection": {"policy": "latest", "margin": "1m"}}
    backup = {"mode": "backup", "selection": {"policy": "newest"}}
    document: dict[str, object] = {
        "name": name,
        "source": {"cloud": "memory", "instance_id": SOURCE_ID},
        "restore": pitr if mode == "pitr" else backup,
        "target": new if target == "new" else existing,
        "login": {"user": "drill_check", "password": "env:CHECK", "database": "shop"},
        "objectives": {"rpo": "5m" if mode == "pitr" else "1d", "rto": "30m"},
        "checks": [
            {"kind": "connects"},
            {"kind": "objects", "tables": ["shop.orders"]},
            {"kind": "row_count", "table": "shop.orders", "at_least": 1},
            {
                "kind": "heartbeat",
                "table": "shop.heartbeat",
                "column": "at",
                "interval": "1s",
            },
        ],
        **changes,
    }
    return Plan.model_validate(document)


class ScriptedProber:
    """Answers what the test says; looks into the cloud in memory for emptiness."""

    def __init__(self, provider: MemoryProvider, clock: ManualClock) -> None:
        self._provider = provider
        self._clock = clock
        self.answers: dict[str, CheckAnswer] = {}
        self.unreachable: str | None = None
        self.emptiness: Emptiness | None = None
        self.runs = 0

    def why_unreachable(self, endpoint: Endpoint) -> str | None:
        return self.unreachable

    def run(
        self, checks: Sequence[tuple[str, Check]], endpoint: Endpoint, context: CheckContext
    ) -> Sequence[CheckResult]:
        self.runs += 1
        return [
            CheckResult(
                name=name,
                kind=check.kind,
                answer=self.answers.get(name, CheckAnswer.PASSED),
                reason=f"{name} was asked",
                row_count=7 if check.kind == "row_count" else None,
                newest_at=(
                    context.point_at - timedelta(milliseconds=400)
                    if check.kind == "heartbeat"
                    else None
                ),
                began_at=self._clock.now(),
                duration=timedelta(milliseconds=3),
            )
            for name, check in checks
        ]

    def see_emptiness(self, endpoint: Endpoint) -> Emptiness:
        if self.emptiness is not None:
            return self.emptiness
        is_empty = self._provider.contents.get(TARGET_ID) is None
        return Emptiness(is_empty=is_empty, reason="looked inside")


def an_instance(instance_id: str, name: str, **changes: object) -> Instance:
    """Return a PostgreSQL instance that is up."""
    instance = Instance(
        cloud="memory",
        id=instance_id,
        name=name,
        engine=Engine.POSTGRESQL,
        version="16",
        complete_version="16.9",
        status="ACTIVE",
        created_at=NOON - timedelta(days=90),
        volume_gb=100,
        volume_type="CLOUDSSD",
        host="127.0.0.1",
        port=5432,
        admin_user="root",
        vpc_id="vpc-prod",
        retention_days=7,
    )
    return replace(instance, **changes)  # type: ignore[arg-type]


def a_backup(backup_id: str, instance_id: str, ended_at: datetime, name: str) -> Backup:
    """Return a complete manual backup."""
    return Backup(
        id=backup_id,
        instance_id=instance_id,
        name=name,
        kind=BackupKind.MANUAL,
        status="COMPLETED",
        began_at=ended_at - timedelta(minutes=2),
        ended_at=ended_at,
        engine=Engine.POSTGRESQL,
        version="16",
    )


RULES = CloudRules(
    kind="memory",
    restore_to_existing=frozenset({Engine.POSTGRESQL}),
    restore_to_current=frozenset({Engine.POSTGRESQL}),
    same_version=frozenset({Engine.POSTGRESQL}),
)


class Scene:
    """One source, one existing target, a bystander, and everything that a drill needs."""

    def __init__(self, journal: Journal | None = None, *, tags_in_create: bool = True) -> None:
        self.clock = ManualClock(NOON)
        self.rules = replace(RULES, tags_in_create=tags_in_create)
        self.provider = MemoryProvider(self.clock, habits=Habits(tags_in_create=tags_in_create))
        self.journal: Journal = journal or MemoryJournal()
        self.prober = ScriptedProber(self.provider, self.clock)
        self.worker = "host/1/1"
        self._fill_cloud()
        self.parts = self.parts_with(self.journal, self.provider)

    def _fill_cloud(self) -> None:
        provider = self.provider
        provider.add_instance(an_instance(SOURCE_ID, "orders-prod"))
        provider.add_instance(an_instance(BYSTANDER_ID, "billing-prod"))
        provider.add_instance(an_instance(TARGET_ID, "scratch-a", tags={"drill-scratch": "yes"}))
        provider.add_backup(a_backup("backup-1", SOURCE_ID, NOON - timedelta(hours=11), "nightly"))
        provider.add_backup(
            a_backup("baseline", TARGET_ID, NOON - timedelta(days=30), "drill-baseline")
        )
        provider.set_windows(
            SOURCE_ID, [Window(NOON - timedelta(days=6), NOON - timedelta(minutes=2))]
        )

    def parts_with(self, journal: Journal, provider: Provider) -> Parts:
        """Return the parts, with another journal or cloud in between."""
        secret: Callable[[str], SecretStr] = lambda reference: SecretStr(POISON)  # noqa: E731
        scratch: Mapping[str, ScratchLogin] = {
            TARGET_ID: ScratchLogin(
                baseline="drill-baseline",
                user="root",
                password=lambda: SecretStr(POISON),
                database="postgres",
            )
        }
        cloud = CloudSettings(
            provider=provider,
            rules=self.rules,
            site=SiteRules(
                allow_list=frozenset({("memory", TARGET_ID)}),
                protected=frozenset({("memory", SOURCE_ID), ("memory", BYSTANDER_ID)}),
                plan_sources=frozenset({("memory", SOURCE_ID)}),
            ),
            poll_every=timedelta(seconds=10),
            settle_time=timedelta(minutes=2),
            drills_at_once=4,
            scratch=scratch,
        )
        return Parts(
            clock=self.clock,
            journal=journal,
            prober=self.prober,
            clouds={"memory": cloud},
            secret=secret,
            passwords=CopyPasswords(secret=secret, make=lambda: SecretStr(POISON)),
            worker=self.worker,
            lease=timedelta(minutes=1),
            drills_at_once=16,
            drills_per_source=4,
            history=lambda source: tuple(
                MemoryArchive(journal).drill_facts(source=source, finished=True)
            ),
            start_patience=timedelta(minutes=5),
            teardown_patience=timedelta(hours=1),
        )

    def enlist(self, plan: Plan, *, drill_id: str | None = None) -> str:
        """Add a drill of the plan and return its id; a random one, unless it is given."""
        now = self.clock.now()
        record = new_drill(
            plan, digest="d" * 64, trigger=Trigger.COMMAND, scheduled_for=now, now=now
        )
        (enlisted,) = self.journal.enlist([replace(record, id=drill_id or record.id)])
        return enlisted.id

    def record(self, drill_id: str) -> DrillRecord:
        """Return the drill as it stands."""
        record = self.journal.find(drill_id)
        if record is None:
            raise LookupError(drill_id)
        return record

    def run_until_finished(self, drill_id: str, parts: Parts | None = None) -> DrillRecord:
        """Advance the drill, moving the clock to when it wants to be looked at."""
        for _ in range(2000):
            record = self.record(drill_id)
            if record.state is State.FINISHED:
                return record
            self.clock.move(max(record.next_at - self.clock.now(), timedelta(0)))
            advance(drill_id, parts or self.parts, held=lambda record: None)
        raise AssertionError(f"never finished: {self.record(drill_id)}")

    def run(self, plan: Plan) -> DrillRecord:
        """Enlist a drill and run it to its end."""
        return self.run_until_finished(self.enlist(plan))

    def restores_accepted(self) -> int:
        """Return how many restores (not resets) the cloud took, of all kinds."""
        return sum(self.provider.restores.values()) + sum(self.provider.creates.values())

    def assert_nothing_left(self) -> None:
        """Raise AssertionError if a copy is left, or if anything but scratch was touched."""
        assert list(self.provider.leaks()) == []
        assert self.provider.contents.get(TARGET_ID) is None
        assert self.provider.find_instance(BYSTANDER_ID) is not None
        self.assert_only_scratch_touched()

    def assert_only_scratch_touched(self) -> None:
        """Raise AssertionError if anything but scratch was ever overwritten or deleted."""
        touched = set(self.provider.restores) | set(self.provider.resets)
        assert touched <= {TARGET_ID}
        assert not {SOURCE_ID, BYSTANDER_ID, TARGET_ID} & set(self.provider.deletes)
