"""Whatever a record holds, the store gives it back: to the microsecond, and in every alphabet."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.check.port import CheckAnswer, CheckResult
from drill.engine.record import (
    Event,
    EventKind,
    Outcome,
    State,
    Step,
    StepName,
    Teardown,
    Trigger,
)
from drill.engine.summary import facts_of
from drill.errors import StoreError
from drill.plan.model import Objectives
from drill.recovery.values import (
    Backup,
    BackupKind,
    BackupPoint,
    Choice,
    Engine,
    Instance,
    Inventory,
    TimePoint,
    Window,
)
from drill.store import SqlJournal, open_journal
from tests.builders import NOW, a_plan, a_record, an_inventory

TEXTS = st.text(max_size=30)
INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3))]),
)
SPANS = st.timedeltas(min_value=timedelta(days=-9999), max_value=timedelta(days=9999))
COUNTS = st.integers(min_value=0, max_value=2**62)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def tuples_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=3).map(tuple)


WINDOWS = st.builds(Window, INSTANTS, INSTANTS)
INSTANCES = st.builds(
    Instance,
    **dict.fromkeys(("cloud", "id", "name", "version", "status"), TEXTS),
    **{name: maybe(TEXTS) for name in ("complete_version", "host", "vpc_id", "time_zone")},
    engine=st.sampled_from(Engine),
    created_at=maybe(INSTANTS),
    port=maybe(COUNTS),
    tags=st.dictionaries(TEXTS, TEXTS, max_size=3),
    simulated=st.booleans(),
)
BACKUPS = st.builds(
    Backup,
    **dict.fromkeys(("id", "instance_id", "name", "status"), TEXTS),
    kind=st.sampled_from(BackupKind),
    began_at=INSTANTS,
    ended_at=maybe(INSTANTS),
    size_bytes=maybe(COUNTS),
    engine=maybe(st.sampled_from(Engine)),
    databases=tuples_of(TEXTS),
)
INVENTORIES = st.builds(
    Inventory,
    taken_at=INSTANTS,
    source=INSTANCES,
    target=maybe(INSTANCES),
    backups=tuples_of(BACKUPS),
    windows=tuples_of(WINDOWS),
    target_backups=tuples_of(BACKUPS),
    instance_ids=st.frozensets(TEXTS, max_size=4),
    instance_names=st.frozensets(TEXTS, max_size=4),
)
CHOICES = st.builds(
    Choice,
    point=st.builds(BackupPoint, backup=BACKUPS)
    | st.builds(TimePoint, restore_time=INSTANTS, window=WINDOWS),
    policy=TEXTS,
    reason=TEXTS,
    reference_at=INSTANTS,
    seed=maybe(TEXTS),
    candidates=COUNTS,
)
STEPS = st.builds(
    Step,
    name=st.sampled_from(StepName),
    began_at=INSTANTS,
    ended_at=maybe(INSTANTS),
    result=maybe(TEXTS),
)
CHECKS = st.builds(
    CheckResult,
    **dict.fromkeys(("name", "kind", "reason"), TEXTS),
    **{name: maybe(TEXTS) for name in ("expected", "observed")},
    answer=st.sampled_from(CheckAnswer),
    row_count=maybe(COUNTS),
    newest_at=maybe(INSTANTS),
    began_at=INSTANTS,
    duration=SPANS,
)
JSON = st.recursive(
    st.none() | st.booleans() | COUNTS | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
CHANGES = st.fixed_dictionaries(
    {"next_at": INSTANTS, "is_seated": st.booleans()},
    optional={
        **{
            name: maybe(INSTANTS)
            for name in (
                *("deadline_at", "failing_since", "started_at", "restore_intent_at", "ready_at"),
                *("restore_accepted_at", "reachable_at", "checked_at", "teardown_began_at"),
                *("teardown_intent_at", "teardown_accepted_at"),
            )
        },
        **{
            name: maybe(TEXTS)
            for name in (
                *("target_id", "target_name", "restore_job_id", "teardown_job_id", "reason"),
                *("hint", "teardown_reason"),
            )
        },
        **{name: maybe(SPANS) for name in ("rta", "rpa", "rpa_claimed")},
        **{
            name: st.booleans()
            for name in ("is_simulated", "restore_seen_running", "teardown_seen_running")
        },
        "state": st.sampled_from([state for state in State if state is not State.FINISHED]),
        "finding": maybe(st.sampled_from(Outcome)),
        "teardown": st.sampled_from(Teardown),
        "look_failures": st.integers(0, 2**31 - 1),
        "level": st.integers(0, 6),
        "inventory": maybe(INVENTORIES),
        "choice": maybe(CHOICES),
        "copy": maybe(INSTANCES),
        "request_ids": tuples_of(TEXTS),
        "refusals": tuples_of(st.dictionaries(TEXTS, TEXTS, max_size=3)),
        "steps": tuples_of(STEPS),
        "checks": tuples_of(CHECKS),
    },
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("round-trip")


@pytest.fixture(scope="module")
def kept(folder: Path) -> Iterator[SqlJournal]:
    with open_journal("sqlite:///drill.db", folder=folder) as journal:
        yield journal


@settings(max_examples=60, deadline=None)
@given(before=CHANGES, after=CHANGES)
def test_a_drill_comes_back_as_it_was_enlisted_and_as_it_was_saved(
    kept: SqlJournal, before: dict[str, Any], after: dict[str, Any]
):
    record = a_record(**before, trigger=Trigger.SCHEDULE)
    kept.enlist([record])

    assert kept.find(record.id) == record

    kept_parts = {"steps": record.steps, "checks": record.checks}
    changed = replace(record, **after | kept_parts)
    assert kept.save(changed) == changed
    assert kept.find(record.id) == changed
    slot = record.scheduled_for
    (line,) = kept.archive.drill_facts(since=slot, until=slot + timedelta(microseconds=1))
    assert line == facts_of(changed)


@settings(max_examples=60, deadline=None)
@given(
    event=st.builds(
        Event,
        at=INSTANTS,
        kind=st.sampled_from(EventKind),
        act=TEXTS,
        facts=st.dictionaries(TEXTS, JSON, max_size=4),
    )
)
def test_an_event_comes_back_as_it_was_written(kept: SqlJournal, event: Event):
    record = a_record()
    kept.enlist([record])

    kept.save(record, [event])

    assert kept.events_of(record.id)[1] == replace(event, sequence=2)


def test_the_plan_comes_back_with_every_kind_of_part(kept: SqlJournal):
    plan = a_plan(
        restore={"mode": "backup", "selection": {"policy": "random", "within": "7d12h"}},
        target_id="scratch-1",
        login={"user": "reader", "password": "env:READER", "database": "shop"},
        checks=[
            {"kind": "connects", "timeout": "250ms"},
            {"kind": "objects", "tables": ["public.orders"]},
            {"kind": "row_count", "table": "a.b", "within_percent_of_last": 0.1},
            {"kind": "newest_row", "table": "a.b", "column": "at", "within": "1h"},
            {"kind": "heartbeat", "table": "a.b", "column": "at", "interval": "10s"},
            {"kind": "sql", "query": "SELECT true", "expected": True},
            {"kind": "sql", "query": "SELECT 1", "expected": 1, "name": "one"},
            {"kind": "sql", "query": "SELECT 1.0", "expected": 1.0, "name": "one-point"},
            {"kind": "physical"},
        ],
        schedule={"cron": "30 2 * * mon-fri", "time_zone": "Asia/Shanghai"},
        sqlserver={"databases": {"a": "", "shop": "shop_copy"}},
    )
    record = a_record(plan=plan)
    kept.enlist([record])

    found = kept.find(record.id)

    assert found is not None
    assert found.plan == plan
    assert [type(check) for check in found.plan.checks] == [type(check) for check in plan.checks]
    assert repr(found.plan) == repr(plan)  # 1, 1.0 and True are equal, but not the same


def test_a_plan_that_would_come_back_changed_is_refused(kept: SqlJournal):
    finer = a_plan(objectives=Objectives(rpo=timedelta(milliseconds=1, microseconds=5)))

    with pytest.raises(StoreError, match="orders-nightly"):
        kept.enlist([a_record(plan=finer)])


def test_documents_are_canonical_and_instants_sort_as_text(kept: SqlJournal, folder: Path):
    names = frozenset({"c", "a", "b", "d"})
    on_the_second = a_record(next_at=NOW, inventory=an_inventory(instance_names=names))
    later = a_record(next_at=NOW + timedelta(microseconds=1))
    kept.enlist([on_the_second, later])

    with closing(sqlite3.connect(folder / "drill.db")) as connection:
        (text,) = connection.execute(
            "SELECT inventory FROM drill WHERE id = ?", [on_the_second.id]
        ).fetchone()
        stored = connection.execute(
            "SELECT id FROM drill WHERE id IN (?, ?) ORDER BY next_at DESC",
            [on_the_second.id, later.id],
        ).fetchall()

    document = json.loads(text)
    assert document["instance_names"] == ["a", "b", "c", "d"]
    assert text == json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert stored == [(later.id,), (on_the_second.id,)]
