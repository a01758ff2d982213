"""``drill exception``: decisions about what is not as promised."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import click

from drill.cli.entries import instant_entry, person_entry, sentence_entry, ticket_entry
from drill.cli.names import find_drill, no_such
from drill.cli.output import console, instant_text, output_option, print_json, say
from drill.cli.person import as_option, user_name
from drill.errors import DrillError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drill.engine.record import DrillRecord
    from drill.recovery.facts import ExceptionNote


@click.group("exception", epilog="Example: drill exception list --output json")
def command() -> None:
    """Open, close and list exceptions.

    A finding says that something failed and is worked on. An exclusion takes a source out of the
    scope of fleet figures and alarms, until it expires or is closed; somebody else approves it.
    """


@command.command(
    "open",
    epilog="Example: drill exception open --kind exclusion --plan orders --owner ada "
    "--approver grace --expires 2027-01-31 --reason 'retired in January'",
)
@click.option("--kind", required=True, type=click.Choice(["finding", "exclusion"]))
@click.option("--plan", "plan_name", metavar="PLAN", help="The plan, and with it its source.")
@click.option("--drill", "drill_id", metavar="DRILL", help="The drill that showed it.")
@click.option(
    "--source", nargs=2, metavar="CLOUD ID", help="The source: a name in config.toml, and its id."
)
@click.option(
    "--reason", required=True, type=sentence_entry, metavar="TEXT", help="Why, in one sentence."
)
@click.option(
    "--owner", required=True, type=person_entry, metavar="NAME", help="Who answers for it."
)
@click.option("--approver", type=person_entry, metavar="NAME", help="Who agreed; not who opens it.")
@click.option(
    "--ticket", type=ticket_entry, metavar="TICKET", help="An https URL, or the name of a ticket."
)
@click.option(
    "--expires",
    type=instant_entry,
    metavar="INSTANT",
    help="A day or an instant; it ends by itself then.",
)
@as_option
@output_option
@click.pass_obj
def open_(
    config_file: str,
    kind: Literal["finding", "exclusion"],
    plan_name: str | None,
    drill_id: str | None,
    source: tuple[str, str] | None,
    reason: str,
    owner: str,
    approver: str | None,
    ticket: str | None,
    expires: datetime | None,
    person: str | None,
    output: str,
) -> int:
    """Record a decision about one source, one plan or one drill. It is never changed; close it."""
    from drill.bootstrap import open_store
    from drill.cli.context import read_config
    from drill.clock import SystemClock
    from drill.recovery.facts import ExceptionNote

    now, opened_by = SystemClock().now(), person or user_name()
    _ensure_sound(kind, opened_by, approver, expires, now)
    config, folder = read_config(config_file)
    journal = open_store(config, folder)
    record = find_drill(journal, drill_id) if drill_id else None
    cloud, source_id, plan_name = _subject(config_file, record, plan_name, source)
    note = ExceptionNote(
        id=f"E-{now:%Y%m%d}-{secrets.token_hex(3)}",
        kind=kind,
        cloud=cloud,
        source_id=source_id,
        plan_name=plan_name,
        drill_id=record.id if record else None,
        reason=reason,
        owner=owner,
        approver=approver,
        ticket=ticket,
        opened_at=now,
        opened_by=opened_by,
        expires_at=expires,
    )
    journal.archive.open_exception(note)
    _show(note, now, output, said="opened")
    return 0


def _ensure_sound(
    kind: str, opened_by: str, approver: str | None, expires: datetime | None, now: datetime
) -> None:
    if expires is not None and expires <= now:
        raise click.UsageError("--expires lies in the past")
    if kind != "exclusion":
        return
    if approver is None or expires is None:
        raise click.UsageError("an exclusion needs --approver and --expires")
    from drill.recovery.persons import same_person

    if same_person(approver, opened_by):
        raise click.UsageError(f"{opened_by} opens this exclusion and cannot approve it")


def _subject(
    config_file: str,
    record: DrillRecord | None,
    plan_name: str | None,
    source: tuple[str, str] | None,
) -> tuple[str, str, str | None]:
    """Return cloud, source and plan.

    Raise UsageError unless exactly one of them was given, and UnknownName.
    """
    if sum(one is not None for one in (record, plan_name, source)) != 1:
        raise click.UsageError("give one of --plan, --drill and --source")
    from drill.cli.context import read_config, read_setting

    if record is not None:
        return record.plan.source.cloud, record.plan.source.instance_id, record.plan_name
    if plan_name is not None:
        (loaded,) = read_setting(config_file).named([plan_name])
        return loaded.plan.source.cloud, loaded.plan.source.instance_id, plan_name
    cloud, source_id = source or ("", "")
    config, _ = read_config(config_file)
    if cloud not in config.clouds:
        raise no_such("cloud", [cloud], known=config.clouds)
    return cloud, source_id, None


@command.command(
    "close",
    epilog="Example: drill exception close E-20261125-0a1b2c --reason 'archiving repaired' "
    "--retest 20261126-0200",
)
@click.argument("exception_id", metavar="EXCEPTION")
@click.option("--reason", required=True, type=sentence_entry, metavar="TEXT", help="Why it ends.")
@click.option("--retest", metavar="DRILL", help="The drill of the same source that passed since.")
@as_option
@output_option
@click.pass_obj
def close(
    config_file: str,
    exception_id: str,
    reason: str,
    retest: str | None,
    person: str | None,
    output: str,
) -> int:
    """End an exception, once. A retest has to be a drill of the same source that passed since."""
    from drill.bootstrap import open_store
    from drill.cli.context import read_config
    from drill.clock import SystemClock

    now = SystemClock().now()
    config, folder = read_config(config_file)
    journal = open_store(config, folder)
    record = find_drill(journal, retest) if retest else None
    if record is not None:
        _ensure_retest(record, exception_id, journal.archive.exceptions())
    note = journal.archive.close_exception(
        exception_id,
        at=now,
        by=person or user_name(),
        reason=reason,
        retest_drill_id=record.id if record else None,
    )
    _show(note, now, output, said="closed")
    return 0


def _ensure_retest(record: DrillRecord, exception_id: str, known: Sequence[ExceptionNote]) -> None:
    from drill.recovery.coverage.evidence import PASSES

    note = next((one for one in known if one.id == exception_id), None)
    if note is None:
        return  # closing says that there is none
    if (record.plan.source.cloud, record.plan.source.instance_id) != (note.cloud, note.source_id):
        raise DrillError(f"drill {record.id} is about another source")
    if record.outcome not in PASSES or record.is_simulated:
        raise DrillError(f"drill {record.id} did not pass, so it is no retest")
    if record.started_at is None or record.started_at < note.opened_at:
        raise DrillError(f"drill {record.id} began before {note.id} was opened")


@command.command("list", epilog="Example: drill exception list --all")
@click.option("--all", "everything", is_flag=True, help="Closed and expired ones, too.")
@output_option
@click.pass_obj
def list_(config_file: str, everything: bool, output: str) -> int:
    """List exceptions that hold now, oldest first."""
    from drill.bootstrap import open_store
    from drill.cli.context import read_config
    from drill.clock import SystemClock

    now = SystemClock().now()
    config, folder = read_config(config_file)
    notes = open_store(config, folder).archive.exceptions()
    chosen = [note for note in notes if everything or note.is_open(now)]
    if output == "json":
        from drill.cli.shapes import exception_shape

        print_json({"exceptions": [exception_shape(note, now=now) for note in chosen]})
    elif not chosen:
        say("no exception" if everything else "no exception holds now; older ones: --all")
    else:
        _print_table(chosen, now)
    return 0


def _print_table(notes: Sequence[ExceptionNote], now: datetime) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("exception", "kind", "about", "owner", "until", "reason"):
        table.add_column(name, header_style="bold", overflow="fold")
    for note in notes:
        table.add_row(
            *map(Text, (note.id, note.kind, _about(note), note.owner, _until(note, now))),
            Text(note.reason),
        )
    console().print(table)


def _about(note: ExceptionNote) -> str:
    return note.drill_id or note.plan_name or f"{note.cloud} {note.source_id}"


def _until(note: ExceptionNote, now: datetime) -> str:
    if note.closed_at is not None:
        return f"closed {instant_text(note.closed_at)}"
    if note.expires_at is None:
        return "closed"
    word = "expired " if note.expires_at <= now else ""
    return f"{word}{instant_text(note.expires_at)}"


def _show(note: ExceptionNote, now: datetime, output: str, *, said: str) -> None:
    if output == "json":
        from drill.cli.shapes import exception_shape

        print_json(exception_shape(note, now=now))
    else:
        say(f"{said}: {note.kind} {note.id} about {_about(note)}, owner {note.owner}")
