"""Restores of SQL Server: which databases end up where, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.sandbox.errors import ApiError
from drill.sandbox.personalities import PERSONALITIES
from drill.sandbox.simulated_maps import RESERVED, Asked, names_made_by
from drill.sandbox.sqlserver import may_become, version_tables
from drill.sandbox.threaded import ThreadedSandbox
from drill.sandbox.times import to_milliseconds
from tests.sandbox.client import Client, eventually
from tests.sandbox.test_simulated_instances import names, order, plant, settled


@pytest.fixture
def crm(sandbox: ThreadedSandbox) -> str:
    return plant(sandbox, "crm-prod", databases=["sales", "hr"])


@pytest.fixture
def scratch(sandbox: ThreadedSandbox) -> str:
    return plant(sandbox, "crm-scratch")


@pytest.fixture
def backup(sandbox: ThreadedSandbox, crm: str) -> str:
    return str(sandbox.admin.back_up(crm)["id"])


def test_a_restore_of_all_replaces_what_was_there(client, sandbox, crm, scratch, backup):
    sandbox.admin.set_databases(scratch, ["old"])
    reply = client.recover(crm, scratch, backup_id=backup, restore_all_database=True)

    job = client.wait_for_job(reply.json["job_id"])
    assert (job["name"], job["status"], job["simulated"]) == (
        "RestoreSqlserverInInstance",
        "Completed",
        True,
    )
    assert names(client, scratch) == ["hr", "sales"]
    settled(client, scratch)


def test_a_restore_of_some_adds_them_under_their_new_names(client, sandbox, crm, scratch, backup):
    sandbox.admin.set_databases(scratch, ["old"])
    chosen = {"sales": "sales_copy", "hr": ""}
    reply = client.recover(crm, scratch, backup_id=backup, database_name=chosen)

    job = client.wait_for_job(reply.json["job_id"])
    assert job["name"] == "SingleDbRestoreSqlserverInInstance"
    assert names(client, scratch) == ["hr", "old", "sales_copy"]


def test_a_scratch_instance_goes_back_to_its_empty_baseline(client, sandbox, crm, scratch, backup):
    baseline = sandbox.admin.back_up(scratch, name="drill-baseline", type="manual")["id"]
    client.wait_for_job(client.recover(crm, scratch, backup_id=backup).json["job_id"])
    assert names(client, scratch) == ["hr", "sales"]
    settled(client, scratch)

    reply = client.recover(scratch, scratch, backup_id=baseline, restore_all_database=True)

    client.wait_for_job(reply.json["job_id"])
    assert names(client, scratch) == []


def test_a_new_instance_has_the_databases_time_zone_and_collation_of_its_source(client, sandbox):
    source = plant(
        sandbox, "crm-prod", databases=["sales", "hr"], time_zone="Tokyo Standard Time",
        collation="Latin1_General_CS_AS",
    )  # fmt: skip
    backup = sandbox.admin.back_up(source)["id"]
    point = {
        "instance_id": source, "type": "backup", "backup_id": backup,
        "database_name": {"hr": "hr2"},
    }  # fmt: skip
    reply = client.post(
        "/instances",
        order(restore_point=point, datastore=None, time_zone=None, collation=None),
    )

    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"
    made = client.instance(reply.json["instance"]["id"])
    assert (made["time_zone"], made["simulated"]) == ("Tokyo Standard Time", True)
    assert names(client, made["id"]) == ["hr2"]


def test_an_instant_gives_the_databases_of_that_instant(client, sandbox, scratch):
    source = plant(sandbox, "live-prod", databases=["sales"], keep_days=7)
    path = f"/instances/{source}/restore-time"
    window = eventually(lambda: (client.get(path).json["restore_time"] or [None])[0])
    instant = window["end_time"]
    eventually(lambda: to_milliseconds(datetime.now(UTC)) > instant + 1)
    sandbox.admin.set_databases(source, ["sales", "later"])

    reply = client.recover(source, scratch, type="timestamp", restore_time=instant)
    client.wait_for_job(reply.json["job_id"])

    assert names(client, scratch) == ["sales"]
    outside = client.recover(source, scratch, type="timestamp", restore_time=instant - 10**10)
    assert outside.status == 400


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"gone": ""}, "DBS.280128"),
        ({"Sales": ""}, "DBS.280128"),
        ({"sales": "sales"}, "DBS.201035"),
        ({"sales": "SALES"}, "DBS.201035"),
        ({"sales": "hr"}, "DBS.201035"),
        ({"sales": "taken"}, "DBS.201035"),
        ({"sales": "TAKEN"}, "DBS.201035"),
        ({"sales": "copy", "hr": "copy"}, "DBS.201035"),
        ({"sales": "copy", "hr": "Copy"}, "DBS.201035"),
        ({"sales": "myMaster2"}, "DBS.280277"),
        ({"sales": "rdsAdmin"}, "DBS.280277"),
        ({"sales": "a b"}, "DBS.280277"),
        ({"sales": "ä"}, "DBS.280277"),
        ({"sales": "x" * 65}, "DBS.280277"),
        ({"sales": "s1,s2"}, "DBS.200001"),
        ({"sales": 7}, "DBS.200001"),
        ({"sales": ["a"]}, "DBS.200001"),
        (["sales"], "DBS.200001"),
        ("sales", "DBS.200001"),
    ],
)
def test_a_map_that_breaks_a_rule_is_refused_and_changes_nothing(
    client, sandbox, crm, scratch, backup, chosen: Any, code
):
    sandbox.admin.set_databases(scratch, ["taken"])
    reply = client.recover(crm, scratch, backup_id=backup, database_name=chosen)

    assert (reply.status, reply.code) == (400, code)
    assert names(client, scratch) == ["taken"]
    assert client.instance(scratch)["status"] == "ACTIVE"


def test_a_kept_name_that_the_target_has_is_refused_but_on_the_instance_itself(
    client, sandbox, crm, scratch, backup
):
    sandbox.admin.set_databases(scratch, ["sales"])
    there = client.recover(crm, scratch, backup_id=backup, database_name={"sales": ""})
    itself = client.recover(crm, crm, backup_id=backup, database_name={"sales": "", "hr": "hr2"})

    assert there.code == "DBS.201035"
    assert client.wait_for_job(itself.json["job_id"])["status"] == "Completed"
    assert names(client, crm) == ["hr", "hr2", "sales"]


def test_a_map_and_all_databases_at_once_are_refused(client, crm, scratch, backup):
    reply = client.recover(
        crm, scratch, backup_id=backup, database_name={"hr": ""}, restore_all_database=True
    )
    assert (reply.status, reply.code) == (400, "DBS.200001")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"version": "2017_SE"}, "DBS.200037"),
        ({"version": "2019_WEB"}, "DBS.200037"),
        ({"time_zone": "Tokyo Standard Time"}, "DBS.200001"),
        ({"volume_size": 90}, "DBS.200306"),
        ({"engine": "MySQL", "version": "8.0"}, "DBS.201207"),
    ],
)
def test_a_target_that_does_not_fit_is_refused(client, sandbox, crm, backup, members, code):
    other = plant(sandbox, "other-kind", **members)
    reply = client.recover(crm, other, backup_id=backup)
    assert (reply.status, reply.code) == (400, code)


def test_a_restore_that_fails_on_demand_leaves_the_databases_as_they_were(
    client, sandbox, servers, crm, scratch, backup
):
    sandbox.admin.add_fault("fail_next_restore", reason="the disk is full")
    reply = client.recover(crm, scratch, backup_id=backup)

    job = client.wait_for_job(reply.json["job_id"])
    assert (job["status"], job["fail_reason"]) == ("Failed", "the disk is full")
    assert names(client, scratch) == []
    assert client.instance(scratch)["status"] == "FAILED"


def test_the_tables_are_those_that_were_published():
    tables = version_tables()

    assert set(tables) == {each.sqlserver_table for each in PERSONALITIES.values()} - {None}
    assert may_become("2017_SE", "2019_EE", "otc_2026")
    assert not may_become("2017_SE", "2022_EE", "otc_2026")
    assert may_become("2022_EE", "2022_SE", "otc_2026")
    assert not may_become("2017_EE", "2017_SE", "doc_2019")
    assert not may_become("2017_SE", "2017_EE", "doc_2019")
    assert may_become("2017_SE", "2017_EE", "hwdoc_2020")
    assert not may_become("2008R2_WEB", "2008R2_WEB", "my_kualalumpur_1_2022")
    assert may_become("2008_SE", "2008_SE", "my_kualalumpur_1_2022")
    assert not may_become("2008R2_EE", "2012_SE", "sup_2026_partial")
    assert may_become("2008R2_SE", "2022_SE", "sup_2026_partial")
    assert may_become("2019_SE", "2022_SE", "sup_2026_partial")
    assert not may_become("2022_SE", "2019_SE", "sup_2026_partial")


def test_an_open_telekom_cloud_gives_several_names_and_the_old_one_among_them(tmp_path, servers):
    with ThreadedSandbox(tmp_path / "s", servers, personality="otc") as sandbox:
        client = Client(sandbox)
        source = plant(sandbox, "source-a", databases=["A", "B", "C"])
        target = plant(sandbox, "target-a")
        backup = sandbox.admin.back_up(source)["id"]
        chosen = {"A": "A,A1,A2", "B": "B1,B2", "C": ""}
        reply = client.recover(source, target, backup_id=backup, database_name=chosen)

        assert reply.status == 202
        client.wait_for_job(reply.json["job_id"])
        assert names(client, target) == ["A", "A1", "A2", "B1", "B2", "C"]
        old_path = client.recover(
            source, target, version="v3", backup_id=backup, database_name={"A": "A9"}
        )
        assert (old_path.status, old_path.code) == (400, "DBS.200001")


NAMES = st.text("abAB,_-1 ", max_size=6)


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "A"]), NAMES, min_size=1), st.booleans())
def test_whatever_the_map_says_no_name_is_made_twice_or_taken_away(chosen, case_sensitive):
    asked = Asked(
        databases=chosen,
        at_point=frozenset({"a", "b"}),
        on_source=frozenset({"a", "b", "ab"}),
        on_target=frozenset({"aa"}),
        to_itself=False,
        case_sensitive=case_sensitive,
    )
    try:
        made = names_made_by(asked, PERSONALITIES["otc"])
    except ApiError:
        return
    folded = {name if case_sensitive else name.casefold() for name in made}
    assert len(folded) == len(made) == sum(len(v.split(",")) for v in chosen.values())
    assert "aa" not in folded
    assert not any(word in name.lower() for name in made for word in RESERVED)
