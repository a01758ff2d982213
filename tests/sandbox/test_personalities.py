"""The client against each personality: what one side believes of a cloud, the other side does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from drill.clock import SystemClock
from drill.engine.record import Outcome, Teardown
from drill.provider.clouds import load_cloud_kinds
from drill.recovery.values import Engine
from drill.sandbox.personalities import PERSONALITIES
from drill.sandbox.serve import ServeRefused, serve
from drill.sandbox.servers import RestoreFailed
from drill.sandbox.sqlserver import may_become
from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client, eventually
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_servers import FakeServers
from tests.sandbox.house import house_of, plan_of, provider_of
from tests.sandbox.test_api_instances import body
from tests.sandbox.test_simulated_instances import order, plant

CLOUDS = ("huawei", "otc", "sandbox")
SCRATCH_TAGS = [{"key": "drill-scratch", "value": "yes"}]
Opened = Callable[[str], AbstractContextManager[ThreadedSandbox]]


@pytest.fixture
def opened(tmp_path: Path, servers: FakeServers) -> Opened:
    """Return a function that opens a sandbox of one personality."""

    @contextmanager
    def open_one(personality: str) -> Iterator[ThreadedSandbox]:
        folder = tmp_path / personality
        with ThreadedSandbox(folder, servers, settings=QUICK, personality=personality) as sandbox:
            yield sandbox

    return open_one


def a_source(sandbox: ThreadedSandbox) -> str:
    made = sandbox.admin.create_instance("orders-prod", password=PASSWORD, volume_size=80)
    sandbox.admin.back_up(str(made["id"]), name="nightly")
    return str(made["id"])


def a_scratch(sandbox: ThreadedSandbox) -> str:
    made = sandbox.admin.create_instance(
        "scratch-a", password=PASSWORD, volume_size=100, tags=SCRATCH_TAGS
    )
    sandbox.admin.back_up(str(made["id"]), name="drill-baseline", type="manual")
    return str(made["id"])


def test_what_the_client_believes_of_a_cloud_is_what_its_personality_does():
    kinds = load_cloud_kinds()
    for name in CLOUDS:
        kind, personality = kinds[name], PERSONALITIES[name]
        rules = kind.rules
        assert kind.recovery_version in personality.recovery_status
        assert kind.recovery_version in personality.database_map_paths
        assert kind.tags_filter == personality.filters_by_tags
        assert rules.tags_in_create == personality.takes_tags_on_create
        assert set(rules.restore_to_existing) <= personality.restores_to_existing
        assert set(rules.restore_to_current) <= personality.restores_to_current
        assert (Engine.POSTGRESQL in rules.restore_to_current) == (
            "PostgreSQL" in personality.restores_to_current
        )
        assert rules.database_name_pattern == personality.database_name_pattern
        assert rules.database_name_lists == personality.database_name_lists
        table = rules.sqlserver_versions
        assert (table.name if table else None) == personality.sqlserver_table
        for source, targets in (table.targets if table else {}).items():
            for target in personality.sqlserver_versions:
                fits = may_become(source, target, personality.sqlserver_table)
                assert fits == (target in targets), (name, source, target)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_client_reads_instances_backups_and_windows_of_each_cloud(opened, servers, cloud):
    with opened(cloud) as sandbox:
        source_id, scratch_id = a_source(sandbox), a_scratch(sandbox)
        window = servers.open_window(source_id, timedelta(hours=2))
        provider = provider_of(sandbox, cloud)
        try:
            tagged = provider.list_instances(tags={"drill-scratch": "yes"})
            backups = provider.list_backups(source_id)
            (seen,) = provider.list_windows(source_id, retention_days=1, now=SystemClock().now())
            assert {one.id for one in provider.list_instances()} == {source_id, scratch_id}
        finally:
            provider.close()

    assert [one.id for one in tagged] == [scratch_id]
    assert [one.name for one in backups] == ["nightly"]
    assert (seen.starts_at, seen.ends_at) == (window.starts_at, window.ends_at)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_drill_into_a_new_instance_passes_and_leaves_nothing_on_each_cloud(opened, cloud):
    with opened(cloud) as sandbox:
        source_id = a_source(sandbox)
        with house_of(sandbox, cloud, source_id=source_id) as house:
            record = house.run(plan_of(source_id))
        state = sandbox.admin.state()

    assert (record.outcome, record.teardown) == (Outcome.PASSED, Teardown.CLEAN), record.reason
    assert [one["id"] for one in state["instances"]] == [source_id]
    assert list(state["accepted"]["create"].values()) == [1]
    assert list(state["accepted"]["delete"].values()) == [1]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("error_next", "/tags/action$"),
        ("lose_next_answer", "/tags/action$"),
        ("lose_next_answer", "/instances$"),
    ],
)
def test_an_instance_that_was_not_tagged_at_first_is_tagged_late_and_deleted(opened, kind, path):
    with opened("otc") as sandbox:
        source_id = a_source(sandbox)
        with house_of(sandbox, "otc", source_id=source_id) as house:
            sandbox.admin.add_fault(kind, path=path, method="POST")
            record = house.run(plan_of(source_id))
            acts = [(one.kind.value, one.act) for one in house.journal.events_of(record.id)]
        state = sandbox.admin.state()

    assert (record.outcome, record.teardown) == (Outcome.PASSED, Teardown.CLEAN)
    assert [one["id"] for one in state["instances"]] == [source_id]
    assert list(state["accepted"]["create"].values()) == [1]
    if kind == "error_next" or path == "/instances$":
        assert ("intent", "tag") in acts


@pytest.mark.parametrize("cloud", CLOUDS)
def test_postgresql_onto_an_existing_instance_needs_a_cloud_that_can_empty_it_again(opened, cloud):
    with opened(cloud) as sandbox:
        source_id, target_id = a_source(sandbox), a_scratch(sandbox)
        with house_of(sandbox, cloud, source_id=source_id, target_id=target_id) as house:
            record = house.run(plan_of(source_id, target_id=target_id))
        client = Client(sandbox)
        baseline = client.get("/backups", instance_id=target_id).json["backups"][-1]["id"]
        itself = eventually(
            lambda: (
                reply
                if (reply := client.recover(target_id, target_id, backup_id=baseline)).status != 409
                else None
            )
        )

    if cloud == "sandbox":
        assert (record.outcome, record.teardown) == (Outcome.PASSED, Teardown.CLEAN)
        assert itself.status == 202
    else:
        assert record.outcome is Outcome.REFUSED
        assert {one["rule"] for one in record.refusals} == {"cloud-restores-to-current"}
        assert (itself.status, itself.code) == (400, "DBS.280238")


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("target", ["existing", "new"])
def test_a_drill_on_a_simulated_instance_proves_nothing_and_cleans_up(opened, cloud, target):
    with opened(cloud) as sandbox:
        source_id = plant(sandbox, "crm-prod", databases=["sales", "hr"])
        sandbox.admin.back_up(source_id, name="nightly")
        target_id = None
        if target == "existing":
            target_id = plant(sandbox, "crm-scratch", tags=SCRATCH_TAGS)
            sandbox.admin.back_up(target_id, name="drill-baseline", type="manual")
        plan = plan_of(
            source_id,
            target_id=target_id,
            flavor="rds.mssql.n1.medium",
        )
        with house_of(sandbox, cloud, source_id=source_id, target_id=target_id) as house:
            record = house.run(plan)
            connections = house.prober.connections
            left = house.provider.list_databases(target_id) if target_id else ()
        ids = {one["id"] for one in sandbox.admin.state()["instances"]}

    assert record.outcome is Outcome.INCONCLUSIVE
    assert record.reason is not None
    assert record.reason.startswith("simulated")
    assert (record.is_simulated, record.level, record.rta, record.rpa) == (True, 1, None, None)
    assert record.teardown is Teardown.CLEAN, record.teardown_reason
    assert connections == 0
    assert list(left) == []
    assert ids == {source_id, target_id} - {None}
    if target == "existing":
        assert "simulated" in str(record.teardown_reason)


@pytest.mark.parametrize(
    ("databases", "rule"),
    [
        ({"gone": ""}, "mapped-databases-are-known"),
        ({"sales": "hr"}, "new-names-are-free-on-the-source"),
        ({"sales": "taken"}, "names-are-free-on-the-target"),
        ({"hr": "Model9"}, "new-names-are-not-reserved"),
    ],
)
def test_the_guard_knows_the_databases_of_source_and_target(opened, databases, rule):
    with opened("huawei") as sandbox:
        source_id = plant(sandbox, "crm-prod", databases=["sales", "hr"])
        target_id = plant(sandbox, "crm-scratch", databases=["taken"], tags=SCRATCH_TAGS)
        for one, name in ((source_id, "nightly"), (target_id, "drill-baseline")):
            sandbox.admin.back_up(one, name=name, type="manual")
        plan = plan_of(source_id, target_id=target_id, sqlserver={"databases": databases})
        with house_of(sandbox, "huawei", source_id=source_id, target_id=target_id) as house:
            record = house.run(plan)
        accepted = sandbox.admin.state()["accepted"]["recovery"]

    assert record.outcome is Outcome.REFUSED
    assert rule in {one["rule"] for one in record.refusals}
    assert accepted == {}


def test_a_dated_personality_of_2020_has_the_old_path_and_no_postgresql_onto_existing(opened):
    with opened("huawei-2020") as sandbox:
        client = Client(sandbox)
        source_id, target_id = a_source(sandbox), a_scratch(sandbox)
        backup = client.get("/backups", instance_id=source_id).json["backups"][0]["id"]

        assert client.recover(source_id, target_id, backup_id=backup).status == 404
        old = client.recover(source_id, target_id, version="v3", backup_id=backup)
        assert (old.status, old.code) == (400, "DBS.280238")


def test_a_telekom_cloud_ignores_tags_on_creation_and_takes_shorter_ones(opened):
    with opened("otc") as sandbox:
        client = Client(sandbox)
        made = client.post("/instances", order(tags=[{"key": "a", "value": "b"}]))
        assert client.instance(made.json["instance"]["id"])["tags"] == []
        assert isinstance(made.json["instance"]["volume"]["size"], str)
        long = [{"key": "k" * 37, "value": "v"}]
        path = f"/instances/{made.json['instance']['id']}/tags/action"
        assert client.post(path, {"action": "create", "tags": long}).status == 400


@pytest.mark.parametrize(
    ("cloud", "changes", "status"),
    [
        ("huawei", {"volume": {"type": "ULTRAHIGH", "size": 40}}, 202),
        ("otc", {"volume": {"type": "ULTRAHIGH", "size": 40}}, 400),
        ("huawei", {"datastore": {"type": "SQLServer", "version": "2014_WEB"}}, 202),
        ("otc", {"datastore": {"type": "SQLServer", "version": "2014_WEB"}}, 400),
        ("huawei", {"backup_strategy": {"keep_days": 0}}, 202),
        ("otc", {"backup_strategy": {"keep_days": 0}}, 400),
        ("otc", {"charge_info": {"charge_mode": "prePaid"}}, 400),
    ],
)
def test_what_can_be_ordered_differs_between_the_clouds(opened, cloud, changes, status):
    with opened(cloud) as sandbox:
        assert Client(sandbox).post("/instances", order(**changes)).status == status


def test_a_subscription_is_an_order_that_nobody_pays(opened):
    with opened("huawei") as sandbox:
        client = Client(sandbox)
        reply = client.post("/instances", body(charge_info={"charge_mode": "prePaid"}))

        assert reply.status == 202
        assert "job_id" not in reply.json
        assert reply.json["order_id"].startswith("CS")
        assert client.get("/instances").json["total_count"] == 0


def test_a_client_token_is_read_by_one_cloud_and_ignored_by_the_other(opened):
    for cloud, status in (("huawei", 400), ("otc", 202)):
        with opened(cloud) as sandbox:
            client = Client(sandbox)
            client.extra = {"X-Client-Token": "nonsense"}
            assert client.post("/instances", body()).status == status


def test_a_creation_that_fails_has_the_status_of_its_cloud(opened, servers):
    for cloud, status in (("huawei", "FAILED"), ("otc", "CREATE FAIL")):
        with opened(cloud) as sandbox:
            client = Client(sandbox)
            servers.fail_next = lambda: RestoreFailed("no room")
            made = client.post("/instances", body()).json
            client.wait_for_job(made["job_id"])
            assert client.instance(made["instance"]["id"])["status"] == status
            assert client.call("DELETE", f"/instances/{made['instance']['id']}").status == 202


def test_the_personality_is_kept_in_the_state_folder(tmp_path, servers):
    stop = threading.Event()
    stop.set()
    serve(tmp_path, personality="otc", servers=servers, stop=stop)
    assert (tmp_path / "personality").read_text() == "otc\n"
    serve(tmp_path, servers=FakeServers(), stop=stop)
    assert (tmp_path / "personality").read_text() == "otc\n"
    with pytest.raises(ServeRefused, match="was made with the personality otc"):
        serve(tmp_path, personality="huawei", servers=FakeServers(), stop=stop)
