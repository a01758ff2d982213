"""The outcomes of a run as JUnit XML, read back by another parser."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite

from drill.cli.junit import write_junit
from drill.engine.record import DrillRecord, Outcome, State, Teardown
from drill.errors import DrillError
from drill.plan.redacted import keep_out
from tests.builders import NOW, a_choice, a_plan, a_record

SECRET = "Zz-5up3r-h1dden"


def finished(outcome: Outcome, **overrides: Any) -> DrillRecord:
    return a_record(
        **{
            "state": State.FINISHED,
            "outcome": outcome,
            "teardown": Teardown.CLEAN,
            "started_at": NOW,
            "finished_at": NOW + timedelta(seconds=90),
            **overrides,
        }
    )


def read_back(file: Path, *records: DrillRecord) -> TestSuite:
    write_junit(file, records)
    (suite,) = list(JUnitXml.fromfile(str(file)))
    return suite


@pytest.mark.parametrize(
    ("outcome", "results"),
    [
        (Outcome.PASSED, []),
        (Outcome.PASSED_LATE, [Failure]),
        (Outcome.FAILED_RESTORE, [Failure]),
        (Outcome.FAILED_CHECK, [Failure]),
        (Outcome.INCONCLUSIVE, [Error]),
        (Outcome.REFUSED, [Error]),
        (Outcome.ABORTED, [Error]),
        (Outcome.SKIPPED, [Skipped]),
        (Outcome.MISSED, [Skipped]),
    ],
)
def test_every_outcome_has_its_place(tmp_path, outcome, results):
    suite = read_back(tmp_path / "drill.xml", finished(outcome, reason="because"))

    (case,) = list(suite)
    assert [type(one) for one in case.result] == results
    assert all(one.message == "because" and one.type == outcome.value for one in case.result)


def test_one_suite_a_run_and_one_case_a_drill(tmp_path):
    suite = read_back(
        tmp_path / "drill.xml",
        finished(Outcome.PASSED),
        finished(Outcome.FAILED_CHECK, plan=a_plan(name="billing")),
        finished(Outcome.INCONCLUSIVE, plan=a_plan(name="users")),
    )

    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (3, 1, 1, 0)
    assert [case.name for case in suite] == ["orders-nightly", "billing", "users"]
    assert [case.time for case in suite] == [90, 90, 90]


def test_a_case_carries_what_was_measured_and_says_no_data_for_what_was_not(tmp_path):
    record = finished(
        Outcome.PASSED, level=5, rta=timedelta(minutes=3, seconds=5), choice=a_choice()
    )
    write_junit(tmp_path / "drill.xml", [record])

    root = ElementTree.parse(tmp_path / "drill.xml").getroot()  # noqa: S314
    properties = {one.get("name"): one.get("value") for one in root.iter("property")}
    assert properties["level"] == "L5"
    assert (properties["rta"], properties["rta_ms"]) == ("3 min 05 s", "185000")
    assert properties["rpa"] == "no data"
    assert "rpa_ms" not in properties
    assert properties["recovery_point"] == "2026-03-01 01:54:59Z"
    assert properties["drill"] == record.id


def test_a_leak_is_an_error_although_the_copy_was_good(tmp_path):
    record = finished(Outcome.PASSED, teardown=Teardown.LEAKED, teardown_reason="the cloud said no")
    suite = read_back(tmp_path / "drill.xml", record)

    assert suite.errors == 1
    assert "the cloud said no" in next(iter(suite)).result[0].message


def test_control_characters_and_secrets_do_not_get_into_the_file(tmp_path):
    keep_out(SECRET)
    reason = f"a\x00b\x1b[2J]]> & <b> password={SECRET}"
    suite = read_back(tmp_path / "drill.xml", finished(Outcome.FAILED_CHECK, reason=reason))

    message = next(iter(suite)).result[0].message
    assert message == "a\\x00b\\x1b[2J]]> & <b> password=***"
    assert SECRET not in (tmp_path / "drill.xml").read_text(encoding="utf-8")


def test_a_run_without_drills_is_an_empty_suite(tmp_path):
    assert read_back(tmp_path / "drill.xml").tests == 0


def test_a_place_that_cannot_be_written_is_said_plainly(tmp_path):
    (tmp_path / "file").write_text("x")

    with pytest.raises(DrillError, match="cannot be written"):
        write_junit(tmp_path / "file" / "drill.xml", [])
