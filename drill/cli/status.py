"""``drill status``: what is due, what runs, what is late, and how long the proofs still count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from drill.cli.output import console, output_option, print_json, say, span_text
from drill.cli.spans import SpanParam
from drill.errors import ExitCode

if TYPE_CHECKING:
    from drill.cli.context import Setting
    from drill.engine.standing import Known, PlanStanding, SourceProof
    from drill.plan.problems import Problem
    from drill.store import SqlJournal

RECENTLY = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything that the command says."""

    known: Known
    plans: Sequence[PlanStanding]
    proofs: Sequence[SourceProof]
    missed: int
    """Slots missed in the last seven days."""
    max_age: timedelta | None
    too_old: Sequence[PlanStanding]
    """Plans with a schedule without a pass younger than ``max_age``."""
    silent: bool
    """True if nobody kept the schedule for longer than ``max_age``."""
    problems: Sequence[Problem] = ()
    """What is wrong with the files of plans now; the plans stand as they were valid last."""


@click.command("status", epilog="Example: drill status --max-age 36h")
@click.argument("plans", nargs=-1, metavar="[PLAN]...")
@click.option(
    "--max-age",
    type=SpanParam(),
    metavar="SPAN",
    help="Fail if a scheduled plan has no passed drill younger than this (exit code 1), "
    "or if nobody kept the schedule for so long (exit code 8).",
)
@output_option
@click.pass_obj
def command(
    config_file: str, plans: tuple[str, ...], max_age: timedelta | None, output: str
) -> int:
    """Say what is due next, running, abandoned, late, missed and leaked, and how long the proofs
    still count.

    Nothing is started, and no cloud is asked. A plan that is invalid now is said, stands as it was
    valid last, and makes exit code 3. Otherwise the exit code is 0 whatever is found; with
    --max-age the command is a check for a monitoring system.
    """
    from drill.bootstrap import open_store
    from drill.cli.context import Setting, read_config
    from drill.cli.last_valid import read_book
    from drill.clock import SystemClock

    config, folder = read_config(config_file)
    with open_store(config, folder) as journal:
        book = read_book(config, folder, journal.control)
        setting = Setting(folder, config, book.plans)
        now = SystemClock().now()
        status = status_of(journal, setting, plans, now=now, max_age=max_age)
        status = replace(status, problems=book.problems)
    if output == "json":
        from drill.cli.status_shape import status_shape

        print_json(status_shape(status))
    else:
        from drill.cli.status_text import print_status

        print_status(status, console())
    for line in complaints(status):
        say(line)
    return exit_code_of(status)


def status_of(
    journal: SqlJournal,
    setting: Setting,
    names: Sequence[str],
    *,
    now: datetime,
    max_age: timedelta | None,
) -> Status:
    """Read everything once and judge it."""
    from drill.engine.record import Outcome
    from drill.engine.standing import last_sign_of_life, proofs_of, standings_of, without_fresh_pass

    known = _known(journal, now)
    chosen = [loaded.plan for loaded in setting.named(names)]
    standings = standings_of(chosen, known, setting.config.blackouts)
    alive_at = last_sign_of_life(known)
    is_scheduled = any(one.plan.schedule for one in standings)
    return Status(
        known=known,
        plans=standings,
        proofs=proofs_of(chosen, known),
        missed=journal.count_outcomes(since=now - RECENTLY).get(Outcome.MISSED, 0),
        max_age=max_age,
        too_old=without_fresh_pass(standings, max_age=max_age, now=now) if max_age else (),
        silent=bool(max_age)
        and is_scheduled
        and (alive_at is None or now - alive_at > (max_age or RECENTLY)),
    )


def _known(journal: SqlJournal, now: datetime) -> Known:
    from drill.dispatch.worker import is_known_dead
    from drill.engine.standing import PROOF_LEVEL, Known

    control = journal.control
    in_hand = journal.in_hand()
    workers = {one.leased_by for one in in_hand if one.leased_by}
    proofs = journal.newest(of="source", passed=True, at_least=PROOF_LEVEL)
    return Known(
        now=now,
        last={one.plan_name: one for one in journal.newest(of="plan")},
        passed={one.plan_name: one for one in journal.newest(of="plan", passed=True)},
        proofs={(one.cloud, one.source_id): one for one in proofs},
        in_hand=in_hand,
        dead=frozenset(worker for worker in workers if is_known_dead(worker)),
        seen=control.plans_seen(),
        pauses=control.pauses(now=now),
        daemons=control.daemons(),
        looked_at=control.last_look(),
    )


def complaints(status: Status) -> list[str]:
    """Return one line for everything that the exit code is about."""
    if status.max_age is None:
        return []
    limit, now = age_text(status.max_age), status.known.now
    lines = []
    for one in status.too_old:
        passed = one.passed
        age = now - (passed.finished_at or passed.scheduled_for) if passed else None
        found = f"the newest is {age_text(age)} old" if age else "it never passed"
        lines.append(f"too old: plan {one.plan.name} has no pass younger than {limit}: {found}")
    if status.silent:
        lines.append(f"silent: nobody kept the schedule for longer than {limit}")
        lines.append("  hint: Start drill serve, or call drill run --due from cron.")
    return lines


def age_text(span: timedelta) -> str:
    """Return an age as people say it: 31 h 05 min, and from two days on 2.5 days."""
    days = span / timedelta(days=1)
    return span_text(span) if days < 2 else f"{days:.1f} days"


def exit_code_of(status: Status) -> ExitCode:
    """Return 1 for a pass that is too old, 8 if nobody keeps the schedule, 3 for a plan that is
    invalid now, or else 0."""
    if status.too_old:
        return ExitCode.NOT_PASSED
    if status.silent:
        return ExitCode.SILENT
    return ExitCode.INVALID if status.problems else ExitCode.PASSED
