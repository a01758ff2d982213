"""The vendor's own SDK reads what is there, in the personalities it is made for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkrds.v3 import (
    BackupPolicy,
    BatchTagActionAddRequestBody,
    BatchTagActionDelRequestBody,
    BatchTagAddActionRequest,
    BatchTagDelActionRequest,
    ListApiVersionRequest,
    ListBackupsRequest,
    ListDatastoresRequest,
    ListFlavorsRequest,
    ListInstancesRequest,
    ListInstanceTagsRequest,
    ListJobInfoRequest,
    ListProjectTagsRequest,
    ListRestoreTimesRequest,
    ListStorageTypesRequest,
    RdsClient,
    SetBackupPolicyRequest,
    SetBackupPolicyRequestBody,
    ShowBackupPolicyRequest,
    ShowQuotasRequest,
    TagDelWithKeyValue,
    TagWithKeyValue,
)

from tests.conformance.clients import World, closing_sdk, make_sdk, unfilled

SCRATCH_SUBNET = "5a9d0000-0000-4000-8000-00000000002b"


def names(sdk: Any, **query: Any) -> set[str]:
    return {each.name for each in sdk.list_instances(ListInstancesRequest(**query)).instances}


def test_every_member_of_an_instance_that_it_has_is_filled(sdk):
    answer = sdk.list_instances(ListInstancesRequest())

    # A single instance that is paid by the hour has none of these.
    assert unfilled(answer) == {
        f"instances.{name}" for name in ("ha", "order_id", "expiration_time", "serverless_info")
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"name": "orders-prod"}, True),
        ({"name": "*rders"}, True),
        ({"name": "rders"}, False),
        ({"type": "Single"}, True),
        ({"type": "Ha"}, False),
        ({"type": "Replica"}, False),
        ({"datastore_type": "PostgreSQL"}, True),
        ({"datastore_type": "MySQL"}, False),
        ({"subnet_id": SCRATCH_SUBNET}, True),
        ({"subnet_id": "elsewhere"}, False),
        ({"vpc_id": "elsewhere"}, False),
        ({"tags": "team="}, True),
        ({"tags": "team=data"}, True),
        ({"tags": "team=data,owner=x"}, False),
        ({"tags": "team=other"}, False),
    ],
)
def test_every_filter_of_the_list_of_instances_means_what_it_says(sdk, world, query, found):
    tags = [TagWithKeyValue(key="team", value="data")]
    body = BatchTagActionAddRequestBody(action="create", tags=tags)
    sdk.batch_tag_add_action(BatchTagAddActionRequest(instance_id=world.source_id, body=body))

    assert ("orders-prod" in names(sdk, **query)) is found


def test_instances_are_found_by_their_id_or_a_part_of_it(sdk, world):
    assert names(sdk, id=world.source_id) == {"orders-prod"}
    assert names(sdk, id=f"*{world.source_id[4:20]}") == {"orders-prod"}
    assert names(sdk, id="0" * 32 + "in03") == set()


def test_pages_of_instances_add_up(sdk):
    every = sdk.list_instances(ListInstancesRequest())
    pages = [
        sdk.list_instances(ListInstancesRequest(offset=index, limit=1))
        for index in range(every.total_count)
    ]

    assert {page.total_count for page in pages} == {every.total_count}
    assert [page.instances[0].id for page in pages] == [each.id for each in every.instances]
    past = sdk.list_instances(ListInstancesRequest(offset=every.total_count, limit=1))
    assert past.instances == []


def test_windows_are_told_for_all_time_and_for_one_day(sdk, world):
    every = sdk.list_restore_times(ListRestoreTimesRequest(instance_id=world.source_id))
    (window,) = every.restore_time
    ends_at = datetime.fromtimestamp(window.end_time / 1000, UTC)
    same = sdk.list_restore_times(
        ListRestoreTimesRequest(instance_id=world.source_id, date=f"{ends_at:%Y-%m-%d}")
    )
    other = sdk.list_restore_times(
        ListRestoreTimesRequest(
            instance_id=world.source_id, date=f"{ends_at - timedelta(days=9):%Y-%m-%d}"
        )
    )

    assert window.end_time - window.start_time == 3_600_000
    assert same.restore_time[-1].end_time == window.end_time
    assert other.restore_time == []


def test_what_can_be_ordered_is_listed_with_every_member(sdk):
    flavors = sdk.list_flavors(ListFlavorsRequest(database_name="PostgreSQL", version_name="18"))
    versions = sdk.list_datastores(ListDatastoresRequest(database_name="PostgreSQL"))
    types = sdk.list_storage_types(
        ListStorageTypesRequest(database_name="PostgreSQL", version_name="18", ha_mode="single")
    )

    assert unfilled(flavors) == unfilled(versions) == unfilled(types) == set()
    assert flavors.flavors[0].instance_mode == "single"
    assert [each.name for each in versions.data_stores] == ["18"]
    assert {each.name for each in types.storage_type} >= {"CLOUDSSD", "ESSD"}


def test_the_quota_counts_the_instances(sdk):
    (resource,) = sdk.show_quotas(ShowQuotasRequest()).quotas.resources
    total = sdk.list_instances(ListInstancesRequest()).total_count

    assert (resource.type, resource.used) == ("instance", total)
    assert resource.quota > total


def test_the_versions_of_the_api_are_told_with_a_link(sdk, world):
    versions = sdk.list_api_version(ListApiVersionRequest()).versions

    assert [each.id for each in versions] == ["v3", "v3.1"]
    assert versions[0].links[0].href == f"{world.sandbox.endpoint}/v3/"


def test_the_backup_policy_is_set_and_shown(sdk, world):
    def keep(days: int) -> Any:
        policy = BackupPolicy(keep_days=days, start_time="19:00-20:00", period="1,2")
        body = SetBackupPolicyRequestBody(backup_policy=policy)
        sdk.set_backup_policy(SetBackupPolicyRequest(instance_id=world.scratch_id, body=body))
        answer = sdk.show_backup_policy(ShowBackupPolicyRequest(instance_id=world.scratch_id))
        return answer.backup_policy

    kept = keep(7)
    off = keep(0)
    assert (kept.keep_days, kept.start_time, kept.period) == (7, "19:00-20:00", "1,2")
    assert off.keep_days == 0


def test_tags_are_added_listed_and_deleted(sdk, world):
    request = {"instance_id": world.scratch_id}
    add = BatchTagActionAddRequestBody("create", [TagWithKeyValue(key="drill-id", value="d1")])
    sdk.batch_tag_add_action(BatchTagAddActionRequest(**request, body=add))
    held = sdk.list_instance_tags(ListInstanceTagsRequest(**request)).tags
    of_project = sdk.list_project_tags(ListProjectTagsRequest()).tags
    delete = BatchTagActionDelRequestBody("delete", [TagDelWithKeyValue(key="drill-id")])
    sdk.batch_tag_del_action(BatchTagDelActionRequest(**request, body=delete))

    assert ("drill-id", "d1") in {(each.key, each.value) for each in held}
    assert ["d1"] in [each.values for each in of_project if each.key == "drill-id"]
    left = sdk.list_instance_tags(ListInstanceTagsRequest(**request)).tags
    assert "drill-id" not in {each.key for each in left}


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        (lambda sdk: names(sdk, limit=101), 400, "DBS.200001"),
        (lambda sdk: names(sdk, datastore_type="postgresql"), 400, "DBS.200001"),
        (lambda sdk: sdk.list_backups(ListBackupsRequest()), 400, "DBS.200001"),
        (lambda sdk: sdk.list_job_info(ListJobInfoRequest(id="none")), 400, "DBS.200543"),
        (
            lambda sdk: sdk.list_restore_times(ListRestoreTimesRequest(instance_id="none")),
            404,
            "DBS.200002",
        ),
    ],
)
def test_a_refusal_has_status_code_message_and_request_id(sdk, ask, status, code):
    with pytest.raises(ClientRequestException) as refusal:
        ask(sdk)

    assert (refusal.value.status_code, refusal.value.error_code) == (status, code)
    assert refusal.value.error_msg
    assert refusal.value.request_id


def test_a_wrong_key_and_a_foreign_project_are_refused(world: World):
    for arguments, expected in (
        ({"secret_key": "x" * 40}, (401, "APIGW.0301")),
        ({"project_id": "0" * 32}, (403, "DBS.200010")),
    ):
        for sdk in make_sdk(world.sandbox, **arguments):
            with pytest.raises(ClientRequestException) as refusal:
                names(sdk)
            assert (refusal.value.status_code, refusal.value.error_code) == expected
            assert refusal.value.request_id


def test_the_project_is_found_by_the_name_of_the_region(world: World):
    keys = world.sandbox.credentials
    credentials = BasicCredentials(keys.access_key, keys.secret_key)
    builder = RdsClient.new_builder().with_credentials(
        credentials.with_iam_endpoint(world.sandbox.endpoint)
    )
    region = Region("sandbox-1", world.sandbox.endpoint)
    for sdk in closing_sdk(builder.with_region(region).build()):
        assert "orders-prod" in names(sdk)


def test_the_account_is_found_with_global_credentials(world: World):
    keys = world.sandbox.credentials
    # The SDK remembers the accounts of keys: these are new with every sandbox.
    credentials = GlobalCredentials(keys.access_key, keys.secret_key).with_iam_endpoint(
        world.sandbox.endpoint
    )
    for sdk in make_sdk(world.sandbox):
        credentials.process_auth_params(sdk._http_client, "sandbox-1")

    assert credentials.domain_id


def test_a_temporary_key_works_with_its_security_token_alone(world: World):
    keys = world.sandbox.credentials
    address = world.sandbox.endpoint
    user = {"name": keys.user, "password": keys.password, "domain": {"name": keys.domain}}
    login: dict[str, Any] = {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"name": "sandbox-1"}},
    }
    with requests.Session() as session:
        token = session.post(f"{address}/v3/auth/tokens", json={"auth": login}, timeout=5)
        made = session.post(
            f"{address}/v3.0/OS-CREDENTIAL/securitytokens",
            json={"auth": {"identity": {"methods": ["token"], "token": {}}}},
            headers={"X-Auth-Token": token.headers["X-Subject-Token"]},
            timeout=5,
        ).json()["credential"]
    for security_token, let_in in ((made["securitytoken"], True), ("another", False)):
        credentials = BasicCredentials(made["access"], made["secret"], keys.project_id)
        builder = RdsClient.new_builder().with_credentials(
            credentials.with_security_token(security_token)
        )
        for sdk in closing_sdk(builder.with_endpoint(address).build()):
            if let_in:
                assert "orders-prod" in names(sdk)
                continue
            with pytest.raises(ClientRequestException) as refusal:
                names(sdk)
            assert refusal.value.status_code == 401
