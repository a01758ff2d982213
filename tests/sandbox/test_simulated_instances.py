"""SQL Server instances: ordered like any other, simulated, and saying so wherever they show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from drill.sandbox.settings import Settings
from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client, eventually
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.test_api_instances import body


def order(**changes: Any) -> dict[str, Any]:
    """Return the order of a SQL Server instance."""
    plain = {
        "name": "crm-copy",
        "datastore": {"type": "SQLServer", "version": "2019_SE"},
        "flavor_ref": "rds.mssql.n1.large",
        "time_zone": "W. Europe Standard Time",
        "collation": "Latin1_General_CI_AS",
        "backup_strategy": {"keep_days": 7, "start_time": "19:00-20:00"},
    }
    return body(**(plain | changes))


def names(client: Client, instance_id: str) -> list[str]:
    listed = client.get(f"/instances/{instance_id}/database/detail", page="1", limit="100").json
    assert listed["simulated"] is True
    return [each["name"] for each in listed["databases"]]


def settled(client: Client, instance_id: str) -> Any:
    """Return the instance once it is at rest."""
    return eventually(
        lambda: (
            found
            if (found := client.instance(instance_id)) and found["status"] == "ACTIVE"
            else None
        )
    )


def completed_backup(client: Client, instance_id: str, **filters: str) -> Any:
    """Return the newest usable backup."""

    def look() -> Any:
        listed = client.get("/backups", instance_id=instance_id, **filters).json["backups"]
        return next((each for each in listed if each["status"] == "COMPLETED"), None)

    return eventually(look)


def plant(sandbox: ThreadedSandbox, name: str, **members: Any) -> str:
    plain: dict[str, Any] = {
        "simulated": True,
        "engine": "SQLServer",
        "version": "2019_SE",
        "volume_size": 100,
        "databases": [],
    }
    return str(sandbox.admin.create_instance(name, **(plain | members))["id"])


@pytest.fixture
def crm(sandbox: ThreadedSandbox) -> str:
    return plant(sandbox, "crm-prod", databases=["sales", "hr"], keep_days=7)


def test_an_ordered_sql_server_is_simulated_and_says_so_in_every_answer(client, servers):
    reply = client.post("/instances", order())

    assert reply.status == 202
    made = reply.json["instance"]
    assert made["id"].endswith("in04")
    assert made["simulated"] is True
    job = client.wait_for_job(reply.json["job_id"])
    assert (job["name"], job["status"]) == ("CreateSqlserverSingleHAInstance", "Completed")
    assert job["simulated"] is True
    shown = settled(client, made["id"])
    assert (shown["alias"], shown["simulated"]) == ("simulated, no data", True)
    assert (shown["private_ips"], shown["port"]) == ([], 1433)
    assert (shown["time_zone"], shown["flavor_ref"]) == (
        "W. Europe Standard Time",
        "rds.mssql.n1.large",
    )
    backup = completed_backup(client, made["id"])
    assert (backup["simulated"], backup["type"], backup["size"]) == (True, "auto", 0)
    tasks = client.get("/tasklist", instance_id=made["id"]).json["tasks"]
    assert {each["name"] for each in tasks} == {
        "CreateSqlserverSingleHAInstance",
        "BackupDbSqlserverInInstance",
    }
    assert all(each["simulated"] is True for each in tasks)
    assert names(client, made["id"]) == []
    assert servers.instances == {}


def test_a_real_instance_never_says_simulated(client, source_id):
    shown = client.instance(source_id)
    assert "simulated" not in shown
    assert shown["alias"] == ""
    assert client.get(f"/instances/{source_id}/database/detail", page="1", limit="1").status == 400


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"datastore": {"type": "SQLServer", "version": "2018_SE"}}, "DBS.200041"),
        ({"flavor_ref": "rds.pg.n1.small"}, "DBS.200053"),
        ({"time_zone": "Mars"}, "DBS.200001"),
        ({"collation": "utf8"}, "DBS.200001"),
        ({"port": "5985"}, "DBS.200001"),
        ({"port": "99999"}, "DBS.200001"),
        ({"password": "Correct=Horse=7"}, "DBS.200052"),
        ({"password": None}, "DBS.200052"),
        ({"volume": {"type": "TAPE", "size": 40}}, "DBS.200001"),
        ({"volume": {"type": "CLOUDSSD", "size": 41}}, "DBS.200302"),
        ({"dry_run": True}, "DBS.200001"),
    ],
)
def test_an_order_that_does_not_fit_sql_server_is_refused(client, changes, code):
    reply = client.post("/instances", order(**changes))
    assert (reply.status, reply.code) == (400, code)


def test_what_can_be_ordered_of_sql_server_is_listed_as_simulated(client):
    flavors = client.get("/flavors/SQLServer", version_name="2022_EE").json
    versions = client.get("/datastores/sqlserver").json
    types = client.get("/storage-type/SQLServer", version_name="2022_EE").json
    collations = client.get("/collations").json["charSets"]

    assert flavors["simulated"] is versions["simulated"] is types["simulated"] is True
    assert "2008R2_WEB" in {each["name"] for each in versions["dataStores"]}
    chosen = order(
        flavor_ref=flavors["flavors"][0]["spec_code"],
        collation=collations[0],
        volume={"type": types["storage_type"][0]["name"], "size": 40},
    )
    assert client.post("/instances", chosen).status == 202


def test_the_list_of_databases_has_pages_that_count_from_one(client, sandbox):
    many = plant(sandbox, "many", databases=[f"db{number:02}" for number in range(5)])
    path = f"/instances/{many}/database/detail"

    pages = [client.get(path, page=str(page), limit="2").json for page in (1, 2, 3, 4)]

    assert [len(page["databases"]) for page in pages] == [2, 2, 1, 0]
    assert {page["total_count"] for page in pages} == {5}
    assert pages[0]["databases"][0]["state"] == "Running"
    for query in ({"page": "1"}, {"limit": "2"}, {"page": "0", "limit": "2"}, {}):
        assert client.get(path, **query).status == 400
    assert client.get("/instances/gone/database/detail", page="1", limit="1").status == 404


def test_a_backup_holds_the_databases_there_were_or_those_that_were_chosen(client, sandbox, crm):
    # The sandbox may back a new instance up by itself, and refuses another order meanwhile.
    whole = eventually(
        lambda: (client.post("/backups", {"instance_id": crm, "name": "whole"}).json or {}).get(
            "backup"
        )
    )
    assert whole["simulated"] is True
    settled(client, crm)
    some = {"instance_id": crm, "name": "some", "databases": [{"name": "hr"}]}
    assert client.post("/backups", some).json["backup"]["databases"] == [{"name": "hr"}]
    settled(client, crm)
    wrong = {"instance_id": crm, "name": "wrong", "databases": [{"name": "gone"}]}
    assert client.post("/backups", wrong).code == "DBS.280128"
    sandbox.admin.set_databases(crm, ["sales", "hr", "new"])

    listed = client.get("/backups", instance_id=crm, backup_type="manual").json["backups"]
    held = {each["name"]: [one["name"] for one in each["databases"]] for each in listed}
    assert held == {"whole": ["hr", "sales"], "some": ["hr"]}
    assert whole["id"].endswith("br04")


def test_windows_begin_with_the_first_usable_backup_and_need_automatic_backups(client, sandbox):
    without = plant(sandbox, "without-log", keep_days=0)
    sandbox.admin.back_up(without)
    assert client.get(f"/instances/{without}/restore-time").json["restore_time"] == []

    fresh = plant(sandbox, "with-log", keep_days=7)
    backup = completed_backup(client, fresh)
    (window,) = client.get(f"/instances/{fresh}/restore-time").json["restore_time"]
    assert window["start_time"] <= window["end_time"]
    assert backup["databases"] == []


def test_a_simulated_instance_and_its_automatic_backups_go_when_it_is_deleted(client, sandbox, crm):
    sandbox.admin.back_up(crm, name="kept-one", type="manual")
    settled(client, crm)
    job = client.wait_for_job(client.call("DELETE", f"/instances/{crm}").json["job_id"])

    assert (job["name"], job["simulated"]) == ("DeleteSqlserverInstance", True)
    assert client.instance(crm) is None
    left = client.get("/backups", instance_id=crm).json["backups"]
    assert [(each["name"], each["simulated"]) for each in left] == [("kept-one", True)]
    assert client.call("DELETE", f"/backups/{left[0]['id']}").status == 200
    assert client.get("/backups", instance_id=crm).json["backups"] == []


def test_a_simulated_instance_survives_a_restart_with_its_databases(tmp_path, servers):
    with ThreadedSandbox(tmp_path / "s", servers, settings=QUICK) as sandbox:
        crm = plant(sandbox, "crm-prod", databases=["sales"], time_zone="Tokyo Standard Time")
    with ThreadedSandbox(tmp_path / "s", servers, settings=QUICK) as sandbox:
        client = Client(sandbox)
        assert names(client, crm) == ["sales"]
        assert client.instance(crm)["time_zone"] == "Tokyo Standard Time"
    assert servers.starts == []


@pytest.fixture
def narrow(tmp_path, servers) -> Iterator[ThreadedSandbox]:
    settings = Settings(job_hidden_for=timedelta(0), databases_quota=3)
    with ThreadedSandbox(tmp_path / "narrow", servers, settings=settings) as running:
        yield running


def test_the_quota_of_databases_counts_old_and_new_ones(narrow):
    client = Client(narrow)
    source = plant(narrow, "source-a", databases=["a", "b"])
    target = plant(narrow, "target-a", databases=["x", "y"])
    backup = narrow.admin.back_up(source)["id"]

    too_many = client.recover(source, target, backup_id=backup, database_name={"a": "", "b": ""})
    one = client.recover(source, target, backup_id=backup, database_name={"a": ""})

    assert (too_many.status, too_many.code) == (400, "DBS.216028")
    assert client.wait_for_job(one.json["job_id"])["status"] == "Completed"
    assert names(client, target) == ["a", "x", "y"]


def test_the_password_of_a_simulated_instance_is_kept_nowhere(client, sandbox, tmp_path):
    client.post("/instances", order())
    state = (tmp_path / "state" / "state.sqlite").read_bytes()
    log = (tmp_path / "state" / "state.sqlite-wal").read_bytes()
    assert PASSWORD.encode() not in state + log


def test_every_answer_about_one_simulated_instance_says_so(client, sandbox, crm):
    backup = completed_backup(client, crm)
    settled(client, crm)
    paths = ("restore-time", "tags", "backups/policy")
    answers = [client.get(f"/instances/{crm}/{path}").json for path in paths]
    restored = client.recover(crm, crm, backup_id=backup["id"])
    answers.append(restored.json)
    client.wait_for_job(restored.json["job_id"])
    settled(client, crm)
    answers.append(client.call("DELETE", f"/instances/{crm}").json)

    assert all(answer["simulated"] is True for answer in answers)
    assert client.post("/instances", order()).json["simulated"] is True
    assert "simulated" not in client.post("/instances", body(name="a-real-one")).json
