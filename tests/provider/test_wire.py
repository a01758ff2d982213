"""What the API writes is read leniently, and nothing odd gets through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.clock import to_milliseconds
from drill.provider.port import JobStatus
from drill.provider.rds.records import (
    Odd,
    parse_backup,
    parse_instance,
    parse_job,
    parse_tags,
    parse_window,
)
from drill.provider.rds.text import LONGEST_TEXT, clean_text, without_secrets
from drill.provider.rds.wire import (
    find_instant,
    parse_id,
    parse_instant,
    parse_integer,
    parse_kilobytes,
    parse_percent,
)
from drill.recovery.values import BackupKind, Engine, Window


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2018-08-06T10:41:14+0000", datetime(2018, 8, 6, 10, 41, 14, tzinfo=UTC)),
        ("2018-08-20T02:33:49+0800", datetime(2018, 8, 19, 18, 33, 49, tzinfo=UTC)),
        ("2018-08-20T02:33:49-0330", datetime(2018, 8, 20, 6, 3, 49, tzinfo=UTC)),
        ("2018-08-20T02:33:49+08:00", datetime(2018, 8, 19, 18, 33, 49, tzinfo=UTC)),
        ("2018-09-30T00:00:00Z", datetime(2018, 9, 30, tzinfo=UTC)),
        ("2016-09-12T01:17:05", datetime(2016, 9, 12, 1, 17, 5, tzinfo=UTC)),
        (" 2016-09-12 01:17:05 ", datetime(2016, 9, 12, 1, 17, 5, tzinfo=UTC)),
        ("2019-02-13T06:52:13.855000Z", datetime(2019, 2, 13, 6, 52, 13, 855000, tzinfo=UTC)),
        ("2019-02-13T06:52:13.1Z", datetime(2019, 2, 13, 6, 52, 13, 100000, tzinfo=UTC)),
        (1532001446987, datetime(2018, 7, 19, 11, 57, 26, 987000, tzinfo=UTC)),
        ("1532001446987", datetime(2018, 7, 19, 11, 57, 26, 987000, tzinfo=UTC)),
    ],
)
def test_every_documented_format_of_an_instant_is_read(text, instant):
    assert parse_instant(text) == instant
    assert parse_instant(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text", ["", None, "yesterday", "2018-13-01T00:00:00Z", "2018-01-01", True, [], -1, 10**17]
)
def test_what_is_no_instant_is_refused(text):
    assert find_instant(text) is None
    with pytest.raises(ValueError, match=r".+"):
        parse_instant(text)


def test_an_offset_that_leaves_the_calendar_is_no_instant():
    assert find_instant("0001-01-01T00:00:00+2359") is None


@given(st.datetimes(min_value=datetime(1971, 1, 1)))  # noqa: DTZ001 - hypothesis wants it naive
def test_milliseconds_survive_the_way_through_text(naive):
    instant = naive.replace(tzinfo=UTC, microsecond=naive.microsecond // 1000 * 1000)
    assert parse_instant(str(to_milliseconds(instant))) == instant


@pytest.mark.parametrize(
    ("value", "number"),
    [("40", 40), (40, 40), (" 7 ", 7), (40.0, 40), (40.5, None), ("", None), (True, None)],
)
def test_integers_may_be_texts(value, number):
    assert parse_integer(value) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [("60", 60), ("60%", 60), ("60% ", 60), ("", None), ("101%", None), (None, None), (0, 0)],
)
def test_progress_is_read_with_and_without_its_sign(value, number):
    assert parse_percent(value) == number


def test_sizes_of_backups_come_in_kilobytes():
    assert parse_kilobytes("2") == 2048
    assert parse_kilobytes(-1) is None


@pytest.mark.parametrize("value", ["a/b", "..", "", "a b", "x" * 65, None, 5, "a\n"])
def test_an_id_that_could_change_a_url_is_none(value):
    assert parse_id(value) is None


def test_texts_lose_control_characters_and_are_cut():
    hostile = "a\x1b[31mred\x00\x9b\u202egnp.exe\u2028\nb" + "x" * 5000

    cleaned = clean_text(hostile)

    assert cleaned.startswith("a[31mredgnp.exe b")
    assert len(cleaned) == LONGEST_TEXT
    assert cleaned.isprintable()


@given(st.text())
def test_a_cleaned_text_is_always_one_printable_line(text):
    cleaned = clean_text(text)
    assert len(cleaned) <= LONGEST_TEXT
    assert "\x1b" not in cleaned
    assert len(cleaned.splitlines()) <= 1


def test_secrets_are_blotted_out_and_an_empty_one_changes_nothing():
    assert without_secrets("the password hunter2 is weak", ["hunter2", ""]) == (
        "the password [secret] is weak"
    )


def test_an_instance_is_read_with_its_oddities(samples):
    raw = samples.raw_instance(
        related_instance=[{"id": "other", "type": "replica"}, {"id": "lead", "type": "replica_of"}],
        nodes=[
            {"role": "slave", "availability_zone": "az-2"},
            {"role": "master", "availability_zone": "az-1"},
        ],
        updated="",
    )

    instance = parse_instance(raw, cloud="here", tags={"a": "b"})

    assert (instance.engine, instance.version, instance.complete_version) == (
        Engine.POSTGRESQL,
        "16",
        "16.4",
    )
    assert (instance.volume_gb, instance.port, instance.retention_days) == (40, 5432, 7)
    assert instance.created_at == datetime(2025, 12, 31, 18, 33, 49, tzinfo=UTC)
    assert (instance.availability_zone, instance.replica_of) == ("az-1", "lead")
    assert (instance.host, instance.tags, instance.simulated) == (
        "192.168.0.142",
        {"a": "b"},
        False,
    )


def test_an_instance_that_is_still_building_is_read():
    raw = {"id": "i-1", "status": "BUILD", "datastore": {"type": "postgresql"}, "private_ips": []}

    instance = parse_instance(raw, cloud="here", tags={})

    assert (instance.host, instance.port, instance.volume_gb) == (None, None, None)


@pytest.mark.parametrize(
    "changes",
    [{"id": "../x"}, {"id": None}, {"status": ""}, {"datastore": {"type": "Oracle"}}],
)
def test_an_instance_that_cannot_be_used_is_odd(samples, changes):
    with pytest.raises(Odd):
        parse_instance(samples.raw_instance(**changes), cloud="here", tags={})


def test_tags_that_are_absent_differ_from_tags_that_are_empty():
    assert parse_tags(None) is None
    assert parse_tags([]) == {}
    assert parse_tags([{"key": "a", "value": None}, {"value": "x"}, 3]) == {"a": ""}


def test_a_backup_is_read():
    backup = parse_backup(
        {
            "id": "b-1",
            "instance_id": "i-1",
            "name": "night",
            "type": "manual",
            "status": "COMPLETED",
            "begin_time": "2026-01-15T00:00:00+0000",
            "end_time": "2026-01-15T00:05:00+0000",
            "size": "2048",
            "datastore": {"type": "MySQL", "version": "5.7"},
            "databases": [{"name": "orders"}, {}],
            "min_data_volume_capacity_for_restore": "40",
        }
    )

    assert (backup.kind, backup.is_complete, backup.size_bytes) == (
        BackupKind.MANUAL,
        True,
        2048 * 1024,
    )
    assert (backup.engine, backup.databases, backup.min_volume_gb) == (
        Engine.MYSQL,
        ("orders",),
        40,
    )


def test_a_backup_without_an_end_is_not_complete():
    raw = {"id": "b", "instance_id": "i", "type": "auto", "begin_time": "2026-01-15T00:00:00Z"}
    assert not parse_backup({**raw, "status": "COMPLETED", "end_time": ""}).is_complete


@pytest.mark.parametrize("changes", [{"type": "snapshot"}, {"begin_time": ""}, {"id": "/"}])
def test_a_backup_that_cannot_be_used_is_odd(changes):
    raw = {"id": "b", "instance_id": "i", "type": "auto", "begin_time": "2026-01-15T00:00:00Z"}
    with pytest.raises(Odd):
        parse_backup({**raw, **changes})


def test_a_window_is_read_in_milliseconds():
    window = parse_window({"start_time": 0, "end_time": "1500"})
    assert window == Window(
        datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Running", JobStatus.RUNNING),
        ("completed", JobStatus.COMPLETED),
        ("Complete", JobStatus.COMPLETED),
        ("FAILED", JobStatus.FAILED),
        ("Canceled", JobStatus.FAILED),
        ("Contemplating", JobStatus.RUNNING),
        (None, JobStatus.RUNNING),
    ],
)
def test_the_state_of_a_job_is_read_in_any_letter_case(word, status):
    assert parse_job({"id": "j", "status": word}).status is status


def test_a_job_and_a_task_are_the_same_thing():
    job = parse_job(
        {
            "id": "j",
            "name": " RestoreSqlserverInInstance",
            "status": "Running",
            "created": "2018-08-06T10:41:14+0000",
            "process": "60% ",
            "instance": {"id": "i-1"},
        }
    )
    task = parse_job(
        {"id": "j", "status": "Running", "create_time": "1533552074000", "instance_id": "i-1"}
    )

    assert (job.name, job.progress_percent) == ("RestoreSqlserverInInstance", 60)
    assert (job.created_at, job.instance_id) == (task.created_at, task.instance_id)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
_FIELDS = [
    "id", "name", "status", "datastore", "volume", "nodes", "tags", "private_ips", "port",
    "related_instance", "backup_strategy", "charge_info", "created", "type", "begin_time",
    "end_time", "instance_id", "databases", "size", "process", "instance", "start_time",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(_FIELDS), _json))
def test_no_answer_whatever_makes_a_parser_fall_over(raw):
    parsers: list[Callable[[], object]] = [
        lambda: parse_instance(raw, cloud="here", tags=parse_tags(raw.get("tags")) or {}),
        lambda: parse_backup(raw),
        lambda: parse_window(raw),
        lambda: parse_job(raw),
    ]
    for parse in parsers:
        try:
            parse()
        except Odd:
            continue
