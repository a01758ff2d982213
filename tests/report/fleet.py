"""A fleet of drills as a DBA would find it in the morning: sample pages and budgets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drill.engine.record import DrillRecord, Outcome, Teardown
from drill.recovery.values import Engine
from tests.report import builders
from tests.report.builders import DAY, NEW_TARGET, NOW

_NAMES = ("orders", "billing", "catalog", "identity", "ledger", "search", "shipping", "stock")


def morning() -> list[DrillRecord]:
    """Return three weeks of eight sources and ten plans, with all that can go wrong."""
    records = [
        record
        for place, name in enumerate(_NAMES)
        for night in range(21)
        for record in _night(place, name, night)
    ]
    return [*records, *_special()]


def _night(place: int, name: str, night: int) -> list[DrillRecord]:
    slot = NOW.replace(hour=2, minute=3 * place) - DAY * night
    source = builders.instance(f"src-{name}", f"{name}-prod")
    found = builders.inventory(slot + timedelta(minutes=6), source=source, gap=place == 2)
    mode: dict[str, Any] = {"mode": "pitr", "selection": {"policy": "latest", "margin": "1m"}}
    point = None
    if place % 3 == 1:
        mode = {"mode": "pitr", "selection": {"policy": "random", "within": "7d"}}
        point = slot - timedelta(hours=(night * 29 + place * 7) % 150 + 1, minutes=13)
    if place % 4 == 3:
        mode = {"mode": "backup", "selection": {"policy": "newest"}}
        point = None
    plan = builders.plan(
        f"{name}-{mode['mode']}",
        source={"cloud": "frankfurt", "instance_id": source.id},
        restore=mode,
        target=NEW_TARGET if place % 2 else {"kind": "existing", "instance_id": "scratch-1"},
    )
    outcome = _OUTCOMES.get((place, night), Outcome.PASSED)
    if (place, night) in {(6, 0), (6, 1)}:
        return []
    return [
        builders.drill(
            f"{slot:%Y%m%d-%H%M}-{name}", outcome, slot=slot, of=plan, found=found, point=point,
            level=5 if place == 0 else 4,
        )
    ]  # fmt: skip


_OUTCOMES = {
    (1, 0): Outcome.FAILED_RESTORE,
    (1, 1): Outcome.FAILED_RESTORE,
    (1, 2): Outcome.INCONCLUSIVE,
    (2, 0): Outcome.PASSED_LATE,
    (3, 0): Outcome.FAILED_CHECK,
    (3, 9): Outcome.FAILED_RESTORE,
    (5, 0): Outcome.REFUSED,
    (5, 7): Outcome.MISSED,
    (0, 12): Outcome.INCONCLUSIVE,
    (4, 5): Outcome.ABORTED,
    (7, 15): Outcome.SKIPPED,
}


def _special() -> list[DrillRecord]:
    slot = NOW - timedelta(hours=2)
    leaky = builders.plan(
        "ledger-new", source={"cloud": "frankfurt", "instance_id": "src-ledger"}, target=NEW_TARGET
    )
    source = builders.instance("src-ledger", "ledger-prod")
    unread = builders.plan("archive-latest", source={"cloud": "madrid", "instance_id": "src-arc"})
    simulated = builders.plan(
        "crm-newest",
        source={"cloud": "frankfurt", "instance_id": "src-crm"},
        restore={"mode": "backup", "selection": {"policy": "newest"}},
    )
    crm = builders.instance(
        "src-crm", "crm-prod", engine=Engine.SQLSERVER, version="2019_SE", simulated=True
    )
    return [
        builders.drill(
            "20260308-0400-ledger-new", Outcome.PASSED, slot=slot, of=leaky,
            found=builders.inventory(slot, source=source), teardown=Teardown.LEAKED,
            teardown_reason="teardown was not over after 1:00:00: the cloud did not finish it",
        ),
        builders.drill(
            "20260308-0401-archive", Outcome.INCONCLUSIVE, slot=slot, of=unread, inventory=None,
            choice=None, checks=(), restore_accepted_at=None, restore_intent_at=None, rta=None,
            rpa=None, rpa_claimed=None, level=0, steps=(), target_id=None, target_name=None,
            copy=None, teardown=Teardown.NOT_NEEDED, teardown_reason=None,
            reason="the cloud madrid cannot be reached: connection timed out",
            hint="Check the endpoint of cloud madrid in config.toml.",
        ),
        builders.drill(
            "20260308-0402-crm", Outcome.INCONCLUSIVE, slot=slot, of=simulated,
            found=builders.inventory(slot, source=crm), is_simulated=True, level=1,
            reason="simulated: no database stands behind the instance",
        ),
        builders.drill("20260308-0559-orders", None, slot=NOW - timedelta(minutes=21)),
    ]  # fmt: skip
