"""What a notice says, and what it never says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drill.notify.conditions import Manner, find_conditions
from drill.notify.transitions import notices_for
from drill.notify.words import Message, words_of
from drill.plan.redacted import keep_out
from drill.plan.visible import visible
from drill.recovery.verdict import Outcome
from tests.builders import NOW
from tests.notify.scene import SECRET, a_drill, known

PAGES = "https://reports.example.org/drill"


def message(**overrides: Any) -> Message:
    drill = a_drill(Outcome.FAILED_CHECK, ago=timedelta(hours=3), id="d-1", **overrides)
    conditions = find_conditions(known(drill), Manner(), now=NOW)
    (notice,) = notices_for("on-call", known(drill), conditions, [], Manner(), now=NOW)
    return words_of(notice, now=NOW, pages=PAGES)


def test_a_notice_says_what_where_since_when_why_what_now_and_where_to_read_on():
    said = message(
        reason="public.orders has 12 rows, expected at least 1000",
        hint="Compare the copy with production.",
        failing=("row-count",),
    )

    assert said.title == "[drill] FAILED: orders-nightly"
    assert said.body.splitlines() == [
        "The drill ended as failed check",
        "Plan: orders-nightly",
        "Source: orders-prod (sandbox/source-1)",
        "Since: 2026-02-28 23:00Z (3 h ago)",
        "Why: public.orders has 12 rows, expected at least 1000; not passed: row-count",
        "Now: Compare the copy with production.",
        "Drill: d-1",
        f"Report: {PAGES}/d/d-1.html",
    ]


def test_no_secret_leaves_in_a_notice():
    keep_out(SECRET)

    said = message(
        reason=f"login failed: password={SECRET} at https://root:{SECRET}@db.example.org/",
        hint=f"X-Auth-Token: {SECRET}",
    )

    assert SECRET not in said.title + said.body
    assert "db.example.org" in said.body


@given(st.text(max_size=300))
def test_whatever_a_reason_holds_a_notice_keeps_its_lines(reason):
    said = message(reason=reason, hint="x")

    assert len(said.body.splitlines()) == (8 if reason else 7)
    assert all(visible(line) == line for line in said.body.splitlines())


def test_the_name_of_an_instance_cannot_forge_a_line_or_colour_a_terminal():
    said = message(source_name="prod\nNow: all is well\x1b[2J", reason="x")

    assert "prod\\x0aNow: all is well\\x1b[2J" in said.body


def test_a_long_reason_is_cut():
    assert len(message(reason="x" * 100_000).body) < 2000
