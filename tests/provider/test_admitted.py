"""The last gate: nothing leaves that the guard did not admit, to the letter (threat 1)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import SecretStr

from drill.errors import Refused
from drill.guard.admission import SEAL, AdmittedBackup, AdmittedSettingAside
from drill.provider.rds.admitted import ensure_admitted
from drill.provider.rds.bodies import (
    backup_body,
    create_body,
    reset_body,
    restore_body,
    tag_body,
)

RECOVERY = ("instances", "recovery")


def created(admitted) -> Any:
    return create_body(admitted, password=SecretStr("hunter2"), region="eu-de", tags_in_create=True)


def test_the_bodies_that_the_client_builds_are_let_through(samples):
    restore, reset, create = samples.restore(), samples.reset(), samples.create()
    backup = samples.restore(point=samples.backup_point())

    for admitted in (restore, backup):
        body = restore_body(admitted, recovery_version="v3.1")
        ensure_admitted("POST", RECOVERY, body, admitted, cloud="here")
    body = reset_body(reset, recovery_version="v3.1")
    ensure_admitted("POST", RECOVERY, body, reset, cloud="here")
    ensure_admitted("POST", ("instances",), created(create), create, cloud="here")
    tags = ("instances", "i-1", "tags", "action")
    ensure_admitted("POST", tags, tag_body(create), create, cloud="here")
    path = ("instances", samples.target)
    ensure_admitted("DELETE", path, None, samples.deletion(), cloud="here")


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["target"].update(instance_id="production"),
        lambda body: body["target"].update(extra="x"),
        lambda body: body.pop("target"),
        lambda body: body["source"].update(instance_id="other"),
        lambda body: body["source"].update(restore_time=1),
        lambda body: body["source"].update(backup_id="b"),
        lambda body: body["source"].update(type="backup"),
        lambda body: body.pop("source"),
    ],
)
def test_a_restore_with_any_other_target_source_or_point_is_held_back(samples, change):
    admitted = samples.restore()
    body = copy.deepcopy(restore_body(admitted, recovery_version="v3.1"))
    change(body)

    with pytest.raises(Refused):
        ensure_admitted("POST", RECOVERY, body, admitted, cloud="here")


def test_a_reset_never_reads_from_another_instance(samples):
    admitted = samples.reset()
    body: Any = copy.deepcopy(reset_body(admitted, recovery_version="v3.1"))
    body["source"]["instance_id"] = samples.source

    with pytest.raises(Refused):
        ensure_admitted("POST", RECOVERY, body, admitted, cloud="here")


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.update(name="production"),
        lambda body: body.update(charge_info={"charge_mode": "prePaid"}),
        lambda body: body.pop("charge_info"),
        lambda body: body.pop("restore_point"),
        lambda body: body["restore_point"].update(instance_id="other"),
    ],
)
def test_a_creation_with_another_name_price_or_point_is_held_back(samples, change):
    admitted = samples.create()
    body = copy.deepcopy(created(admitted))
    change(body)

    with pytest.raises(Refused):
        ensure_admitted("POST", ("instances",), body, admitted, cloud="here")


def test_a_deletion_of_another_instance_is_held_back(samples):
    with pytest.raises(Refused):
        ensure_admitted("DELETE", ("instances", "other"), None, samples.deletion(), cloud="here")


def test_an_admission_of_one_kind_opens_no_call_of_another(samples):
    restore, create, deletion = samples.restore(), samples.create(), samples.deletion()
    body = restore_body(restore, recovery_version="v3.1")

    for method, path, sent, admitted in [
        ("POST", RECOVERY, body, create),
        ("POST", RECOVERY, body, deletion),
        ("POST", ("instances",), created(create), restore),
        ("DELETE", ("instances", samples.target), None, restore),
        ("DELETE", ("instances", samples.target), None, create),
    ]:
        with pytest.raises(Refused):
            ensure_admitted(method, path, sent, admitted, cloud="here")


def test_an_admission_for_another_cloud_opens_nothing(samples):
    admitted = samples.deletion(cloud="there")
    with pytest.raises(Refused):
        ensure_admitted("DELETE", ("instances", samples.target), None, admitted, cloud="here")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ("instances", "i-1", "restore", "tables")),
        ("POST", ("instances", "batch", "restore", "databases")),
        ("POST", ("instances", "batch", "restore", "tables")),
        ("POST", ("instances", "batch-delete")),
        ("POST", ("instances", "i-1", "action")),
        ("POST", ("instances", "i-1", "password")),
        ("DELETE", ("backups", "b-1")),
        ("PUT", ("instances", "i-1", "name")),
        ("DELETE", ("instances",)),
    ],
)
def test_calls_that_this_tool_never_makes_cannot_be_made(samples, method, path):
    for admitted in (samples.restore(), samples.create(), samples.deletion(), samples.reset()):
        with pytest.raises(Refused):
            ensure_admitted(method, path, {}, admitted, cloud="here")


def test_nothing_opens_without_an_admission():
    with pytest.raises(Refused):
        ensure_admitted("DELETE", ("instances", "i"), None, None, cloud="here")  # type: ignore[arg-type]


def setting_aside(**changes) -> Any:
    facts = {
        "seal": SEAL,
        "drill_id": "scratch-prepare",
        "cloud": "here",
        "admitted_at": None,
        "instance_id": "i-1",
        "instance_name": "aside",
        "tags": {"drill-scratch": "yes"},
    }
    return AdmittedSettingAside(**{**facts, **changes})


def a_backup(**changes) -> Any:
    facts = {
        "seal": SEAL,
        "drill_id": "scratch-prepare",
        "cloud": "here",
        "admitted_at": None,
        "instance_id": "i-1",
        "backup_name": "drill-baseline",
    }
    return AdmittedBackup(**{**facts, **changes})


TAGS = ("instances", "i-1", "tags", "action")


def test_what_sets_an_instance_aside_is_let_through_to_the_letter():
    ensure_admitted("POST", TAGS, tag_body(setting_aside()), setting_aside(), cloud="here")
    ensure_admitted("POST", ("backups",), backup_body(a_backup()), a_backup(), cloud="here")


@pytest.mark.parametrize(
    ("path", "body", "admitted"),
    [
        (("backups",), {"instance_id": "prod", "name": "drill-baseline"}, a_backup()),
        (("backups",), {"instance_id": "i-1", "name": "other"}, a_backup()),
        (("backups",), {"instance_id": "i-1", "name": "drill-baseline", "x": 1}, a_backup()),
        (("backups",), backup_body(a_backup()), setting_aside()),
        (("backups", "batch-delete"), {"backup_ids": ["b-1"]}, a_backup()),
        (("instances", "prod", "tags", "action"), tag_body(setting_aside()), setting_aside()),
        (TAGS, {"action": "delete", "tags": []}, setting_aside()),
        (TAGS, tag_body(setting_aside()), a_backup()),
        (RECOVERY, {}, setting_aside()),
        (RECOVERY, {}, a_backup()),
        (("instances",), {}, a_backup()),
    ],
)
def test_what_sets_an_instance_aside_opens_no_other_call(path, body, admitted):
    with pytest.raises(Refused):
        ensure_admitted("POST", path, body, admitted, cloud="here")


@pytest.mark.parametrize("admitted", [setting_aside(), a_backup()])
def test_nothing_that_is_set_aside_can_be_deleted_nor_its_backup(admitted):
    for path in (("instances", "i-1"), ("backups", "b-1")):
        with pytest.raises(Refused):
            ensure_admitted("DELETE", path, None, admitted, cloud="here")


def test_a_reset_by_a_blank_reads_from_that_blank_alone(samples):
    admitted = samples.reset(blank_id="blank-in03")
    body: Any = copy.deepcopy(reset_body(admitted, recovery_version="v3.1"))

    assert body["source"]["instance_id"] == "blank-in03"
    ensure_admitted("POST", RECOVERY, body, admitted, cloud="here")
    for other in (samples.target, samples.source):
        body["source"]["instance_id"] = other
        with pytest.raises(Refused):
            ensure_admitted("POST", RECOVERY, body, admitted, cloud="here")
