"""``drill review``: a person has looked at drills, and says so."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import click

from drill.cli.entries import instant_entry, sentence_entry
from drill.cli.names import find_drill
from drill.cli.output import console, instant_text, output_option, print_json, say
from drill.cli.person import as_option, user_name
from drill.errors import DrillError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drill.recovery.facts import DrillFacts, Review
    from drill.store import SqlJournal


@click.group("review", epilog="Example: drill review list --output json")
def command() -> None:
    """Sign and list reviews. Whoever had drills run does not review them."""


@command.command(
    "sign",
    epilog="Example: drill review sign --from 2026-11-01 --to 2026-12-01 --verdict accepted",
)
@click.option("--drill", "drill_id", metavar="DRILL", help="Review this drill alone.")
@click.option(
    "--from",
    "period_from",
    type=instant_entry,
    metavar="INSTANT",
    help="First instant of the period.",
)
@click.option(
    "--to",
    "period_to",
    type=instant_entry,
    metavar="INSTANT",
    help="First instant after the period.",
)
@click.option("--verdict", required=True, type=click.Choice(["accepted", "rejected"]))
@click.option(
    "--comment", type=sentence_entry, metavar="TEXT", default=None, help="What was found."
)
@as_option
@output_option
@click.pass_obj
def sign(
    config_file: str,
    drill_id: str | None,
    period_from: datetime | None,
    period_to: datetime | None,
    verdict: Literal["accepted", "rejected"],
    comment: str | None,
    person: str | None,
    output: str,
) -> int:
    """Record that you have reviewed one drill, or all drills whose slot lies in a period.

    How many there were, how they ended and a digest over them are kept with it. The name is
    attribution, not authentication: whoever can run this command can give any name.
    """
    from drill.bootstrap import open_store
    from drill.cli.context import read_config
    from drill.clock import SystemClock
    from drill.engine.reviewing import reviewed
    from drill.recovery.facts import Review

    now = SystemClock().now()
    if verdict == "rejected" and comment is None:
        raise click.UsageError("a rejection needs a --comment that says why")
    config, folder = read_config(config_file)
    journal = open_store(config, folder)
    drills = _drills(journal, drill_id, period_from, period_to, now)
    summary = reviewed(drills)
    review = Review(
        id=f"R-{now:%Y%m%d}-{secrets.token_hex(3)}",
        reviewer=person or user_name(),
        initiator=summary.initiator,
        drill_id=drills[0].id if drill_id else None,
        period_from=period_from,
        period_to=period_to,
        verdict=verdict,
        comment=comment or "",
        signed_at=now,
        facts=summary.facts,
    )
    journal.archive.sign_review(review)
    if output == "json":
        from drill.cli.shapes import review_shape

        print_json(review_shape(review))
    else:
        count = "1 drill" if len(drills) == 1 else f"{len(drills)} drills"
        say(f"signed: {review.id}, {verdict} by {review.reviewer}, {count}")
    return 0


def _drills(
    journal: SqlJournal,
    drill_id: str | None,
    period_from: datetime | None,
    period_to: datetime | None,
    now: datetime,
) -> list[DrillFacts]:
    """Return the drills of the review.

    Raise UsageError for what is no period, UnknownName and DrillError for what cannot be reviewed.
    """
    from drill.engine.summary import facts_of

    is_period = period_from is not None and period_to is not None
    if (drill_id is not None) == (period_from is not None or period_to is not None) or (
        drill_id is None and not is_period
    ):
        raise click.UsageError("give --drill, or --from and --to")
    if drill_id is not None:
        record = find_drill(journal, drill_id)
        if record.outcome is None:
            raise DrillError(
                f"drill {record.id} is not finished ({record.state.value})",
                hint="Review it once it is; drill show says where it is.",
            )
        return [facts_of(record)]
    if period_from is None or period_to is None or not period_from < period_to <= now:
        raise click.UsageError("the period has to begin before it ends, and to be over")
    found = list(journal.archive.drill_facts(since=period_from, until=period_to))
    if not found:
        raise UnknownName("there was no drill in this period", hint="List them: drill history.")
    return found


@command.command("list", epilog="Example: drill review list")
@output_option
@click.pass_obj
def list_(config_file: str, output: str) -> int:
    """List every review, oldest first."""
    from drill.bootstrap import open_store
    from drill.cli.context import read_config

    config, folder = read_config(config_file)
    reviews = open_store(config, folder).archive.reviews()
    if output == "json":
        from drill.cli.shapes import review_shape

        print_json({"reviews": [review_shape(review) for review in reviews]})
    elif not reviews:
        say("no review yet; sign one with: drill review sign")
    else:
        _print_table(reviews)
    return 0


def _print_table(reviews: Sequence[Review]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("review", "signed", "reviewer", "verdict", "about", "drills", "comment"):
        table.add_column(name, header_style="bold", overflow="fold")
    for review in reviews:
        table.add_row(
            *map(Text, (review.id, instant_text(review.signed_at), review.reviewer)),
            *map(Text, (review.verdict, _about(review), review.facts.get("drills", "no data"))),
            Text(review.comment),
        )
    console().print(table)


def _about(review: Review) -> str:
    if review.drill_id is not None:
        return review.drill_id
    return f"{instant_text(review.period_from)} to {instant_text(review.period_to)}"
