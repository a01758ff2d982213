"""The vendors' clients, built for a sandbox and closed again, and how they wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkrds.v3 import (
    CreateManualBackupRequest,
    CreateManualBackupRequestBody,
    ListBackupsRequest,
    ListInstancesRequest,
    ListJobInfoRequest,
    RdsClient,
    RestoreExistingInstanceRequestBody,
    RestoreExistingInstanceRequestBodySource,
    RestoreExistInstanceRequest,
    RestoreToExistingInstanceRequest,
    RestoreToExistingInstanceRequestBody,
    RestoreToExistingInstanceRequestBodySource,
    TargetInstanceRequest,
)

from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import eventually
from tests.sandbox.fake_servers import FakeServers


@dataclass(frozen=True)
class World:
    """One sandbox with a source and a scratch instance."""

    sandbox: ThreadedSandbox
    servers: FakeServers
    source_id: str
    scratch_id: str


def make_sdk(sandbox: ThreadedSandbox, *, secret_key: str = "", project_id: str = "") -> Any:
    """Yield the vendor's client with permanent keys; its connections are closed at the end."""
    keys = sandbox.credentials
    credentials = BasicCredentials(
        keys.access_key, secret_key or keys.secret_key, project_id or keys.project_id
    )
    client = (
        RdsClient.new_builder().with_credentials(credentials).with_endpoint(sandbox.endpoint)
    ).build()
    yield from closing_sdk(client)


def closing_sdk(client: Any) -> Iterator[Any]:
    """Yield a client of the vendor, and close its connections afterwards."""
    try:
        yield client
    finally:
        session = getattr(getattr(client, "_http_client", None), "_session", None)
        if session is not None:
            session.close()


def finished(sdk: Any, job_id: str, within: float = 60) -> Any:
    """Return a job when it has ended, however; for a moment its id is unknown."""

    def look() -> Any:
        try:
            job = sdk.list_job_info(ListJobInfoRequest(id=job_id)).job
        except ClientRequestException as error:
            if error.error_code != "DBS.200543":
                raise
            return None
        return job if job.status != "Running" else None

    return eventually(look, within=within)


def unfilled(model: Any, where: str = "") -> set[str]:
    """Return which members of an answer's model have no value, in the first entry of each list."""
    found: set[str] = set()
    for name in model.openapi_types:
        value = getattr(model, name)
        value = value[0] if isinstance(value, list) and value else value
        if value is None:
            found.add(where + name)
        elif hasattr(value, "openapi_types"):
            found |= unfilled(value, f"{where}{name}.")
    return found


def back_up(sdk: Any, instance_id: str, name: str) -> Any:
    """Take a manual backup; there is no job, so the list is asked until it is completed."""
    body = CreateManualBackupRequestBody(instance_id=instance_id, name=name, description="a test")
    made = sdk.create_manual_backup(CreateManualBackupRequest(body=body)).backup
    assert (made.status, made.type, made.instance_id) == ("BUILDING", "manual", instance_id)
    assert unfilled(made) == set()
    request = ListBackupsRequest(instance_id=instance_id, backup_id=made.id)

    def look() -> Any:
        (backup,) = sdk.list_backups(request).backups
        return backup if backup.status == "COMPLETED" else None

    return eventually(look)


def recover(sdk: Any, world: World, version: str, **point: Any) -> str:
    """Order the restore onto the scratch instance by one of the two paths; return the job's id."""
    source, target = world.source_id, TargetInstanceRequest(instance_id=world.scratch_id)
    if version == "v3":
        old = RestoreToExistingInstanceRequestBody(
            source=RestoreToExistingInstanceRequestBodySource(instance_id=source, **point),
            target=target,
        )
        answer = sdk.restore_to_existing_instance(RestoreToExistingInstanceRequest(body=old))
    else:
        new = RestoreExistingInstanceRequestBody(
            source=RestoreExistingInstanceRequestBodySource(instance_id=source, **point),
            target=target,
        )
        answer = sdk.restore_exist_instance(RestoreExistInstanceRequest(body=new))
    assert answer.status_code == {"v3": 200, "v3.1": 202}[version]
    return str(answer.job_id)


def active(sdk: Any, instance_id: str) -> Any:
    """Return an instance, or None while it is not active."""
    found = sdk.list_instances(ListInstancesRequest(id=instance_id)).instances
    return found[0] if found and found[0].status == "ACTIVE" else None
