"""``drill scratch prepare`` meets every trouble at every boundary, and is called again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drill.engine.preparing import Aside, prepare
from drill.errors import DrillError
from drill.guard.facts import Role
from drill.provider.memory import MemoryProvider
from tests.engine.scene import BYSTANDER_ID, SOURCE_ID, TARGET_ID, Scene, an_instance
from tests.harness.boundaries import gated_journal, gated_provider
from tests.harness.troubles import NEVER, TROUBLES, Killed, Trouble


def a_bare_scene() -> Scene:
    """Return a scene whose target carries no tag yet, and has no baseline."""
    scene = Scene()
    scene.provider.add_instance(an_instance(TARGET_ID, "scratch-a", tags={}))
    scene.provider._backups[TARGET_ID] = {}
    return scene


def prepare_by(scene: Scene, trouble: Trouble) -> Aside:
    parts = scene.parts_with(
        gated_journal(scene.journal, trouble), gated_provider(scene.provider, trouble)
    )
    cloud = parts.clouds["memory"]
    return prepare(parts, cloud, TARGET_ID, Role.TARGET, say=lambda text: None)


def boundaries() -> int:
    scene = a_bare_scene()
    counter = Trouble(NEVER, clock=scene.clock, lasts=timedelta(0))
    assert prepare_by(scene, counter).is_ready
    return counter.seen


@pytest.mark.parametrize("name", TROUBLES)
def test_a_preparation_that_is_broken_anywhere_is_finished_by_the_next_one(name):
    count = boundaries()
    assert count > 10
    for at in range(count):
        scene = a_bare_scene()
        trouble = TROUBLES[name](at, clock=scene.clock, lasts=timedelta(seconds=5))
        try:
            prepare_by(scene, trouble)
        except (Killed, DrillError):
            scene.clock.move(timedelta(minutes=1))
        never = Trouble(NEVER, clock=scene.clock, lasts=timedelta(0))

        aside = prepare_by(scene, never)
        while not aside.is_ready and scene.clock.monotonic() < 3600:
            scene.clock.move(timedelta(seconds=30))
            aside = prepare_by(scene, never)

        where = f"{name} {trouble.struck} (boundary {at})"
        assert aside.is_ready, (where, aside.lacks, aside.refusals)
        assert baselines_of(scene.provider) == ["drill-baseline"], where
        assert nobody_else_was_touched(scene), where


def baselines_of(provider: MemoryProvider) -> list[str]:
    return [one.name for one in provider.list_backups(TARGET_ID)]


def nobody_else_was_touched(scene: Scene) -> bool:
    provider = scene.provider
    others = [provider.find_instance(one) for one in (SOURCE_ID, BYSTANDER_ID)]
    is_untouched = all(one is not None and not one.tags for one in others)
    return is_untouched and not (provider.restores or provider.resets or provider.deletes)
