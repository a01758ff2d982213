"""Tags of instances, and what can be ordered."""

from __future__ import annotations

import pytest

from tests.sandbox.test_api_instances import body


def test_tags_are_added_changed_and_taken_away(client, scratch_id):
    path = f"/instances/{scratch_id}/tags"
    added = [{"key": "drill-scratch", "value": "yes"}, {"key": "made-by", "value": "me"}]
    assert client.post(f"{path}/action", {"action": "create", "tags": added}).status == 200
    gone = [{"key": "name"}]
    assert client.post(f"{path}/action", {"action": "delete", "tags": gone}).status == 200

    tags = client.get(path).json["tags"]
    assert {each["key"]: each["value"] for each in tags} == {
        "drill-scratch": "yes",
        "made-by": "me",
    }
    assert {"key": "made-by", "values": ["me"]} in client.get("/tags").json["tags"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "create", "tags": []},
        {"action": "change", "tags": [{"key": "a", "value": "b"}]},
        {"action": "create", "tags": [{"key": "a"}]},
        {"action": "create", "tags": ["a"]},
        {"action": "create", "tags": {"key": "a", "value": "b"}},
    ],
)
def test_wrong_tag_actions_are_400(client, scratch_id, wrong):
    assert client.post(f"/instances/{scratch_id}/tags/action", wrong).status == 400


def test_what_can_be_ordered_is_what_a_creation_accepts(client):
    flavors = client.get("/flavors/PostgreSQL", version_name="18").json["flavors"]
    types = client.get("/storage-type/PostgreSQL", version_name="18").json["storage_type"]
    versions = client.get("/datastores/postgresql").json["dataStores"]
    chosen = body(
        flavor_ref=flavors[0]["spec_code"],
        volume={"type": types[0]["name"], "size": 40},
        availability_zone=next(iter(flavors[0]["az_status"])),
        datastore={"type": "PostgreSQL", "version": versions[0]["name"]},
    )

    assert client.post("/instances", chosen).status == 202
    assert client.get("/flavors/MySQL").status == 400
    assert client.get("/flavors/PostgreSQL", version_name="9").json["flavors"] == []
