"""The detailed list of tasks: what each was ordered with."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.client import Client, eventually
from tests.sandbox.test_simulated_instances import plant, settled


def details(client: Client, instance_id: str, **query: str) -> Any:
    reply = client.get(f"/instances/{instance_id}/tasklist/detail", **{"start_time": "0", **query})
    assert reply.status == 200, reply.json
    return reply.json


def test_restores_and_backups_tell_what_they_were_ordered_with(client, sandbox):
    source = plant(sandbox, "crm-prod", databases=["sales", "hr"])
    scratch = plant(sandbox, "crm-scratch")
    backup = sandbox.admin.back_up(source, name="by-hand", type="manual")["id"]
    reply = client.recover(source, scratch, backup_id=backup, database_name={"sales": "copy"})
    client.wait_for_job(reply.json["job_id"])
    settled(client, scratch)

    listed = details(client, scratch)
    restore = next(each for each in listed["jobs"] if "Restore" in each["name"])
    taken = next(each for each in details(client, source)["jobs"] if "Backup" in each["name"])

    assert listed["count"] == len(listed["jobs"])
    assert listed["simulated"] is True
    assert (restore["id"], restore["status"]) == (reply.json["job_id"], "Completed")
    assert json.loads(restore["task_detail"]) == {
        "type": "backup",
        "sourceInstanceId": source,
        "targetInstanceId": scratch,
        "backupId": backup,
        "restoreTime": "",
        "dbNames": {"sales": "copy"},
    }
    assert json.loads(taken["task_detail"]) == {
        "instanceId": source,
        "name": "by-hand",
        "description": "",
        "dbNames": [],
    }


def test_a_span_of_time_chooses_among_the_tasks(client, sandbox):
    instance = plant(sandbox, "crm-prod")

    assert eventually(lambda: details(client, instance)["count"] == 1)
    assert details(client, instance, end_time="1")["count"] == 0


def test_what_makes_no_sense_is_refused(client, sandbox, source_id):
    instance = plant(sandbox, "crm-prod")

    for one, query, code in (
        (instance, {}, "DBS.200001"),
        (instance, {"start_time": "yesterday"}, "DBS.200001"),
        (source_id, {"start_time": "1"}, "DBS.280238"),
        ("f" * 32 + "in04", {"start_time": "1"}, "DBS.200002"),
    ):
        assert client.get(f"/instances/{one}/tasklist/detail", **query).code == code
