"""A restore fails between the look at its job and the look at its instance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from drill.engine.record import Outcome
from drill.provider.memory import Fault
from drill.provider.port import Job, JobStatus, Provider
from tests.engine.scene import Scene, a_plan


class LateJobs:
    """A cloud that calls a job running once more after it has failed."""

    def __init__(self, inner: Provider) -> None:
        self._inner = inner
        self.was_late = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def find_job(self, job_id: str) -> Job:
        job = self._inner.find_job(job_id)
        if job.status is not JobStatus.FAILED or self.was_late:
            return job
        self.was_late = True
        return replace(job, status=JobStatus.RUNNING, fail_reason=None, cause=None)


@pytest.mark.parametrize(
    ("target", "fault", "why"),
    [
        ("existing", Fault.FAIL_RESTORE_FOR_QUOTA, "quota"),
        ("new", Fault.FAIL_CREATE_FOR_CAPACITY, "capacity"),
    ],
)
def test_a_restore_that_failed_for_want_of_room_never_counts_against_the_backup(target, fault, why):
    scene = Scene()
    scene.provider.inject(fault)
    late = LateJobs(cast("Provider", scene.provider))
    parts = scene.parts_with(scene.journal, cast("Provider", late))

    record = scene.run_until_finished(scene.enlist(a_plan(target=target)), parts)

    assert late.was_late
    assert record.outcome is Outcome.INCONCLUSIVE
    assert why in str(record.reason)
