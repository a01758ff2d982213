"""Where a copy is logged in to if the plan does not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from drill.check.port import CheckContext, CheckResult, Endpoint
from drill.plan.model import Check
from drill.recovery.values import Engine
from tests.engine.scene import SOURCE_ID, Scene, ScriptedProber, a_plan, an_instance


class ListeningProber(ScriptedProber):
    """Also remembers where it was sent."""

    endpoints: tuple[Endpoint, ...] = ()

    def run(
        self, checks: Sequence[tuple[str, Check]], endpoint: Endpoint, context: CheckContext
    ) -> Sequence[CheckResult]:
        self.endpoints = (*self.endpoints, endpoint)
        return super().run(checks, endpoint, context)


@pytest.mark.parametrize(
    ("engine", "version", "database"),
    [
        (Engine.POSTGRESQL, "16", "postgres"),
        (Engine.MYSQL, "8.0", "information_schema"),
        (Engine.MARIADB, "10.5", "information_schema"),
    ],
)
def test_a_plan_without_a_login_asks_in_a_database_that_every_copy_of_the_engine_has(
    engine, version, database
):
    scene = Scene()
    scene.provider.add_instance(
        an_instance(
            SOURCE_ID,
            "orders-prod",
            engine=engine,
            version=version,
            complete_version=f"{version}.30" if version != "16" else "16.9",
        )
    )
    prober = ListeningProber(scene.provider, scene.clock)
    parts = replace(scene.parts, prober=prober)

    drill_id = scene.enlist(a_plan(login=None))
    scene.run_until_finished(drill_id, parts)

    assert [(one.engine, one.user, one.database) for one in prober.endpoints] == [
        (engine, "root", database)
    ], scene.record(drill_id)
