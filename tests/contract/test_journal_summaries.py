"""What every journal promises about lists and totals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drill.engine.ports import Journal
from drill.engine.record import Outcome, State, Teardown
from tests.builders import NOW, a_plan, a_record
from tests.contract.acts import FINISHED, enlist

DAY = timedelta(days=1)


def drill(journal: Journal, plan: str, age: int, source: str = "source-1", **more: Any) -> str:
    return enlist(
        journal,
        plan=a_plan(name=plan, source_id=source),
        scheduled_for=NOW - age * DAY,
        **FINISHED | {"level": 4} | more,
    ).id


class TestNewest:
    def test_of_each_plan_it_is_the_one_with_the_newest_slot(self, journal: Journal):
        drill(journal, "a", 2)
        newest_a = drill(journal, "a", 1, outcome=Outcome.FAILED_CHECK)
        newest_b = enlist(journal, plan=a_plan(name="b"), scheduled_for=NOW).id

        found = journal.newest(of="plan")

        assert [(one.plan_name, one.id) for one in found] == [("a", newest_a), ("b", newest_b)]
        assert (found[0].outcome, found[0].level) == (Outcome.FAILED_CHECK, 4)
        assert (found[1].state, found[1].outcome) == (State.QUEUED, None)

    def test_only_passes_on_a_real_database_count_where_a_pass_is_asked_for(self, journal: Journal):
        passed = drill(journal, "a", 5, outcome=Outcome.PASSED_LATE)
        drill(journal, "a", 3, is_simulated=True)
        drill(journal, "a", 2, outcome=Outcome.FAILED_RESTORE)
        drill(journal, "b", 1, outcome=Outcome.MISSED)

        assert [one.id for one in journal.newest(of="plan", passed=True)] == [passed]

    def test_of_each_source_it_is_the_newest_at_the_level_asked_for(self, journal: Journal):
        drill(journal, "a", 3, "one")
        proof = drill(journal, "b", 2, "one", level=3)
        drill(journal, "c", 1, "one", level=2)
        drill(journal, "d", 1, "two", level=1)

        found = journal.newest(of="source", passed=True, at_least=3)

        assert [(one.source_id, one.id) for one in found] == [("one", proof)]

    def test_an_empty_journal_has_none(self, journal: Journal):
        assert journal.newest(of="plan") == journal.newest(of="source") == []


class TestInHand:
    def test_it_is_what_is_not_finished_or_leaked(self, journal: Journal):
        drill(journal, "clean", 1)
        leaked = drill(journal, "leaked", 1, teardown=Teardown.LEAKED, enlisted_at=NOW - DAY)
        waiting = enlist(journal)

        assert [one.id for one in journal.in_hand()] == [leaked, waiting.id]


class TestCountOutcomes:
    def test_they_are_those_of_slots_from_then_on(self, journal: Journal):
        drill(journal, "a", 9, outcome=Outcome.MISSED)
        drill(journal, "a", 7, outcome=Outcome.MISSED)
        drill(journal, "a", 2, outcome=Outcome.MISSED)
        drill(journal, "a", 1)
        journal.enlist([a_record()])

        counted = journal.count_outcomes(since=NOW - 7 * DAY)

        assert dict(counted) == {Outcome.MISSED: 2, Outcome.PASSED: 1}
