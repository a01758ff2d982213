"""For the same intent the vendor's own SDK sends the same method, path, query and JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkrds.v3 import RdsClient, model
from werkzeug import Response

from drill.clock import to_milliseconds
from drill.recovery.values import Engine
from tests.provider.conftest import PROJECT

JOB = {"job_id": "j-1"}
CREATED = {"instance": {"id": "new-1", "name": "drill-d1"}, "job_id": "j-1"}


@pytest.fixture
def endpoint(httpserver) -> Any:
    def answer(request) -> Any:
        created = request.method == "POST" and request.path.endswith("/instances")
        lists: dict[str, Any] = {
            "instances": [],
            "backups": [],
            "tasks": [],
            "restore_time": [],
            "tags": [],
        }
        body = {**(CREATED if created else JOB), "job": {"id": "j-1", "status": "Running"}, **lists}
        return Response(json.dumps(body), status=202 if request.method != "GET" else 200)

    httpserver.expect_request(re.compile(r".*")).respond_with_handler(answer)
    return httpserver.url_for("").rstrip("/")


@pytest.fixture
def vendor(endpoint) -> Any:
    client = (
        RdsClient.new_builder()
        .with_http_config(HttpConfig(retry_times=0, timeout=(2, 2)))
        .with_credentials(BasicCredentials("AK", "SK", PROJECT))
        .with_endpoint(endpoint)
        .build()
    )
    yield client
    session = getattr(getattr(client, "_http_client", None), "_session", None)
    if session is not None:
        session.close()


@pytest.fixture
def sent(httpserver) -> Any:
    """Return the two requests that were seen: the vendor's first, then ours."""

    def compare(number=2) -> Any:
        requests = [request for request, _ in httpserver.log]
        assert len(requests) == number
        return [
            (
                request.method,
                request.path,
                dict(request.args),
                json.loads(request.data) if request.data else None,
            )
            for request in requests
        ]

    return compare


def test_the_restore_to_an_instant(vendor, make_provider, endpoint, samples, sent):
    admitted = samples.restore()
    source = model.RestoreExistingInstanceRequestBodySource(
        instance_id=admitted.source_id,
        type="timestamp",
        restore_time=to_milliseconds(admitted.point.restore_time),
    )
    vendor.restore_exist_instance(_restore_request(source, admitted.target_id))

    make_provider(endpoint, kind="otc").restore(admitted)

    theirs, ours = sent()
    assert ours == theirs
    assert ours[1].startswith("/v3.1/")


def test_the_restore_of_a_backup(vendor, make_provider, endpoint, samples, sent):
    admitted = samples.restore(point=samples.backup_point())
    source = model.RestoreExistingInstanceRequestBodySource(
        instance_id=admitted.source_id, type="backup", backup_id=admitted.point.backup.id
    )
    vendor.restore_exist_instance(_restore_request(source, admitted.target_id))

    make_provider(endpoint).restore(admitted)

    theirs, ours = sent()
    assert ours == theirs


@pytest.mark.parametrize("database_map", [{"db1": "dbtest1", "db2": ""}, None])
def test_the_restore_of_sql_server_databases(
    vendor, make_provider, endpoint, samples, sent, database_map
):
    admitted = samples.restore(
        engine=Engine.SQLSERVER,
        database_map=database_map,
        restore_all_databases=database_map is None,
    )
    source = model.RestoreExistingInstanceRequestBodySource(
        instance_id=admitted.source_id,
        type="timestamp",
        restore_time=to_milliseconds(admitted.point.restore_time),
        database_name=database_map,
        restore_all_database=True if database_map is None else None,
    )
    vendor.restore_exist_instance(_restore_request(source, admitted.target_id))

    make_provider(endpoint, kind="huawei").restore(admitted)

    theirs, ours = sent()
    assert ours == theirs


def test_the_reset_to_the_baseline(vendor, make_provider, endpoint, samples, sent):
    admitted = samples.reset(engine=Engine.SQLSERVER)
    source = model.RestoreExistingInstanceRequestBodySource(
        instance_id=admitted.target_id,
        type="backup",
        backup_id=admitted.baseline.id,
        restore_all_database=True,
    )
    vendor.restore_exist_instance(_restore_request(source, admitted.target_id))

    make_provider(endpoint, kind="huawei").reset(admitted)

    theirs, ours = sent()
    assert ours == theirs


def test_an_engine_other_than_sql_server_gets_no_database_fields(
    make_provider, endpoint, samples, sent
):
    admitted = samples.restore(database_map={"a": "b"}, restore_all_databases=True)

    make_provider(endpoint).restore(admitted)

    (ours,) = sent(1)
    assert set(ours[3]["source"]) == {"instance_id", "type", "restore_time"}


def test_the_creation_from_a_backup(vendor, make_provider, endpoint, samples, sent):
    admitted = samples.create(
        engine=Engine.MYSQL,
        version="8.0",
        availability_zone="az-1,az-2",
        time_zone="UTC",
        point=samples.backup_point(),
    )
    body = model.CreateRestoreInstanceRequestBody(
        name="drill-d1",
        datastore=model.Datastore(type="MySQL", version="8.0"),
        ha=model.Ha(mode="Ha", replication_mode="async"),
        password=samples.password.get_secret_value(),
        flavor_ref=admitted.flavor,
        volume=model.Volume(type="CLOUDSSD", size=40),
        region="eu-de",
        availability_zone="az-1,az-2",
        vpc_id="vpc-1",
        subnet_id="subnet-1",
        security_group_id="group-1",
        charge_info=model.ChargeInfo(charge_mode="postPaid"),
        time_zone="UTC",
        restore_point=model.RestorePoint(
            instance_id=admitted.source_id, type="backup", backup_id=admitted.point.backup.id
        ),
        tags=[model.TagWithKeyValue(key="drill-id", value="d1")],
    )
    vendor.create_restore_instance(model.CreateRestoreInstanceRequest(body=body))

    make_provider(endpoint).create(admitted, password=samples.password)

    theirs, ours = sent()
    assert ours == theirs


def test_the_creation_at_an_instant_with_renamed_databases(
    vendor, make_provider, endpoint, samples, sent
):
    admitted = samples.create(
        engine=Engine.SQLSERVER,
        version="2019_SE",
        security_group_id=None,
        database_map={"orders": "orders_copy"},
    )
    body = model.CreateRestoreInstanceRequestBody(
        name="drill-d1",
        datastore=model.Datastore(type="SQLServer", version="2019_SE"),
        password=samples.password.get_secret_value(),
        flavor_ref=admitted.flavor,
        volume=model.Volume(type="CLOUDSSD", size=40),
        region="eu-de",
        availability_zone="eu-de-01",
        vpc_id="vpc-1",
        subnet_id="subnet-1",
        charge_info=model.ChargeInfo(charge_mode="postPaid"),
        restore_point=model.RestorePoint(
            instance_id=admitted.source_id,
            type="timestamp",
            restore_time=to_milliseconds(admitted.point.restore_time),
            database_name={"orders": "orders_copy"},
        ),
    )
    vendor.create_restore_instance(model.CreateRestoreInstanceRequest(body=body))

    make_provider(endpoint, kind="otc").create(admitted, password=samples.password)

    theirs, ours = sent()
    assert ours == theirs


def test_tags_and_deletion(vendor, make_provider, endpoint, samples, sent):
    tags = [model.TagWithKeyValue(key="drill-id", value="d1")]
    vendor.batch_tag_add_action(
        model.BatchTagAddActionRequest(
            instance_id="new-1", body=model.BatchTagActionAddRequestBody("create", tags)
        )
    )
    vendor.delete_instance(model.DeleteInstanceRequest(instance_id=samples.target))

    provider = make_provider(endpoint)
    provider.tag(samples.create(), "new-1")
    provider.delete(samples.deletion())

    requests = sent(4)
    assert requests[2:] == requests[:2]


def test_every_read(vendor, make_provider, endpoint, samples, sent):
    since = to_milliseconds(samples.now)
    vendor.list_instances(model.ListInstancesRequest(id="i-1", offset=0, limit=100))
    vendor.list_backups(model.ListBackupsRequest(instance_id="i-1", offset=0, limit=100))
    vendor.list_restore_times(model.ListRestoreTimesRequest(instance_id="i-1"))
    vendor.list_job_info(model.ListJobInfoRequest(id="j-1"))
    vendor.list_tasks(
        model.ListTasksRequest(
            instance_id="i-1", start_time=str(since), end_time=str(since), offset=0, limit=50
        )
    )

    provider = make_provider(endpoint)
    provider.find_instance("i-1")
    provider.list_backups("i-1")
    provider.list_windows("i-1", retention_days=1, now=samples.now)
    provider.find_job("j-1")
    provider.list_jobs_of("i-1", since=samples.now)

    requests = sent(10)
    theirs, ours = requests[:5], requests[5:]
    for one in (theirs[4], ours[4]):
        assert {one[2].pop("start_time").isdigit(), one[2].pop("end_time").isdigit()} == {True}
    assert ours == theirs


def _restore_request(source, target_id) -> Any:
    body = model.RestoreExistingInstanceRequestBody(
        source=source, target=model.TargetInstanceRequest(instance_id=target_id)
    )
    return model.RestoreExistInstanceRequest(body=body)
