"""What every provider does alike: the cloud in memory, and the client against the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drill.errors import (
    ProviderUnavailable,
)
from drill.guard.admission import AdmittedCreate, AdmittedReset, AdmittedRestore
from drill.guard.facts import CreateFacts, ResetFacts, RestoreFacts, SiteRules
from drill.guard.rules import admit_create, admit_reset, admit_restore
from drill.provider.port import JobStatus
from drill.recovery.values import Choice, Inventory
from tests.contract.stages import (
    CLOUD,
    DRILL_ID,
    NOWHERE,
    PASSWORD,
    POINTS,
    SCRATCH,
    MakePoint,
    a_create,
    job_of,
    the_instance,
    wait_until_idle,
)

SECONDS = timedelta(seconds=30)
"""A simulated window goes on while the test runs."""

# Reading.


def test_instance_is_found_with_its_tags_and_what_the_guard_asks_about(stage):
    found = the_instance(stage.provider, stage.target_id)

    assert (found.cloud, found.id, found.name) == (CLOUD, stage.target_id, "scratch-a")
    assert (found.engine, found.version) == (stage.case.engine, stage.case.version)
    assert (found.status, found.volume_gb, found.tags) == ("ACTIVE", 100, SCRATCH)
    assert (found.host is not None) is stage.has_servers
    assert found.simulated is not stage.has_servers
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


def test_all_instances_are_sighted_over_all_pages_with_status_and_tags(stage, monkeypatch):
    monkeypatch.setattr("drill.provider.rds.reads.INSTANCES_PER_PAGE", 2)
    more = {stage.add_instance(f"more-{number}") for number in range(3)}

    seen = {one.id: one for one in stage.provider.list_sightings()}

    assert set(seen) == {stage.source_id, stage.target_id, *more}
    assert {one.status for one in seen.values()} == {"ACTIVE"}
    assert seen[stage.target_id].tags == SCRATCH


def test_sightings_that_cannot_be_read_are_unavailable_and_the_next_ones_are_read(stage):
    stage.be_unavailable()

    with pytest.raises(ProviderUnavailable):
        stage.provider.list_sightings()
    assert len(stage.provider.list_sightings()) == 2


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
    assert timedelta(0) <= window.ends_at - window.starts_at - timedelta(hours=1) < SECONDS
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
    common: dict[str, Any] = {"now": now, "drill_id": DRILL_ID, "site": site}
    common["cloud"] = stage.case.rules
    both: dict[str, Any] = {**common, "inventory": inventory, "choice": choice}
    held: dict[str, Any] = {"target_held_by": DRILL_ID, "baseline_name": "baseline"}
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
