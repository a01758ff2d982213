"""A drill chooses by the past of its source, and nobody can choose what is drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drill.check.port import CheckAnswer
from drill.engine.choosing import choose, past_of
from drill.engine.previewing import preview
from drill.engine.record import DrillRecord, Outcome
from drill.recovery.coverage.sampling import published_seed
from drill.recovery.values import Choice
from tests.engine.scene import Scene, a_plan


def drilled(scene: Scene, **changes: object) -> DrillRecord:
    plan = a_plan(restore={"mode": "pitr", "selection": {"policy": "mixed", **changes}})
    return scene.run_until_finished(scene.enlist(plan))


def policy_of(record: DrillRecord) -> str:
    assert record.choice is not None
    return record.choice.policy


def test_turns_go_on_from_one_drill_to_the_next():
    scene = Scene()

    policies = [policy_of(drilled(scene)) for _ in range(4)]

    assert policies == ["latest", "random", "greedy", "oldest"]


def test_a_failed_point_is_retested_before_the_next_turn():
    scene = Scene()
    scene.prober.answers["row-count"] = CheckAnswer.FAILED
    failed = drilled(scene)
    scene.prober.answers.clear()
    retest, after = drilled(scene), drilled(scene)

    assert failed.outcome is Outcome.FAILED_CHECK
    assert failed.choice is not None
    assert retest.choice is not None
    assert retest.choice.point.at == failed.choice.point.at
    assert [policy_of(one) for one in (failed, retest, after)] == ["latest", "retest", "greedy"]


def test_the_seed_of_a_drill_can_be_computed_again_from_earlier_ones():
    scene = Scene()
    for _ in range(2):
        drilled(scene, cycle=["random"])

    records = [scene.journal.find(one.id) for one in scene.journal.history()]
    newest = records[0]
    assert newest is not None
    assert newest.choice is not None
    earlier = past_of(newest, scene.parts)
    seed = published_seed(earlier.drills, plan_name=newest.plan_name, slot=newest.scheduled_for)
    assert newest.choice.seed == seed
    assert len(seed) == 64


@pytest.mark.parametrize("change", ["plan", "night", "past"])
def test_plan_night_and_past_each_change_what_is_drawn(change):
    scene = Scene()
    record = drilled(scene, cycle=["random"])
    later = replace(record, id="later", scheduled_for=record.scheduled_for + timedelta(hours=3))
    assert record.inventory is not None
    past = past_of(later, scene.parts)
    assert len(past.drills) == 1
    changed, other_past = later, past
    if change == "plan":
        changed = replace(later, plan_name="billing")
    elif change == "night":
        changed = replace(later, scheduled_for=later.scheduled_for + timedelta(days=1))
    else:
        other_past = replace(past, drills=())

    inventory = record.inventory
    one, other = (
        choose(drill, inventory, known).seed
        for drill, known in ((later, past), (changed, other_past))
    )

    assert one != other


def test_the_id_of_a_drill_changes_nothing():
    scene = Scene()
    record = drilled(scene, cycle=["random"])
    assert record.inventory is not None
    past = past_of(record, scene.parts)

    seeds = {choose(replace(record, id=one), record.inventory, past).seed for one in "abc"}

    assert len(seeds) == 1


def test_the_dry_run_chooses_what_the_drill_would_and_says_what_it_would_prove():
    scene = Scene()
    drill_id = scene.enlist(a_plan())
    answer = preview(scene.record(drill_id), scene.parts)

    assert isinstance(answer.choice, Choice)
    assert answer.gain is not None
    assert answer.gain.can_prove_time
    done = scene.run_until_finished(drill_id)
    assert done.choice is not None
    assert done.choice.policy == answer.choice.policy
