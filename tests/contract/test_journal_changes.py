"""What every journal promises about a change: what it keeps, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drill.engine.ports import Journal
from drill.engine.record import (
    DrillRecord,
    EventKind,
    Outcome,
    State,
    StepName,
    Teardown,
)
from drill.errors import DrillMoved, StoreError
from tests.builders import (
    NOW,
    a_check_result,
    a_choice,
    a_plan,
    a_record,
    a_step,
    an_event,
    an_inventory,
)
from tests.contract.acts import FINISHED, LEASE, claim, enlist


class TestSave:
    def test_the_drill_and_its_events_are_kept_together(self, journal: Journal):
        record = claim(journal, enlist(journal))
        changed = replace(
            record,
            state=State.RESTORING,
            choice=a_choice(),
            inventory=an_inventory(),
            restore_intent_at=NOW,
            steps=(
                replace(record.steps[0], ended_at=NOW, result="done"),
                a_step(name=StepName.RESTORE),
            ),
            checks=(a_check_result(),),
        )

        saved = journal.save(changed, [an_event(), an_event(kind=EventKind.INTENT, facts={})])

        assert saved == changed
        assert journal.find(record.id) == changed
        events = journal.events_of(record.id)
        assert [event.sequence for event in events] == [1, 2, 3]
        assert events[1] == replace(an_event(), sequence=2)
        assert events[2].kind is EventKind.INTENT

    def test_events_go_on_counting_and_other_drills_are_apart(self, journal: Journal):
        first, second = claim(journal, enlist(journal)), claim(journal, enlist(journal))
        journal.save(first, [an_event(act="a")])
        journal.save(second, [an_event(act="b"), an_event(act="c")])
        journal.save(first, [an_event(act="d", sequence=99)])

        assert [event.act for event in journal.events_of(first.id)] == ["queued", "a", "d"]
        assert [event.sequence for event in journal.events_of(second.id)] == [1, 2, 3]
        assert journal.events_of("unknown") == []

    def test_an_older_epoch_changes_nothing(self, journal: Journal):
        zombie = claim(journal, enlist(journal))
        taken = journal.claim(zombie.id, worker="two", now=NOW + LEASE, lease=LEASE)

        with pytest.raises(DrillMoved):
            journal.save(replace(zombie, state=State.CHECKING), [an_event()])
        assert journal.find(zombie.id) == taken
        assert len(journal.events_of(zombie.id)) == 1

    def test_a_request_to_abort_is_never_overwritten(self, journal: Journal):
        record = claim(journal, enlist(journal))
        journal.request_abort([record.id])

        saved = journal.save(replace(record, next_at=NOW + LEASE))

        assert saved.abort_requested is True
        assert saved.next_at <= NOW  # the worker has not seen the request yet
        seen = journal.save(replace(saved, next_at=NOW + LEASE))
        assert seen.next_at == NOW + LEASE
        assert journal.save(replace(seen, abort_requested=False)).abort_requested is True

    def test_a_save_cannot_ask_for_an_abort(self, journal: Journal):
        record = claim(journal, enlist(journal))

        assert journal.save(replace(record, abort_requested=True)).abort_requested is False

    def test_a_finished_drill_never_changes_again(self, journal: Journal):
        record = journal.save(replace(claim(journal, enlist(journal)), **FINISHED))

        with pytest.raises(StoreError, match="finished"):
            journal.save(replace(record, reason="something else"), [an_event()])
        assert journal.find(record.id) == record
        assert len(journal.events_of(record.id)) == 1

    def test_an_unknown_drill_cannot_be_saved(self, journal: Journal):
        with pytest.raises(StoreError, match="no drill"):
            journal.save(a_record())

    @pytest.mark.parametrize(
        "changes",
        [
            {"plan": a_plan(description="another")},
            {"plan_digest": "sha256:1"},
            {"scheduled_for": NOW + LEASE},
            {"enlisted_at": NOW + LEASE},
            {"steps": ()},
            {"steps": (a_step(ended_at=NOW, result="failed"),)},
            {"steps": (a_step(name=StepName.SELECT),)},
            {"checks": ()},
            {"checks": (a_check_result(row_count=7),)},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_what_has_been_said_cannot_be_unsaid(self, journal: Journal, changes: dict[str, Any]):
        record = enlist(
            journal,
            steps=(a_step(ended_at=NOW, result="done"),),
            checks=(a_check_result(),),
        )

        with pytest.raises(StoreError):
            journal.save(replace(record, **changes), [an_event()])
        assert journal.find(record.id) == record
        assert len(journal.events_of(record.id)) == 1

    @pytest.mark.parametrize(
        "facts",
        [{"at": NOW}, {"n": float("nan")}, {1: "x"}, {"deep": [{"x": {2: 3}}]}, {"x": object()}],
    )
    def test_facts_that_are_no_json_are_refused(self, journal: Journal, facts: dict[Any, Any]):
        record = claim(journal, enlist(journal))

        with pytest.raises(StoreError, match="plain JSON"):
            journal.save(replace(record, reason="new"), [an_event(), an_event(facts=facts)])
        assert journal.find(record.id) == record
        assert len(journal.events_of(record.id)) == 1

    def test_facts_are_kept_as_they_were_when_saved(self, journal: Journal):
        record = claim(journal, enlist(journal))
        facts = {"ids": ["a"], "text": "größer ☃", "none": None, "share": 0.25}

        journal.save(record, [an_event(facts=facts)])
        facts["ids"] = ["changed"]

        kept = journal.events_of(record.id)[-1].facts
        assert kept == {"ids": ["a"], "text": "größer ☃", "none": None, "share": 0.25}


class TestReopening:
    def leaked(self, journal: Journal) -> DrillRecord:
        record = claim(journal, enlist(journal))
        return journal.save(
            replace(
                record,
                **FINISHED
                | {
                    "teardown": Teardown.LEAKED,
                    "teardown_reason": "the cloud did not finish it",
                    "teardown_began_at": NOW,
                    "teardown_intent_at": NOW,
                    "teardown_accepted_at": NOW,
                    "teardown_job_id": "job-9",
                    "teardown_seen_running": True,
                    "look_failures": 3,
                    "failing_since": NOW,
                    "steps": (a_step(ended_at=NOW, result="done"),),
                    "reason": "all checks passed",
                },
            )
        )

    def test_what_was_found_out_stays_and_teardown_begins_anew(self, journal: Journal):
        leaked = self.leaked(journal)
        later = NOW + timedelta(hours=5)

        reopened = journal.reopen_teardown(leaked.id, now=later)

        assert reopened is not None
        assert reopened == journal.find(leaked.id)
        assert reopened.epoch > leaked.epoch
        assert reopened == replace(
            leaked,
            state=State.TEARING_DOWN,
            teardown=Teardown.PENDING,
            teardown_began_at=later,
            next_at=later,
            teardown_reason=None,
            teardown_intent_at=None,
            teardown_accepted_at=None,
            teardown_job_id=None,
            teardown_seen_running=False,
            look_failures=0,
            failing_since=None,
            leased_until=None,
            epoch=reopened.epoch,
        )
        event = journal.events_of(leaked.id)[-1]
        assert (event.at, event.kind, event.act) == (later, EventKind.STATE, "tearing_down")
        assert event.facts["from"] == "finished"

    def test_it_can_be_claimed_and_finished_again_with_the_same_outcome_alone(
        self, journal: Journal
    ):
        leaked = self.leaked(journal)
        journal.reopen_teardown(leaked.id, now=NOW)
        record = claim(journal, leaked)

        with pytest.raises(StoreError, match="outcome"):
            journal.save(replace(record, outcome=Outcome.FAILED_CHECK))
        ended = journal.save(
            replace(record, state=State.FINISHED, teardown=Teardown.CLEAN, finished_at=NOW + LEASE)
        )

        assert (ended.outcome, ended.teardown) == (Outcome.PASSED, Teardown.CLEAN)

    def test_the_worker_that_finished_it_is_fenced(self, journal: Journal):
        leaked = self.leaked(journal)
        journal.reopen_teardown(leaked.id, now=NOW)

        with pytest.raises(DrillMoved):
            journal.save(replace(leaked, reason="late"))

    def test_leaked_drills_are_listed_until_they_are_clean(self, journal: Journal):
        leaked = self.leaked(journal)
        enlist(journal)

        assert [one.id for one in journal.leaked()] == [leaked.id]
        journal.reopen_teardown(leaked.id, now=NOW)
        assert journal.leaked() == []
        record = claim(journal, leaked)
        journal.save(
            replace(record, state=State.FINISHED, teardown=Teardown.CLEAN, finished_at=NOW + LEASE)
        )
        assert journal.leaked() == []

    def test_a_drill_that_is_not_finished_is_not_reopened(self, journal: Journal):
        record = enlist(journal)

        assert journal.reopen_teardown(record.id, now=NOW) is None
        assert journal.reopen_teardown("unknown", now=NOW) is None
        assert journal.find(record.id) == record
