"""What Prometheus is told: figures of real drills, and nothing where nothing is known."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import requests
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from drill.engine.memory import MemoryJournal
from drill.engine.memory_archive import MemoryArchive
from drill.engine.notices import Tally
from drill.errors import StoreError
from drill.notify.conditions import Manner, find_conditions
from drill.notify.exposition import Board, serve_metrics, text_of, write_textfile
from drill.notify.herald import RecentDrills
from drill.notify.known import Known, promise_of
from drill.notify.meter import Meter
from drill.notify.metrics import METRICS, Measured, samples_of
from drill.plan.schedule import Schedule
from drill.plan.telling import NoticeKind
from drill.recovery.facts import DrillFacts
from drill.recovery.verdict import Outcome
from tests.builders import NOW, a_plan, a_record
from tests.notify.memory_book import MemoryNoticeBook
from tests.notify.scene import a_drill, a_promise, known

HOUR = timedelta(hours=1)
Figures = dict[tuple[str, tuple[str, ...]], float]
PLAN = {"plan": "orders-nightly", "source": "sandbox/source-1"}


def measured(*drills: DrillFacts, **overrides: Any) -> Measured:
    found = find_conditions(known(*drills), Manner(), now=NOW)
    values: dict[str, Any] = {
        "promises": (a_promise(),),
        "drills": drills,
        "conditions": found,
        "version": "1",
    }
    return Measured(**values | overrides)


def figures(*drills: DrillFacts, **overrides: Any) -> Figures:
    samples = samples_of(measured(*drills, **overrides), now=NOW)
    return {(one.name, one.labels): one.value for one in samples}


def value(found: Figures, name: str, *labels: str) -> float | None:
    return found.get((name, labels or tuple(PLAN.values())))


def test_drills_are_counted_by_their_outcome():
    found = figures(
        a_drill(Outcome.PASSED, ago=3 * HOUR),
        a_drill(Outcome.PASSED, ago=2 * HOUR),
        a_drill(Outcome.FAILED_CHECK, ago=HOUR),
        a_drill(None, ago=timedelta(0)),
    )

    counts = {
        labels[2]: count for (name, labels), count in found.items() if name == "drill_drills_total"
    }
    assert counts == dict.fromkeys((one.value for one in Outcome), 0) | {
        "passed": 2,
        "failed_check": 1,
    }
    assert value(found, "drill_failing") == 1
    assert value(found, "drill_last_drill_passed") == 0


def test_the_figures_are_those_of_the_newest_drill_that_ran():
    found = figures(
        a_drill(Outcome.PASSED, ago=2 * HOUR, rta=timedelta(minutes=9), rpa=timedelta(seconds=2)),
        a_drill(Outcome.MISSED, ago=HOUR),
    )

    assert value(found, "drill_rta_seconds") == 540
    assert value(found, "drill_rpa_seconds") == 2
    assert value(found, "drill_level") == 4
    assert value(found, "drill_last_finished_timestamp_seconds") == (NOW - 2 * HOUR).timestamp()
    assert value(found, "drill_missed_slots_total") == 1


def test_what_is_not_known_has_no_sample_and_is_never_zero():
    found = figures(a_drill(Outcome.INCONCLUSIVE, ago=HOUR))

    names = {name for name, _ in found}
    for name in ("drill_rta_seconds", "drill_rpa_seconds", "drill_rto_target_seconds"):
        assert name not in names
    assert "drill_last_passed_timestamp_seconds" not in names
    assert "drill_proof_timestamp_seconds" not in names
    assert "drill_daemon_beat_timestamp_seconds" not in names


def test_a_plan_without_a_drill_is_neither_failing_nor_well():
    found = figures()

    assert value(found, "drill_failing") is None
    assert value(found, "drill_last_drill_passed") is None


def test_a_plan_that_should_have_run_and_never_did_is_overdue():
    schedule = Schedule(cron="0 2 * * *", time_zone="UTC")
    promises = (a_promise(schedule=schedule, seen_at=NOW - timedelta(days=9)),)
    wrong = find_conditions(Known(promises=promises, drills=()), Manner(), now=NOW)

    found = figures(promises=promises, conditions=wrong)

    assert value(found, "drill_overdue") == 1
    assert value(found, "drill_failing") is None


def test_the_newest_proof_of_a_source_has_its_time_and_its_age():
    found = figures(a_drill(Outcome.PASSED, ago=5 * HOUR), a_drill(Outcome.FAILED_CHECK, ago=HOUR))

    assert (
        value(found, "drill_proof_timestamp_seconds", "sandbox/source-1")
        == (NOW - 5 * HOUR).timestamp()
    )
    assert value(found, "drill_proof_age_seconds", "sandbox/source-1") == 5 * 3600


@given(outcomes=st.lists(st.sampled_from(list(Outcome)), max_size=6))
def test_a_simulated_drill_is_counted_as_simulated_and_as_nothing_else(outcomes):
    simulated = [
        a_drill(one, ago=index * HOUR, is_simulated=True, level=6, rta=HOUR)
        for index, one in enumerate(outcomes)
    ]

    found, without = figures(*simulated), figures()

    count = value(found, "drill_simulated_drills_total")
    assert count == len(outcomes)
    name = ("drill_simulated_drills_total", tuple(PLAN.values()))
    assert found | {name: 0} == without


def test_labels_are_bounded_by_the_plans_of_the_configuration():
    strangers = [
        a_drill(Outcome.PASSED, ago=HOUR, plan_name=f"gone-{n}", source_id=f"gone-{n}")
        for n in range(50)
    ]

    assert figures(*strangers) == figures()


def test_the_notices_of_a_channel_are_counted():
    tallies = [
        Tally(channel="on-call", kind=NoticeKind.FAILED, sent=3, failed_attempts=2, waiting=1),
        Tally(channel="on-call", kind=NoticeKind.LEAKED, failed_attempts=4, given_up=1),
    ]

    found = figures(tallies=tallies)

    assert value(found, "drill_notices_sent_total", "on-call", "failed") == 3
    assert value(found, "drill_channel_failures_total", "on-call") == 6
    assert value(found, "drill_notices_waiting", "on-call") == 1
    assert value(found, "drill_notices_given_up_total", "on-call") == 1


def everything() -> Measured:
    drill = a_drill(
        Outcome.PASSED,
        ago=HOUR,
        teardown="leaked",
        rta=HOUR,
        unattended=HOUR / 2,
        rpa=HOUR,
        rto_target=HOUR,
        rpo_target=HOUR,
    )
    return measured(
        drill,
        tallies=[Tally(channel="log", kind=NoticeKind.LEAKED, sent=1)],
        unfinished=[("restoring", "sandbox", True)],
        states=("queued", "restoring"),
        clouds=("sandbox",),
        beat_at=NOW,
    )


def test_every_metric_is_exported_under_its_name_and_with_its_labels():
    text = text_of(samples_of(everything(), now=NOW)).decode()

    exported = {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert exported == {name: set(metric.labels) for name, metric in METRICS.items()}


def test_names_say_their_unit_and_counters_say_total():
    for name, metric in METRICS.items():
        assert re.fullmatch(r"drill_[a-z_]+", name)
        assert name.endswith("_total") == (metric.kind == "counter"), name
        assert not re.search(r"_(ms|minutes|hours|days|bytes)(_|$)", name)


def test_the_file_is_whole_or_not_there_at_all(tmp_path):
    file = tmp_path / "metrics" / "drill.prom"

    write_textfile(file, samples_of(everything(), now=NOW))

    assert file.read_bytes() == text_of(samples_of(everything(), now=NOW))
    assert [one.name for one in file.parent.iterdir()] == ["drill.prom"]


def test_metrics_are_answered_over_http_and_show_the_newest_board():
    board = Board()
    server = serve_metrics("127.0.0.1:0", board)
    url = f"http://127.0.0.1:{server.server_port}/metrics"
    try:
        assert "drill_level" not in requests.get(url, timeout=5).text
        board.show(samples_of(everything(), now=NOW))
        answer = requests.get(url, timeout=5)
    finally:
        server.shutdown()
        server.server_close()

    assert answer.status_code == 200
    line = 'drill_level{plan="orders-nightly",source="sandbox/source-1"} 4.0'
    assert line in answer.text.splitlines()


def a_meter(journal: MemoryJournal, drills: RecentDrills | None = None) -> Meter:
    return Meter(
        promises=lambda: [promise_of(a_plan())],
        drills=drills or (lambda since: MemoryArchive(journal).drill_facts(since=since)),
        book=MemoryNoticeBook(),
        journal=journal,
        manner=Manner(),
        clouds=["sandbox"],
    )


def test_a_meter_reads_the_journal():
    journal = MemoryJournal()
    journal.enlist([a_record(), a_record(failing_since=NOW)])

    samples = a_meter(journal).measure(now=NOW, beat_at=NOW)

    found = {(one.name, one.labels): one.value for one in samples}
    assert found["drill_unfinished_drills", ("queued",)] == 2
    assert found["drill_unfinished_drills", ("checking",)] == 0
    assert found["drill_cloud_trouble_drills", ("sandbox",)] == 1
    assert found["drill_store_up", ()] == 1


def test_a_store_that_cannot_be_read_is_a_figure_and_leaves_no_old_ones():
    def broken(since):
        raise StoreError("the store drill.db is damaged")

    meter = a_meter(MemoryJournal(), broken)
    meter.measure(now=NOW)
    found = {one.name: one.value for one in meter.measure(now=NOW, beat_at=NOW)}

    assert found["drill_store_up"] == 0
    assert found["drill_store_failures_total"] == 2
    assert "drill_drills_total" not in found
