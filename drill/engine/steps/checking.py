"""Checking: log in to the copy, ask every question of the plan, and measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from pydantic import SecretStr

from drill.check.port import CheckAnswer, CheckContext, CheckResult, Endpoint
from drill.engine.desk import Desk
from drill.engine.faults import begin_teardown
from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import DrillRecord, EventKind, Outcome, StepName
from drill.engine.steps.attending import note_stretch
from drill.plan.forms import format_span
from drill.plan.model import RowCountCheck
from drill.recovery.measure import Assessment, Attainment, assess, rpa_claimed, rpa_proven, rta
from drill.recovery.values import Engine
from drill.recovery.verdict import RestoreResult, assurance_level, outcome_of

_HOME_DATABASES = {
    Engine.POSTGRESQL: "postgres",
    Engine.MYSQL: "information_schema",
    Engine.MARIADB: "information_schema",
    Engine.SQLSERVER: "master",
}
"""The database that every copy of an engine has, for a plan without a login."""


def check(desk: Desk, parts: Parts, cloud: CloudSettings) -> None:
    """Wait for a login, run the checks, and decide what was found.

    The checks only read, so that a drill that was interrupted here simply asks again. Raise
    SecretUnavailable if the password of the login cannot be read.
    """
    record = desk.record
    if record.is_simulated:
        _conclude_simulated(desk)
        return
    endpoint = _endpoint(record, parts, cloud)
    if endpoint is None:
        begin_teardown(
            desk,
            Outcome.INCONCLUSIVE,
            "there is no login for the copy",
            "Give the plan a [login]; the password that a drill makes up does not outlive it.",
        )
        return
    stretch = note_stretch(desk, cloud)
    if stretch > timedelta(0):
        desk.save(looked_at=desk.now(), unattended=(record.unattended or timedelta(0)) + stretch)
    if record.reachable_at is None:
        why = parts.prober.why_unreachable(endpoint)
        waited = desk.now() - (record.ready_at or desk.now())
        if why is not None and waited < parts.start_patience:
            desk.look_again_in(cloud.poll_every, reason=why, looked_at=desk.now())
            return
        desk.note(EventKind.OBSERVATION, "connect", {"answer": why or "logged in"})
        desk.save(
            reachable_at=None if why else desk.now(),
            looked_at=desk.now(),
            reason=None,
            steps=desk.steps_then(StepName.CHECK, result="failed" if why else "done"),
        )
    counts = parts.journal.recorded_counts(record.plan_name)
    context = _context(desk.record, counts)
    results = tuple(parts.prober.run(record.plan.named_checks(), endpoint, context))
    _conclude(desk, results, counts)


def _conclude_simulated(desk: Desk) -> None:
    """Ask nothing and connect to nothing: no database stands behind the copy, so nothing is proven.

    There is no RTA and no RPA either: nothing was restored that could have taken time.
    """
    no_target = assess(None, None)
    verdict = outcome_of(RestoreResult.COMPLETED, [], rto=no_target, rpo=no_target, simulated=True)
    begin_teardown(
        desk,
        verdict.outcome,
        verdict.reason,
        "Drill a real instance: a simulated one shows that the orders are accepted, no more.",
        level=int(assurance_level([], instance_up=True, simulated=True)),
    )


def _endpoint(record: DrillRecord, parts: Parts, cloud: CloudSettings) -> Endpoint | None:
    """Return where the copy listens: host and port come from the provider's answer alone."""
    copy = record.copy
    if copy is None or copy.host is None or copy.port is None:
        return None
    login = record.plan.login
    password: SecretStr | None
    if login is not None:
        user, password, database = login.user, parts.secret(login.password), login.database
    else:
        user, database = copy.admin_user or "root", _HOME_DATABASES[copy.engine]
        password = parts.passwords.of(record)
    if password is None:
        return None
    return Endpoint(
        engine=copy.engine,
        host=copy.host,
        port=copy.port,
        user=user,
        password=password,
        database=database,
        tls=cloud.database_tls,
        ca_file=cloud.database_ca_file,
    )


def _context(record: DrillRecord, counts: Mapping[str, int]) -> CheckContext:
    if record.choice is None:
        raise RuntimeError("a drill is checked before its recovery point was chosen")
    point = record.choice.point
    return CheckContext(
        point_at=point.at,
        point_resolution=point.resolution,
        recorded_counts=counts,
    )


def _conclude(desk: Desk, results: Sequence[CheckResult], counts: Mapping[str, int]) -> None:
    record = desk.record
    choice = record.choice
    if choice is None:
        raise RuntimeError("a drill is checked before its recovery point was chosen")
    checked_at = desk.now()
    answers = [
        (result.kind, result.answer.value)
        for result in results
        if not _could_not_exist_yet(record, result, counts)
    ]
    heartbeats = [
        result.newest_at for result in results if result.kind == "heartbeat" and result.newest_at
    ]
    actual_rta = rta(restore_accepted_at=record.restore_accepted_at, checks_done_at=checked_at)
    actual_rpa = rpa_proven(choice, newest_proven_at=max(heartbeats, default=None))
    objectives = record.plan.objectives
    rto = assess(objectives.rto, actual_rta, unattended=record.unattended)
    verdict = outcome_of(
        RestoreResult.COMPLETED,
        answers,
        rto=rto,
        rpo=assess(objectives.rpo, actual_rpa),
        simulated=record.is_simulated,
    )
    begin_teardown(
        desk,
        verdict.outcome,
        _reason(verdict.reason, results) + _open_question(rto, record.unattended),
        _hint(verdict.outcome),
        checked_at=checked_at,
        checks=tuple(results),
        level=int(assurance_level(answers, instance_up=True, simulated=record.is_simulated)),
        rta=actual_rta,
        rpa=actual_rpa,
        rpa_claimed=rpa_claimed(choice),
    )


def _could_not_exist_yet(
    record: DrillRecord, result: CheckResult, counts: Mapping[str, int]
) -> bool:
    """Tell whether a count had nothing to be compared with: the first drill of a plan."""
    if result.answer is not CheckAnswer.NO_DATA or result.row_count is None:
        return False
    checks = dict(record.plan.named_checks())
    asked = checks.get(result.name)
    return (
        isinstance(asked, RowCountCheck)
        and asked.within_percent_of_last is not None
        and result.name not in counts
    )


def _reason(reason: str, results: Sequence[CheckResult]) -> str:
    """Add what the first check that did not pass says."""
    for wanted in (CheckAnswer.FAILED, CheckAnswer.NO_DATA):
        for result in results:
            if result.answer is wanted:
                return f"{reason}: {result.reason}"
    return reason


def _open_question(rto: Assessment, unattended: timedelta | None) -> str:
    """Say why an RTA that was measured and is over its target is no data."""
    is_open = rto.attainment is Attainment.NO_DATA and rto.actual is not None
    if not (is_open and rto.target is not None and unattended):
        return ""
    seconds = timedelta(seconds=unattended // timedelta(seconds=1))
    return f"; the RTO target is no data: nobody looked for {format_span(seconds)} of the RTA"


def _hint(outcome: Outcome) -> str | None:
    return {
        Outcome.FAILED_CHECK: "Read the failed check on the page of the drill; run the plan again "
        "with an earlier recovery point to see since when it fails.",
        Outcome.INCONCLUSIVE: "Mend what kept the check from seeing, then run the plan again.",
        Outcome.PASSED_LATE: "Compare the steps with earlier drills of this plan to see what took "
        "longer, or change the objective.",
    }.get(outcome)
