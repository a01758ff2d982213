"""Every trouble at every boundary of a drill, for both kinds of target, in memory.

``DRILL_TEST_HARNESS_SEED`` and ``DRILL_TEST_HARNESS_DELAY`` (seconds) give other runs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.check.port import CheckAnswer
from drill.engine.record import Outcome
from drill.provider.memory import Fault
from drill.store import open_journal
from tests.engine.scene import Scene, a_plan
from tests.harness.stage import NOT_ABOUT_THE_BACKUP, assert_all_is_well, boundaries_of, play
from tests.harness.troubles import TROUBLES

TARGETS = ("new", "existing")


@pytest.mark.parametrize("target", TARGETS)
def test_drill_has_many_boundaries(target):
    assert boundaries_of(a_plan(target=target)) > 50


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_lost_whatever_happens_at_any_boundary(target, trouble):
    struck = 0
    for at in range(boundaries_of(a_plan(target=target))):
        stage, drill_id, made = play(trouble, at, target=target)
        try:
            assert_all_is_well(stage, drill_id)
        except AssertionError as error:
            raise AssertionError(f"{trouble} {made.struck} (boundary {at})") from error
        struck += made.struck is not None

    assert struck > 50


@pytest.mark.parametrize("trouble", TROUBLES)
def test_nothing_is_lost_on_a_cloud_that_takes_no_tags_on_creation(trouble):
    count = boundaries_of(a_plan(target="new"), tags_in_create=False)
    for at in range(count):
        stage, drill_id, made = play(trouble, at, target="new", tags_in_create=False)
        try:
            assert_all_is_well(stage, drill_id)
        except AssertionError as error:
            raise AssertionError(f"{trouble} {made.struck} (boundary {at})") from error


@pytest.mark.parametrize("target", TARGETS)
def test_a_killed_drill_of_a_good_backup_passes_if_its_restore_was_accepted(target):
    for at in range(boundaries_of(a_plan(target=target))):
        stage, drill_id, _ = play("kill", at, target=target)
        record = assert_all_is_well(stage, drill_id)

        expected = {Outcome.PASSED, Outcome.PASSED_LATE}
        if stage.scene.restores_accepted() == 0:
            expected = {Outcome.INCONCLUSIVE}
        assert record.outcome in expected, (at, record.reason)


@pytest.mark.parametrize("trouble", ["kill", "disk", "store"])
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_lost_when_the_journal_is_on_disk(target, trouble, tmp_path: Path):
    count = boundaries_of(a_plan(target=target))
    for at in range(0, count, 7):
        with open_journal(f"sqlite:///{trouble}-{at}.db", folder=tmp_path) as journal:
            stage, drill_id, _ = play(trouble, at, target=target, journal=journal)

            assert assert_all_is_well(stage, drill_id).outcome in NOT_ABOUT_THE_BACKUP


def copy_is_wrong(scene: Scene) -> None:
    """Let the copy lack what it should have."""
    scene.prober.answers["row-count"] = CheckAnswer.FAILED


def cloud_cannot_restore(scene: Scene) -> None:
    """Let every restore of this cloud be taken and fail."""
    scene.provider.inject(Fault.FAIL_RESTORE)
    scene.provider.inject(Fault.FAIL_CREATE)


@pytest.mark.parametrize(
    ("prepare", "failure"),
    [
        (copy_is_wrong, Outcome.FAILED_CHECK),
        (cloud_cannot_restore, Outcome.FAILED_RESTORE),
    ],
)
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("target", TARGETS)
def test_a_bad_backup_never_passes_whatever_else_happens(target, trouble, prepare, failure):
    failed = 0
    for at in range(0, boundaries_of(a_plan(target=target)), 3):
        stage, drill_id, made = play(trouble, at, target=target, prepare=prepare)
        try:
            record = assert_all_is_well(stage, drill_id, outcomes={failure, Outcome.INCONCLUSIVE})
        except AssertionError as error:
            raise AssertionError(f"{trouble} {made.struck} (boundary {at})") from error
        failed += record.outcome is failure

    assert failed > 0
