"""What every provider does alike: the cloud in memory, and the client against the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.clock import SystemClock
from drill.errors import (
    AnswerLost,
    NotFound,
    ProviderBusy,
    ProviderUnavailable,
    RequestRejected,
)
from drill.guard.admission import AdmittedCreate, AdmittedReset, AdmittedRestore
from drill.guard.facts import CreateFacts, ResetFacts, RestoreFacts, SiteRules
from drill.guard.rules import admit_create, admit_reset, admit_restore
from drill.plan.config import Cloud
from drill.provider.port import Accepted, Job, JobStatus
from drill.provider.rds.build import rds_provider
from drill.provider.rds.http import Patience
from drill.recovery.values import Backup, BackupPoint, Choice, Inventory, TimePoint
from drill.sandbox import catalogue
from drill.sandbox.settings import Settings
from drill.sandbox.threaded import ThreadedSandbox
from tests.contract.stages import (
    CLOUD,
    DRILL_ID,
    ENGINES,
    NEW_NAME,
    PASSWORD,
    RULES,
    SCRATCH,
    EngineCase,
    MemoryStage,
    SandboxStage,
    Stage,
    a_create,
    a_deletion,
    a_reset,
    a_restore,
    backup_point,
    eventually,
    job_of,
    the_instance,
    time_point,
    wait_until_idle,
)
from tests.sandbox.fake_servers import FakeServers

NOWHERE = "f" * 32 + "in03"
QUICK = Patience(
    first_wait=timedelta(milliseconds=1),
    longest_wait=timedelta(milliseconds=2),
    jitter=timedelta(0),
)
POINTS = pytest.mark.parametrize("make_point", [backup_point, time_point], ids=["backup", "pitr"])
MakePoint = Callable[[Stage], Any]


@pytest.fixture(params=ENGINES, ids=lambda case: case.engine.value)
def case(request: pytest.FixtureRequest) -> EngineCase:
    found: EngineCase = request.param
    return found


@pytest.fixture(params=["memory", "sandbox"])
def stage(request: pytest.FixtureRequest, case: EngineCase, tmp_path: Path) -> Iterator[Stage]:
    if request.param == "memory":
        yield MemoryStage(case)
        return
    servers = FakeServers()
    settings = Settings(job_hidden_for=timedelta(milliseconds=30))
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            ThreadedSandbox(tmp_path / "state", servers, settings=settings)
        )
        provider = client_of(sandbox)
        stack.callback(provider.close)
        stack.callback(servers.gate.set)
        yield SandboxStage(case, sandbox, servers, provider)


def client_of(sandbox: ThreadedSandbox) -> Any:
    keys = sandbox.credentials
    cloud = Cloud.model_validate(
        {
            "kind": "sandbox",
            "region": catalogue.REGION,
            "endpoint": sandbox.endpoint,
            "iam_endpoint": sandbox.endpoint,
            "project_id": keys.project_id,
            "allow_loopback": True,
            "credentials": {"kind": "keys", "access_key": "env:AK", "secret_key": "env:SK"},
        }
    )
    secrets = {"env:AK": keys.access_key, "env:SK": keys.secret_key}
    return rds_provider(
        CLOUD,
        cloud,
        resolve=lambda text: secrets.get(text, text),
        clock=SystemClock(),
        patience=QUICK,
    )


# Reading.


def test_instance_is_found_with_its_tags_and_what_the_guard_asks_about(stage):
    found = the_instance(stage.provider, stage.target_id)

    assert (found.cloud, found.id, found.name) == (CLOUD, stage.target_id, "scratch-a")
    assert (found.engine, found.version) == (stage.case.engine, stage.case.version)
    assert (found.status, found.volume_gb, found.tags) == ("ACTIVE", 100, SCRATCH)
    assert found.host is not None
    assert found.port is not None
    assert found.created_at is not None
    assert found.created_at.tzinfo is not None


def test_unknown_instance_is_none_and_has_nothing(stage):
    assert stage.provider.find_instance(NOWHERE) is None
    assert list(stage.provider.list_backups(NOWHERE)) == []
    assert list(stage.provider.list_instances(name="no-such-name")) == []


def test_instances_are_listed_whole_by_exact_name_and_by_tag(stage):
    provider = stage.provider

    assert {each.id for each in provider.list_instances()} == {stage.source_id, stage.target_id}
    assert [each.id for each in provider.list_instances(name="scratch-a")] == [stage.target_id]
    assert list(provider.list_instances(name="scratch")) == []
    assert [each.id for each in provider.list_instances(tags=SCRATCH)] == [stage.target_id]
    assert list(provider.list_instances(tags={"drill-scratch": "no"})) == []


def test_more_instances_than_a_page_holds_are_all_listed_once(stage, monkeypatch):
    monkeypatch.setattr("drill.provider.rds.reads.INSTANCES_PER_PAGE", 2)
    more = {stage.add_instance(f"more-{number}") for number in range(3)}

    listed = [each.id for each in stage.provider.list_instances()]

    assert len(listed) == len(set(listed))
    assert set(listed) == {stage.source_id, stage.target_id, *more}


def test_backups_are_listed_oldest_first_with_their_ends(stage):
    for name in ("first", "second"):
        stage.back_up(stage.source_id, name)

    backups = list(stage.provider.list_backups(stage.source_id))

    assert {each.name for each in backups} == {"first", "second"}
    assert [each.began_at for each in backups] == sorted(each.began_at for each in backups)
    for backup in backups:
        assert backup.is_complete
        assert backup.instance_id == stage.source_id
        assert backup.engine is stage.case.engine
        assert backup.ended_at is not None
        assert backup.ended_at.microsecond == 0


def test_windows_are_what_was_opened_and_none_before(stage):
    asked = {"retention_days": 1, "now": datetime.now(UTC)}
    assert list(stage.provider.list_windows(stage.source_id, **asked)) == []

    stage.open_window()

    (window,) = stage.provider.list_windows(stage.source_id, **asked)
    assert window.ends_at - window.starts_at == timedelta(hours=1)
    assert window.ends_at.tzinfo is not None


def test_unknown_job_is_unknown_and_no_error(stage):
    assert stage.provider.find_job("0" * 32).status is JobStatus.UNKNOWN


def test_read_that_does_not_get_through_is_unavailable_and_the_next_one_works(stage):
    stage.be_unavailable()

    with pytest.raises(ProviderUnavailable):
        stage.provider.list_instances()
    assert len(stage.provider.list_instances()) == 2


# What the guard admits.


@POINTS
def test_what_the_provider_tells_is_enough_for_the_guard(stage, make_point: MakePoint):
    point = make_point(stage)
    stage.back_up(stage.target_id, "baseline")
    provider, now = stage.provider, datetime.now(UTC)
    target = the_instance(provider, stage.target_id)
    inventory = Inventory(
        taken_at=now,
        source=the_instance(provider, stage.source_id),
        target=target,
        backups=tuple(provider.list_backups(stage.source_id)),
        windows=tuple(provider.list_windows(stage.source_id, retention_days=1, now=now)),
        target_backups=tuple(provider.list_backups(stage.target_id)),
        instance_ids=frozenset(each.id for each in provider.list_instances()),
    )
    choice = Choice(point=point, policy="latest", reason="a test", reference_at=now)
    site = SiteRules(allow_list=frozenset({(CLOUD, stage.target_id)}))
    common: dict[str, Any] = {"now": now, "drill_id": DRILL_ID, "site": site, "cloud": RULES}
    both = {**common, "inventory": inventory, "choice": choice}
    held = {"target_held_by": DRILL_ID, "baseline_name": "baseline"}
    new = a_create(stage, point)

    restore = admit_restore(RestoreFacts(**both, **held))
    reset = admit_reset(
        ResetFacts(**common, **held, target=target, target_backups=inventory.target_backups)
    )
    create = admit_create(
        CreateFacts(
            **both,
            flavor=new.flavor,
            volume_type=new.volume_type,
            volume_gb=new.volume_gb,
            availability_zone=new.availability_zone,
            vpc_id=new.vpc_id,
            subnet_id=new.subnet_id,
            security_group_id=new.security_group_id,
            new_instances_now=0,
        )
    )

    assert isinstance(restore, AdmittedRestore), restore
    assert isinstance(reset, AdmittedReset), reset
    assert isinstance(create, AdmittedCreate), create
    assert job_of(stage, provider.restore(restore)).status is JobStatus.COMPLETED
    wait_until_idle(stage, stage.target_id)
    assert job_of(stage, provider.reset(reset)).status is JobStatus.COMPLETED
    accepted = provider.create(create, password=PASSWORD)
    assert job_of(stage, accepted).status is JobStatus.COMPLETED


# The existing target.


def tasks_of_target(stage: Stage) -> dict[str, Job]:
    """Return the recent tasks of the existing target; also that of its own creation."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    return {each.id: each for each in stage.provider.list_jobs_of(stage.target_id, since=since)}


@POINTS
def test_restore_runs_visibly_and_ends_with_a_target_that_is_up(stage, make_point: MakePoint):
    point = make_point(stage)
    known = tasks_of_target(stage).keys()
    stage.hold()
    accepted = stage.provider.restore(a_restore(stage, point))

    assert accepted.instance_id is None
    assert accepted.request_id
    assert stage.provider.find_job(str(accepted.job_id)).status in {
        JobStatus.UNKNOWN,
        JobStatus.RUNNING,
    }
    assert the_instance(stage.provider, stage.target_id).status == "RESTORING"
    running = eventually(
        lambda: stage.provider.find_job(str(accepted.job_id)).status is JobStatus.RUNNING
    )
    assert running
    (task,) = (task for task in tasks_of_target(stage).values() if task.id not in known)
    assert (task.id, task.instance_id) == (accepted.job_id, stage.target_id)
    assert "restore" in str(task.name).lower()

    stage.release()
    job = job_of(stage, accepted)
    assert (job.status, job.instance_id) == (JobStatus.COMPLETED, stage.target_id)
    assert job.ended_at is not None
    assert wait_until_idle(stage, stage.target_id).tags == SCRATCH
    assert stage.accepted("recovery") == 1


def test_reset_is_a_restore_of_the_targets_own_backup(stage):
    stage.back_up(stage.target_id, "baseline")
    (baseline,) = stage.provider.list_backups(stage.target_id)

    accepted = stage.provider.reset(a_reset(stage, baseline))

    assert job_of(stage, accepted).status is JobStatus.COMPLETED
    wait_until_idle(stage, stage.target_id)
    assert stage.accepted("recovery") == 1


def test_busy_target_takes_no_second_order(stage):
    point = backup_point(stage)
    stage.back_up(stage.target_id, "baseline")
    (baseline,) = stage.provider.list_backups(stage.target_id)
    stage.hold()
    accepted = stage.provider.restore(a_restore(stage, point))

    with pytest.raises(ProviderBusy):
        stage.provider.restore(a_restore(stage, point))
    with pytest.raises(ProviderBusy):
        stage.provider.reset(a_reset(stage, baseline))

    stage.release()
    assert job_of(stage, accepted).status is JobStatus.COMPLETED
    assert stage.accepted("recovery") == 1


def test_failed_restore_says_why_and_leaves_a_failed_target_that_can_be_reset(stage):
    point = backup_point(stage)
    stage.back_up(stage.target_id, "baseline")
    (baseline,) = stage.provider.list_backups(stage.target_id)
    stage.fail_job("restore")

    job = job_of(stage, stage.provider.restore(a_restore(stage, point)))

    assert (job.status, job.fail_reason) == (JobStatus.FAILED, "injected fault")
    assert the_instance(stage.provider, stage.target_id).status == "FAILED"
    reset = stage.provider.reset(a_reset(stage, baseline))
    assert job_of(stage, reset).status is JobStatus.COMPLETED


# The new target.


@POINTS
def test_new_instance_is_built_tagged_reachable_and_deleted_again(stage, make_point: MakePoint):
    point = make_point(stage)
    stage.hold()
    accepted = stage.provider.create(a_create(stage, point), password=PASSWORD)

    assert accepted.instance_id is not None
    (building,) = stage.provider.list_instances(name=NEW_NAME)
    assert (building.id, building.status) == (accepted.instance_id, "BUILD")
    assert building.tags == {"drill-id": DRILL_ID}
    assert building.host is None

    stage.release()
    assert job_of(stage, accepted).status is JobStatus.COMPLETED
    up = wait_until_idle(stage, accepted.instance_id)
    assert (up.host is None, up.port is None) == (False, False)
    assert up.volume_gb == 100

    deletion = stage.provider.delete(a_deletion(accepted.instance_id))
    eventually(lambda: stage.provider.find_instance(str(accepted.instance_id)) is None)
    assert job_of(stage, deletion).status is JobStatus.COMPLETED
    assert list(stage.provider.list_instances(name=NEW_NAME)) == []
    assert (stage.accepted("create"), stage.accepted("delete")) == (1, 1)


def test_tagging_again_changes_nothing(stage):
    admitted = a_create(stage, backup_point(stage))
    accepted = stage.provider.create(admitted, password=PASSWORD)
    job_of(stage, accepted)

    for _ in range(2):
        stage.provider.tag(admitted, str(accepted.instance_id))

    tags = the_instance(stage.provider, str(accepted.instance_id)).tags
    assert tags == {"drill-id": DRILL_ID}


def test_failed_creation_says_why_and_can_be_deleted(stage):
    point = backup_point(stage)
    stage.fail_job("create")
    accepted = stage.provider.create(a_create(stage, point), password=PASSWORD)

    job = job_of(stage, accepted)

    assert (job.status, job.fail_reason) == (JobStatus.FAILED, "injected fault")
    left = the_instance(stage.provider, str(accepted.instance_id))
    assert left.status in {"FAILED", "CREATE FAIL"}
    stage.provider.delete(a_deletion(left.id))
    eventually(lambda: stage.provider.find_instance(left.id) is None)


# What is not accepted.


def test_second_instance_of_a_name_is_rejected_and_not_made(stage):
    admitted = a_create(stage, backup_point(stage))
    job_of(stage, stage.provider.create(admitted, password=PASSWORD))

    with pytest.raises(RequestRejected):
        stage.provider.create(admitted, password=PASSWORD)
    assert stage.accepted("create") == 1


def unknown_backup(point: BackupPoint) -> BackupPoint:
    facts = {name: getattr(point.backup, name) for name in point.backup.__dataclass_fields__}
    return BackupPoint(backup=Backup(**{**facts, "id": "e" * 32 + "br03"}))


@pytest.mark.parametrize("kind", ["restore", "create"])
def test_unknown_source_and_unknown_backup_are_not_found(stage, kind):
    point = backup_point(stage)

    for changes in ({"source_id": NOWHERE}, {"point": unknown_backup(point)}):
        with pytest.raises(NotFound):
            order(stage, kind, **{"point": point, **changes})
    assert stage.accepted("recovery") == stage.accepted("create") == 0


@pytest.mark.parametrize("kind", ["restore", "create"])
def test_instant_outside_every_window_is_rejected(stage, kind):
    inside = time_point(stage)
    late = inside.window.ends_at + timedelta(minutes=5)

    with pytest.raises(RequestRejected):
        order(stage, kind, point=TimePoint(restore_time=late, window=inside.window))
    assert stage.accepted("recovery") == stage.accepted("create") == 0


def test_smaller_volume_is_rejected_for_both_kinds_of_target(stage):
    point = backup_point(stage)
    small = stage.add_instance("scratch-small", volume_gb=40, scratch=True)

    with pytest.raises(RequestRejected):
        stage.provider.restore(a_restore(stage, point, target_id=small))
    with pytest.raises(RequestRejected):
        stage.provider.create(a_create(stage, point, volume_gb=40), password=PASSWORD)


def test_deleting_what_is_not_there_is_not_found(stage):
    with pytest.raises(NotFound):
        stage.provider.delete(a_deletion(NOWHERE))


def order(stage: Stage, kind: str, *, point: Any, **changes: Any) -> Accepted:
    if kind == "create":
        return stage.provider.create(a_create(stage, point, **changes), password=PASSWORD)
    return stage.provider.restore(a_restore(stage, point, **changes))


# Lost answers.


def test_restore_whose_answer_is_lost_shows_in_tasks_and_status(stage):
    point = backup_point(stage)
    known = tasks_of_target(stage).keys()
    stage.hold()
    stage.lose_answer("restore")

    with pytest.raises(AnswerLost):
        stage.provider.restore(a_restore(stage, point))

    assert the_instance(stage.provider, stage.target_id).status == "RESTORING"
    assert len(eventually(lambda: tasks_of_target(stage).keys() - known)) == 1
    stage.release()
    wait_until_idle(stage, stage.target_id)
    assert stage.accepted("recovery") == 1


def test_creation_whose_answer_is_lost_is_found_by_its_name_and_tag(stage):
    point = backup_point(stage)
    stage.lose_answer("create")

    with pytest.raises(AnswerLost):
        stage.provider.create(a_create(stage, point), password=PASSWORD)

    (found,) = stage.provider.list_instances(name=NEW_NAME)
    assert found.tags == {"drill-id": DRILL_ID}
    assert stage.accepted("create") == 1
    wait_until_idle(stage, found.id)


@pytest.mark.parametrize("kind", ["restore", "create"])
def test_request_that_is_lost_leaves_no_sign(stage, kind):
    point = backup_point(stage)
    known = tasks_of_target(stage).keys()
    stage.lose_request(kind)

    with pytest.raises(AnswerLost):
        order(stage, kind, point=point)

    assert the_instance(stage.provider, stage.target_id).status == "ACTIVE"
    assert tasks_of_target(stage).keys() == known
    assert list(stage.provider.list_instances(name=NEW_NAME)) == []
    assert stage.accepted("recovery") == stage.accepted("create") == 0
