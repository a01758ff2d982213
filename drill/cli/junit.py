"""The drills of one run as JUnit XML, for the systems that build and deploy."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from junitparser.junitparser import Error, Failure, FinalResult, Skipped
from junitparser.xunit2 import JUnitXml, TestCase, TestSuite

from drill.cli.output import instant_text, rta_text, span_text
from drill.engine.record import DrillRecord, Outcome, Teardown
from drill.errors import DrillError
from drill.plan.redacted import redacted
from drill.plan.visible import visible

FAILED = frozenset({Outcome.FAILED_RESTORE, Outcome.FAILED_CHECK, Outcome.PASSED_LATE})
LEFT_OUT = frozenset({Outcome.SKIPPED, Outcome.MISSED})


def write_junit(file: Path, records: Sequence[DrillRecord]) -> None:
    """Write one suite with one case a drill, all or nothing. Raise DrillError."""
    document = JUnitXml("drill")
    document.add_testsuite(_suite(records))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".drill-") as folder:
            draft = Path(folder) / "junit.xml"
            document.write(str(draft), pretty=True)
            os.replace(draft, file)
    except OSError as error:
        raise DrillError(
            f"{visible(str(file))} cannot be written: {(error.strerror or 'no reason').lower()}",
            hint="Give --junit a file in a folder that this account may write.",
        ) from error


def _suite(records: Sequence[DrillRecord]) -> TestSuite:
    suite = TestSuite("drill")  # type: ignore[no-untyped-call]
    for record in records:
        suite.add_testcase(_case(record))
    if began := [record.enlisted_at for record in records]:
        suite.timestamp = min(began).isoformat(timespec="seconds")
    suite.update_statistics()  # type: ignore[no-untyped-call]
    return suite


def _case(record: DrillRecord) -> TestCase:
    case = TestCase(name=_plain(record.plan_name), classname=f"drill.{record.plan.source.cloud}")
    case.time = _lasted(record).total_seconds()
    case.result = _results(record)
    for name, value in _properties(record).items():
        case.add_property(name, _plain(value))
    return case


def _results(record: DrillRecord) -> list[FinalResult]:
    """Return what JUnit calls the result; a leak is an error, however well the copy was checked."""
    outcome = record.outcome.value if record.outcome else record.state.value
    parts = [record.reason, f"hint: {record.hint}" if record.hint else None]
    text = "\n".join(_plain(part) for part in parts if part)
    message = _plain(record.reason or outcome)
    results: list[FinalResult] = []
    if record.outcome in FAILED:
        results.append(Failure(message, outcome))
    elif record.outcome in LEFT_OUT:
        results.append(Skipped(message, outcome))
    elif record.outcome is not Outcome.PASSED:
        results.append(Error(message, outcome))
    if results:
        results[0].text = text
    if record.teardown is Teardown.LEAKED:
        leak = Error(_plain(f"leaked: {record.teardown_reason or 'no reason known'}"), "leaked")
        results.append(leak)
    return results


def _properties(record: DrillRecord) -> Mapping[str, str]:
    """Return what is known of the drill; "no data" is written out, and is never 0."""
    properties = {
        "drill": record.id,
        "plan": record.plan_name,
        "source": f"{record.plan.source.cloud}/{record.plan.source.instance_id}",
        "outcome": record.outcome.value if record.outcome else "no data",
        "teardown": record.teardown.value,
        "level": f"L{record.level}",
        "recovery_point": instant_text(record.choice.point.at if record.choice else None),
        "rta": rta_text(record),
        "rto_target": span_text(record.plan.objectives.rto),
        "rpa": span_text(record.rpa),
        "rpo_target": span_text(record.plan.objectives.rpo),
        "simulated": "true" if record.is_simulated else "false",
    }
    spans = {"rta_ms": record.rta, "unattended_ms": record.unattended, "rpa_ms": record.rpa}
    for name, span in spans.items():
        if span is not None:
            properties[name] = str(span // timedelta(milliseconds=1))
    return properties


def _lasted(record: DrillRecord) -> timedelta:
    if record.started_at is None or record.finished_at is None:
        return timedelta(0)
    return record.finished_at - record.started_at


def _plain(text: str) -> str:
    return visible(redacted(text))
