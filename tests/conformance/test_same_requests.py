"""Every write of our client is the request that the vendor's SDK sends for the same intent.

Method, path, query, JSON and the headers that the service reads are the same; and the vendor's own
signer, given what arrived, comes to the signature that we sent.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from huaweicloudsdkrds.v3 import RdsClient, model
from werkzeug import Request, Response

from drill.clock import to_milliseconds
from drill.provider.clouds import find_cloud_kind
from drill.provider.rds import build
from drill.recovery.values import Engine
from tests.conformance.clients import closing_sdk
from tests.provider.conftest import PROJECT, SECRETS, clock, make_provider, samples

__all__ = ["clock", "make_provider", "samples"]

ANSWER = {"instance": {"id": "new-1", "name": "drill-d1"}, "job_id": "j-1"}
READ_BY_THE_SERVICE = ("Content-Type", "X-Project-Id", "X-Client-Token")


@pytest.fixture
def endpoint(httpserver) -> str:
    answer = Response(json.dumps(ANSWER), status=202, content_type="application/json")
    httpserver.expect_request(re.compile(r".*")).respond_with_handler(lambda _: answer)
    return str(httpserver.url_for("").rstrip("/"))


@pytest.fixture
def vendor(endpoint) -> Iterator[Any]:
    credentials = BasicCredentials("AK", "SK", PROJECT)
    builder = RdsClient.new_builder().with_credentials(credentials).with_endpoint(endpoint)
    yield from closing_sdk(builder.build())


@pytest.fixture
def compare(httpserver) -> Callable[[], Request]:
    """Return a function that holds our request against the vendor's, and returns ours."""

    def check() -> Request:
        theirs: Request
        ours: Request
        theirs, ours = (request for request, _ in httpserver.log)
        assert _meaning(ours) == _meaning(theirs)
        assert ours.headers["Authorization"] == _signed_by_the_vendor(ours)
        return ours

    return check


def _meaning(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "path": request.path,
        "query": sorted(request.args.items(multi=True)),
        "body": json.loads(request.data) if request.data else None,
        "headers": {name: request.headers.get(name) for name in READ_BY_THE_SERVICE},
    }


def _signed_by_the_vendor(request: Request) -> str:
    """Let the vendor's signer sign what arrived, with the headers that we say we signed."""
    sent = str(request.headers["Authorization"])
    names = sent.split("SignedHeaders=")[1].split(",")[0].split(";")
    again = SdkRequest(
        method=request.method,
        schema="http",
        host=request.host,
        resource_path=request.path,
        query_params=list(request.args.items(multi=True)),
        header_params={name: request.headers[name] for name in names if name != "host"},
        body=request.data,
    )
    Signer(BasicCredentials(SECRETS["env:AK"], SECRETS["env:SK"], PROJECT)).sign(again)
    return str(again.header_params["Authorization"])


@pytest.fixture
def speak(monkeypatch) -> Callable[[str], None]:
    """Return a function that makes every kind of cloud take one of the two recovery paths."""

    def change(version: str) -> None:
        def find(name: str) -> Any:
            return dataclasses.replace(find_cloud_kind(name), recovery_version=version)

        monkeypatch.setattr(build, "find_cloud_kind", find)

    return change


def recover(vendor: Any, version: str, target_id: str, **source: Any) -> None:
    """Let the vendor's SDK order a restore by one of the two paths."""
    target = model.TargetInstanceRequest(instance_id=target_id)
    if version == "v3":
        old = model.RestoreToExistingInstanceRequestBody(
            source=model.RestoreToExistingInstanceRequestBodySource(**source), target=target
        )
        vendor.restore_to_existing_instance(model.RestoreToExistingInstanceRequest(body=old))
    else:
        new = model.RestoreExistingInstanceRequestBody(
            source=model.RestoreExistingInstanceRequestBodySource(**source), target=target
        )
        vendor.restore_exist_instance(model.RestoreExistInstanceRequest(body=new))


@pytest.mark.parametrize("version", ["v3", "v3.1"])
@pytest.mark.parametrize("engine", [Engine.POSTGRESQL, Engine.MYSQL, Engine.MARIADB])
@pytest.mark.parametrize("kind", ["backup", "timestamp"])
def test_a_restore_by_either_path(
    vendor, make_provider, endpoint, samples, compare, speak, version, engine, kind
):
    point = samples.backup_point() if kind == "backup" else samples.time_point()
    admitted = samples.restore(engine=engine, point=point)
    named = (
        {"backup_id": point.backup.id}
        if kind == "backup"
        else {"restore_time": to_milliseconds(point.restore_time)}
    )
    recover(vendor, version, admitted.target_id, instance_id=admitted.source_id, type=kind, **named)
    speak(version)
    make_provider(endpoint, kind="huawei").restore(admitted)

    assert compare().path == f"/{version}/{PROJECT}/instances/recovery"


@pytest.mark.parametrize("version", ["v3", "v3.1"])
@pytest.mark.parametrize("database_map", [{"db1": "dbtest1", "db2": ""}, None])
def test_a_restore_of_sql_server_by_either_path(
    vendor, make_provider, endpoint, samples, compare, speak, version, database_map
):
    everything = database_map is None
    admitted = samples.restore(
        engine=Engine.SQLSERVER,
        point=samples.backup_point(),
        database_map=database_map,
        restore_all_databases=everything,
    )
    # The model of v3 has no word for all databases: there, leaving the map out means all.
    flag = {"restore_all_database": True} if everything and version == "v3.1" else {}
    recover(
        vendor,
        version,
        admitted.target_id,
        instance_id=admitted.source_id,
        type="backup",
        backup_id=admitted.point.backup.id,
        database_name=database_map,
        **flag,
    )
    speak(version)
    make_provider(endpoint, kind="huawei").restore(admitted)

    compare()


@pytest.mark.parametrize("version", ["v3", "v3.1"])
def test_a_reset_by_either_path(vendor, make_provider, endpoint, samples, compare, speak, version):
    admitted = samples.reset()
    recover(
        vendor,
        version,
        admitted.target_id,
        instance_id=admitted.target_id,
        type="backup",
        backup_id=admitted.baseline.id,
    )
    speak(version)
    make_provider(endpoint, kind="huawei").reset(admitted)

    compare()


SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "postgresql": (
        {"engine": Engine.POSTGRESQL, "version": "16"},
        {"datastore": model.Datastore(type="PostgreSQL", version="16")},
    ),
    "postgresql with a standby": (
        {"engine": Engine.POSTGRESQL, "version": "16", "availability_zone": "az-1,az-2"},
        {
            "datastore": model.Datastore(type="PostgreSQL", version="16"),
            "availability_zone": "az-1,az-2",
            "ha": model.Ha(mode="Ha", replication_mode="async"),
        },
    ),
    "mysql with a time zone": (
        {"engine": Engine.MYSQL, "version": "8.0", "time_zone": "UTC+08:00"},
        {"datastore": model.Datastore(type="MySQL", version="8.0"), "time_zone": "UTC+08:00"},
    ),
    "sql server with renamed databases": (
        {
            "engine": Engine.SQLSERVER,
            "version": "2019_SE",
            "database_map": {"orders": "orders_copy"},
        },
        {"datastore": model.Datastore(type="SQLServer", version="2019_SE")},
    ),
    "sql server without a security group": (
        {"engine": Engine.SQLSERVER, "version": "2022_EE", "security_group_id": None},
        {
            "datastore": model.Datastore(type="SQLServer", version="2022_EE"),
            "security_group_id": None,
        },
    ),
}


@pytest.mark.parametrize("operation", ["create", "create to restore"])
@pytest.mark.parametrize("kind", ["backup", "timestamp"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_creation_of_every_shape(
    vendor, make_provider, endpoint, samples, compare, shape, kind, operation
):
    changes, members = SHAPES[shape]
    point = samples.backup_point() if kind == "backup" else samples.time_point()
    admitted = samples.create(point=point, **changes)
    restore_point = model.RestorePoint(
        instance_id=admitted.source_id,
        type=kind,
        backup_id=point.backup.id if kind == "backup" else None,
        restore_time=None if kind == "backup" else to_milliseconds(point.restore_time),
        database_name=changes.get("database_map"),
    )
    make = {
        "create": (vendor.create_instance, model.CreateInstanceRequest, model.InstanceRequest),
        "create to restore": (
            vendor.create_restore_instance,
            model.CreateRestoreInstanceRequest,
            model.CreateRestoreInstanceRequestBody,
        ),
    }
    call, request, body = make[operation]
    provider = make_provider(endpoint, kind="sandbox")
    order = {
        "name": admitted.instance_name,
        "password": samples.password.get_secret_value(),
        "flavor_ref": admitted.flavor,
        "volume": model.Volume(type=admitted.volume_type, size=admitted.volume_gb),
        "region": "eu-de",
        "availability_zone": admitted.availability_zone,
        "vpc_id": admitted.vpc_id,
        "subnet_id": admitted.subnet_id,
        "security_group_id": admitted.security_group_id,
        "charge_info": model.ChargeInfo(charge_mode="postPaid"),
        "restore_point": restore_point,
        "tags": [model.TagWithKeyValue(key="drill-id", value="d1")],
        **members,
    }
    call(request(body=body(**order)))
    provider.create(admitted, password=samples.password)

    compare()


def test_the_token_of_a_mysql_creation_is_where_the_vendor_puts_it(
    vendor, make_provider, endpoint, samples, httpserver
):
    admitted = samples.create(engine=Engine.MYSQL, version="8.0")
    make_provider(endpoint, kind="huawei").create(admitted, password=samples.password)
    ours = httpserver.log[0][0].headers["X-Client-Token"]
    body = model.InstanceRequest(
        name="drill-d1",
        flavor_ref=admitted.flavor,
        volume=model.Volume(type="CLOUDSSD", size=40),
        availability_zone="eu-de-01",
        vpc_id="vpc-1",
        subnet_id="subnet-1",
        region="eu-de",
    )
    vendor.create_instance(model.CreateInstanceRequest(body=body, x_client_token=ours))

    assert httpserver.log[1][0].headers["X-Client-Token"] == ours


def test_tags_are_added_with_the_same_request(vendor, make_provider, endpoint, samples, compare):
    admitted = samples.create(tags={"drill-id": "d1", "owner": "backup & restore"})
    tags = [model.TagWithKeyValue(key=key, value=value) for key, value in admitted.tags.items()]
    body = model.BatchTagActionAddRequestBody("create", tags)
    vendor.batch_tag_add_action(model.BatchTagAddActionRequest(instance_id="new-1", body=body))
    make_provider(endpoint).tag(admitted, "new-1")

    compare()


def test_an_instance_is_deleted_with_the_same_request(
    vendor, make_provider, endpoint, samples, compare
):
    vendor.delete_instance(model.DeleteInstanceRequest(instance_id=samples.target))
    make_provider(endpoint).delete(samples.deletion())

    assert compare().data == b""
