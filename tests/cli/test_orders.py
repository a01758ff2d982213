"""pause, resume, drain, abort and run --due: what they write, say, and end with."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click
import pytest

from drill.engine.control import PlanSeen
from drill.engine.record import Outcome, State, Trigger
from tests.builders import a_record
from tests.cli.folders import EVERY_MINUTE, NIGHTLY, Folder, now

HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    folder = Folder(tmp_path, monkeypatch)
    folder.write_plan("orders", top='group = "shop"', rest=NIGHTLY)
    return folder


def pauses(folder: Folder) -> list[str]:
    with folder.store() as journal:
        return [
            f"{one.scope.value} {one.name} {one.reason}"
            for one in journal.control.pauses(now=now())
        ]


class TestPause:
    @pytest.mark.parametrize(
        ("words", "scope"),
        [
            (["orders"], "plan orders"),
            (["--group", "shop"], "group shop"),
            (["--cloud", "main"], "cloud main"),
            (["--all"], "all None"),
        ],
    )
    def test_a_pause_holds_until_it_is_resumed(self, folder: Folder, words, scope):
        assert folder.drill("pause", *words, "--reason", "moving").code == 0
        assert pauses(folder) == [f"{scope} moving"]

        said = folder.drill("resume", *words)

        assert said.code == 0
        assert "ended: pause of" in said.err
        assert pauses(folder) == []

    @pytest.mark.parametrize(
        ("words", "end"),
        [
            (["orders"], "drill resume orders"),
            (["--group", "shop"], "drill resume --group shop"),
            (["--all"], "drill resume --all"),
        ],
    )
    def test_it_says_the_very_command_that_ends_it(self, folder: Folder, words, end):
        said = folder.drill("pause", *words, "--reason", "moving", "--for", "2h")

        assert said.err.rstrip().endswith(f"end it with: {end}")
        assert " until 2" in said.err

    def test_the_second_one_says_who_gave_the_first(self, folder: Folder):
        folder.drill("pause", "--all", "--reason", "moving")

        said = folder.drill("pause", "--all", "--reason", "again", "--output", "json")

        assert said.json()["new"] is False
        assert said.json()["pause"]["reason"] == "moving"

    def test_a_pause_can_end_by_itself(self, folder: Folder):
        said = folder.drill("pause", "--all", "--reason", "x", "--for", "2h", "--output", "json")

        assert said.json()["pause"]["until"] is not None

    @pytest.mark.parametrize(
        "words",
        [[], ["orders", "--all"], ["orders", "--group", "shop"]],
    )
    def test_a_scope_that_is_not_clear_is_a_mistake_of_usage(self, folder, words):
        with pytest.raises(click.UsageError):
            folder.drill("pause", *words, "--reason", "moving")
        assert pauses(folder) == []

    def test_a_pause_of_a_plan_that_is_gone_can_be_ended_and_then_it_is_not_known(self, folder):
        folder.drill("pause", "orders", "--reason", "mine")
        (folder.path / "plans" / "orders.toml").unlink()

        assert folder.drill("resume", "orders").code == 0
        assert folder.drill("resume", "orders").code == 3
        assert pauses(folder) == []

    def test_an_invalid_plan_does_not_stand_in_the_way_of_a_pause(self, folder: Folder):
        (folder.path / "plans" / "orders.toml").write_text("nonsense")

        assert folder.drill("pause", "orders", "--reason", "broken").code == 0
        assert pauses(folder) == ["plan orders broken"]

    def test_resuming_everything_leaves_the_pause_of_a_plan_and_says_so(self, folder: Folder):
        folder.drill("pause", "orders", "--reason", "mine")
        folder.drill("drain", "--reason", "upgrade")

        said = folder.drill("resume", "--all")

        assert "ended: drain of everything" in said.err
        assert "still in force: pause of plan orders" in said.err


class TestAbort:
    def test_a_unique_beginning_is_enough_and_a_dry_run_asks_nothing(self, folder: Folder):
        with folder.store() as journal:
            journal.enlist([a_record(id="20260301-a", plan=folder.plan("orders"))])

        dry = folder.drill("abort", "20260301", "--dry-run")
        with folder.store() as journal:
            (before,) = journal.unfinished()
        folder.drill("abort", "20260301")
        with folder.store() as journal:
            (after,) = journal.unfinished()

        assert "would abort: drill 20260301-a" in dry.err
        assert (before.abort_requested, after.abort_requested) == (False, True)

    def test_waiting_takes_a_drill_that_nobody_works_on_to_its_end(self, folder: Folder):
        with folder.store() as journal:
            journal.enlist([a_record(id="20260301-a", plan=folder.plan("orders"))])

        said = folder.drill("abort", "20260301-a", "--wait", "--output", "json")

        assert said.code == 0
        assert said.json()["drills"][0]["outcome"] == "aborted"

    def test_a_finished_or_unknown_drill_is_said_and_nothing_is_aborted(self, folder: Folder):
        plan = folder.plan("orders")
        with folder.store() as journal:
            journal.enlist(
                [
                    a_record(id="open", plan=plan),
                    a_record(id="over", plan=plan, state=State.FINISHED, outcome=Outcome.PASSED),
                ]
            )

        assert "is finished" in folder.drill("abort", "open", "over").err
        assert "no such drill" in folder.drill("abort", "open", "nothing").err
        with folder.store() as journal:
            assert not journal.unfinished()[0].abort_requested


class TestRunDue:
    def remember(self, folder: Folder, since: timedelta) -> None:
        """Let the plan have been seen this long ago, and nobody have looked since."""
        at = now() - since
        seen = PlanSeen(plan_name="orders", digest="d", first_seen_at=at, settled_until=at)
        with folder.store() as journal:
            journal.control.remember_plans([(seen, folder.plan("orders"))])

    def test_nothing_due_is_said_and_is_exit_code_0(self, folder: Folder):
        said = folder.drill("run", "--due")

        assert said.code == 0
        assert "orders: seen with a schedule for the first time" in said.err
        assert "nothing is due" in said.err
        assert "seen" not in folder.drill("run", "--due").err

    def test_a_plan_named_beside_due_is_a_mistake_of_usage(self, folder: Folder):
        with pytest.raises(click.UsageError):
            folder.drill("run", "--due", "orders")

    def test_what_is_due_runs_as_a_drill_of_the_schedule(self, folder: Folder):
        folder.write_plan("orders", top='give_up_after = "2s"', rest=EVERY_MINUTE)

        said = folder.drill("run", "--due", "--no-report", "--output", "json")

        (drill,) = said.json()["drills"]
        assert (drill["trigger"], drill["outcome"]) == ("schedule", "inconclusive")
        assert said.json()["due"]["enlisted"] == [drill["drill"]]
        assert said.code == 4  # nobody listens where the cloud should be

    def test_slots_that_were_missed_are_recorded_and_make_exit_code_1(self, folder: Folder):
        self.remember(folder, timedelta(days=3))
        start_window = '[schedule]\ncron = "0 2 * * *"\nstart_window = "1s"'
        folder.write_plan("orders", rest=start_window)

        said = folder.drill("run", "--due", "--no-report")

        assert said.code == 1
        assert "missed: 3 slots" in said.err
        with folder.store() as journal:
            outcomes = [one.outcome for one in journal.history() if one.trigger is Trigger.SCHEDULE]
        assert outcomes == [Outcome.MISSED] * 3
        assert folder.drill("run", "--due").code == 0

    def test_a_plan_whose_file_is_gone_is_said_once(self, folder: Folder):
        folder.drill("run", "--due")
        folder.write_plan("other", source="source-2")
        (folder.path / "plans" / "orders.toml").unlink()

        assert "orders: its file is gone" in folder.drill("run", "--due").err
        assert "gone" not in folder.drill("run", "--due").err

    def test_a_plan_that_was_spoilt_stands_as_it_was_valid_last_and_costs_no_other_its_night(
        self, folder: Folder
    ):
        folder.write_plan("other", source="source-2")
        folder.drill("run", "--due")
        folder.write_plan("orders", top='give_up_after = "2 parsecs"', rest=EVERY_MINUTE)
        folder.write_plan("other", source="source-2", top='give_up_after = "2s"', rest=EVERY_MINUTE)

        said = folder.drill("run", "--due", "--no-report", "--output", "json")

        assert [drill["plan"] for drill in said.json()["drills"]] == ["other"]
        (problem,) = said.json()["due"]["problems"]
        assert problem["message"].startswith("give_up_after")
        assert "plan invalid" in said.err
        assert "gone" not in said.err
        assert said.code == 4  # a cloud that is away says more than a file that is spoilt

    def test_nothing_due_beside_an_invalid_plan_is_exit_code_3(self, folder: Folder):
        folder.drill("run", "--due")
        folder.write_plan("orders", top='give_up_after = "2 parsecs"', rest=NIGHTLY)

        said = folder.drill("run", "--due")

        assert said.code == 3
        assert "nothing is due" in said.err

    def test_without_any_valid_plan_nothing_is_started(self, folder: Folder):
        folder.write_plan("orders", top='give_up_after = "2 parsecs"')

        said = folder.drill("run", "--due")

        assert said.code == 3
        assert "nothing was started" in said.err

    def test_paused_means_that_nothing_is_due(self, folder: Folder):
        folder.write_plan("orders", rest=EVERY_MINUTE)
        folder.drill("pause", "--all", "--reason", "moving")

        said = folder.drill("run", "--due")

        assert said.code == 0
        assert "waiting for spread, blackout or pause: 1 slot" in said.err
