"""The engine and the real client against a sandbox in this process; the checks are scripted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from drill.check.port import CheckAnswer, CheckContext, CheckResult, Emptiness, Endpoint
from drill.clock import SystemClock
from drill.engine.enlisting import new_drill
from drill.engine.memory import MemoryJournal
from drill.engine.passwords import CopyPasswords
from drill.engine.ports import CloudSettings, Parts, ScratchLogin
from drill.engine.record import DrillRecord, State, Trigger
from drill.engine.runner import advance
from drill.guard.facts import SiteRules
from drill.plan.config import Cloud
from drill.plan.model import Check, Plan
from drill.provider.clouds import find_cloud_kind
from drill.provider.rds.build import rds_provider
from drill.provider.rds.client import RdsProvider
from drill.sandbox.threaded import ThreadedSandbox

POLL = timedelta(milliseconds=40)
PASSWORD = SecretStr("Made-Up-Horse-7")


class YesProber:
    """Passes every check, counts the connections, and finds every target empty."""

    def __init__(self) -> None:
        self.connections = 0

    def why_unreachable(self, endpoint: Endpoint) -> str | None:
        self.connections += 1
        return None

    def run(
        self, checks: Sequence[tuple[str, Check]], endpoint: Endpoint, context: CheckContext
    ) -> Sequence[CheckResult]:
        self.connections += 1
        return [
            CheckResult(
                name=name,
                kind=check.kind,
                answer=CheckAnswer.PASSED,
                reason="scripted",
                began_at=context.point_at,
                duration=timedelta(0),
            )
            for name, check in checks
        ]

    def see_emptiness(self, endpoint: Endpoint) -> Emptiness:
        self.connections += 1
        return Emptiness(is_empty=True, reason="scripted")


@dataclass
class House:
    """One cloud, one journal, one worker."""

    parts: Parts
    provider: RdsProvider
    prober: YesProber
    journal: MemoryJournal

    def run(self, plan: Plan) -> DrillRecord:
        """Run a drill of the plan to its end."""
        now = self.parts.clock.now()
        record = new_drill(
            plan, digest="d" * 64, trigger=Trigger.COMMAND, scheduled_for=now, now=now
        )
        (enlisted,) = self.journal.enlist([record])
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            advance(enlisted.id, self.parts, held=lambda record: None)
            found = self.journal.find(enlisted.id)
            assert found is not None
            if found.state is State.FINISHED:
                return found
            time.sleep(0.01)
        raise AssertionError(f"never finished: {found}")


def provider_of(sandbox: ThreadedSandbox, kind: str) -> RdsProvider:
    """Return the client of a cloud of this kind, for a sandbox."""
    keys = sandbox.credentials
    cloud = Cloud.model_validate(
        {
            "kind": kind,
            "region": "sandbox-1",
            "endpoint": sandbox.endpoint,
            "iam_endpoint": sandbox.endpoint,
            "project_id": keys.project_id,
            "allow_loopback": True,
            "credentials": {"kind": "keys", "access_key": "env:AK", "secret_key": "env:SK"},
        }
    )
    secrets = {"env:AK": keys.access_key, "env:SK": keys.secret_key}
    return rds_provider(
        "here", cloud, resolve=lambda text: secrets.get(text, text), clock=SystemClock()
    )


@contextmanager
def house_of(
    sandbox: ThreadedSandbox, kind: str, *, source_id: str, target_id: str | None = None
) -> Iterator[House]:
    """Give a house whose only source and only existing target are these."""
    provider, prober, journal = provider_of(sandbox, kind), YesProber(), MemoryJournal()
    login = ScratchLogin(
        baseline="drill-baseline", user="root", password=lambda: PASSWORD, database="postgres"
    )
    scratch = {target_id: login} if target_id else {}
    settings = CloudSettings(
        provider=provider,
        rules=find_cloud_kind(kind).rules,
        site=SiteRules(
            allow_list=frozenset(("here", one) for one in scratch),
            protected=frozenset({("here", source_id)}),
            plan_sources=frozenset({("here", source_id)}),
        ),
        poll_every=POLL,
        settle_time=timedelta(seconds=2),
        drills_at_once=4,
        scratch=scratch,
    )
    parts = Parts(
        clock=SystemClock(),
        journal=journal,
        prober=prober,
        clouds={"here": settings},
        secret=lambda reference: PASSWORD,
        passwords=CopyPasswords(secret=lambda reference: PASSWORD, make=lambda: PASSWORD),
        worker="host/1/1",
        lease=timedelta(minutes=1),
        drills_at_once=4,
        drills_per_source=4,
        history=lambda source: (),
        start_patience=timedelta(seconds=20),
        teardown_patience=timedelta(seconds=20),
    )
    try:
        yield House(parts, provider, prober, journal)
    finally:
        provider.close()


def plan_of(
    source_id: str, *, target_id: str | None = None, flavor: str = "rds.pg.n1.small", **more: object
) -> Plan:
    """Return a plan that restores the newest backup onto an existing target, or into a new one."""
    new = {
        "kind": "new",
        "flavor": flavor,
        "volume": {"type": "CLOUDSSD"},
        "availability_zone": "sandbox-1a",
        "vpc_id": "vpc-scratch",
        "subnet_id": "subnet-scratch",
    }
    existing = {"kind": "existing", "instance_id": target_id}
    document: dict[str, object] = {
        "name": "night",
        "source": {"cloud": "here", "instance_id": source_id},
        "restore": {"mode": "backup", "selection": {"policy": "newest"}},
        "target": existing if target_id else new,
        "login": {"user": "drill_check", "password": "env:CHECK", "database": "shop"},
        "checks": [{"kind": "connects"}],
        **more,
    }
    return Plan.model_validate(document)
