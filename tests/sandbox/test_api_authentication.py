"""Who may come in: tokens, keys, temporary keys, and what each identity may do."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.sandbox.settings import Settings
from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client, Reply


def token_request(sandbox: ThreadedSandbox, **changes: Any) -> dict[str, Any]:
    keys = sandbox.credentials
    user = {
        "name": changes.get("user", keys.user),
        "password": changes.get("password", keys.password),
        "domain": {"name": changes.get("domain", keys.domain)},
    }
    scope = changes.get("scope", {"project": {"name": "sandbox-1"}})
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": scope}}


def ask_token(sandbox: ThreadedSandbox, **changes: Any) -> Reply:
    import json

    client = Client(sandbox)
    body = json.dumps(token_request(sandbox, **changes)).encode()
    target = "/v3/auth/tokens?nocatalog=true"
    return client.send("POST", target, body, {"Content-Type": "application/json"})


def get_with_token(sandbox: ThreadedSandbox, token: str, path: str = "/instances") -> Reply:
    client = Client(sandbox)
    target = f"/v3/{client.project_id}{path}"
    return client.send("GET", target, headers={"X-Auth-Token": token})


def test_a_right_password_gives_a_token_that_opens_the_service(sandbox):
    reply = ask_token(sandbox)

    assert reply.status == 201
    token = reply.json["token"]
    issued = datetime.fromisoformat(token["issued_at"])
    assert datetime.fromisoformat(token["expires_at"]) - issued == timedelta(hours=24)
    assert token["project"]["id"] == sandbox.credentials.project_id
    assert "catalog" not in token
    assert get_with_token(sandbox, reply.headers["x-subject-token"]).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "Wrong-Password-1"},
        {"user": "nobody"},
        {"domain": "elsewhere"},
        {"scope": {"project": {"name": "elsewhere"}}},
        {"scope": {"project": {"id": "0" * 32}}},
    ],
)
def test_wrong_credentials_are_refused_in_the_shape_of_iam(sandbox, changes):
    reply = ask_token(sandbox, **changes)

    assert reply.status == 401
    assert reply.json["error"]["code"] == 401
    assert reply.json["error"]["title"] == "Unauthorized"
    assert "x-subject-token" not in reply.headers


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"auth": 1}', b'{"auth":{}}'])
def test_a_malformed_request_for_a_token_is_a_400_of_iam(sandbox, body):
    reply = Client(sandbox).send("POST", "/v3/auth/tokens", body)

    assert reply.status == 400
    assert reply.json["error"]["code"] == 400


def test_a_token_for_the_account_opens_no_project(sandbox):
    token = ask_token(sandbox, scope={"domain": {"name": "sandbox"}}).headers["x-subject-token"]

    assert get_with_token(sandbox, token).status == 403


def test_an_expired_token_is_refused(tmp_path, servers):
    settings = Settings(token_life=timedelta(0))
    with ThreadedSandbox(tmp_path / "state", servers, settings=settings) as sandbox:
        reply = get_with_token(sandbox, ask_token(sandbox).headers["x-subject-token"])

    assert (reply.status, reply.code) == (401, "APIGW.0301")
    assert reply.json["request_id"] == reply.headers["x-request-id"]


def test_tokens_that_were_forgotten_are_refused(sandbox):
    token = ask_token(sandbox).headers["x-subject-token"]
    sandbox.admin.forget_tokens()

    assert get_with_token(sandbox, token).status == 401


def test_the_state_file_holds_no_token_in_plain_text(sandbox, tmp_path):
    token = ask_token(sandbox).headers["x-subject-token"]

    for file in (tmp_path / "state").glob("state.sqlite*"):
        assert token.encode() not in file.read_bytes()


def test_a_signed_call_is_answered_with_a_request_id(client):
    reply = client.get("/instances")

    assert reply.status == 200
    assert reply.headers["x-request-id"]


def test_a_call_without_credentials_is_refused_at_the_gateway(client):
    reply = client.send("GET", f"/v3/{client.project_id}/instances")

    assert (reply.status, reply.code) == (401, "APIGW.0301")
    assert reply.headers["x-request-id"]


def test_a_wrong_secret_key_is_refused(client):
    client.secret_key = "x" * 40
    reply = client.get("/instances")

    assert (reply.status, reply.code) == (401, "APIGW.0301")


def test_a_gateway_whose_clock_is_an_hour_off_refuses_signatures_but_not_tokens(sandbox, client):
    token = ask_token(sandbox).headers["x-subject-token"]
    sandbox.admin.shift_clock(3600)

    assert client.get("/instances").code == "APIGW.0301"
    assert get_with_token(sandbox, token).status == 200

    sandbox.admin.shift_clock(0)
    assert client.get("/instances").status == 200


def test_another_project_in_the_path_is_forbidden(client):
    client.project_id = "0" * 32
    assert client.get("/instances").status == 403


def test_another_project_in_the_header_is_forbidden(client):
    client.extra["X-Project-Id"] = "0" * 32
    assert client.get("/instances").status == 403


def test_a_path_that_does_not_exist_is_the_404_of_the_gateway(client):
    for method, path in [("GET", "/nothing"), ("PATCH", "/instances"), ("GET", "/instances/")]:
        reply = client.call(method, path)
        assert (reply.status, reply.code) == (404, "APIGW.0101")


def test_the_restricted_identity_may_list_but_not_overwrite(sandbox, source_id, scratch_id):
    restricted = Client(sandbox, restricted=True)
    reply = restricted.recover(source_id, scratch_id, backup_id="any")

    assert (reply.status, reply.code) == (403, "DBS.280015")
    assert "restoreInPlace" in reply.json["error_msg"]
    assert restricted.get("/instances").status == 200
    assert sandbox.admin.state()["accepted"]["recovery"] == {}


def test_temporary_keys_work_with_their_security_token_alone(sandbox, client):
    token = ask_token(sandbox).headers["x-subject-token"]
    body = b'{"auth":{"identity":{"methods":["token"],"token":{"duration_seconds":900}}}}'
    headers = {"X-Auth-Token": token}
    reply = client.send("POST", "/v3.0/OS-CREDENTIAL/securitytokens", body, headers)
    assert reply.status == 201
    made = reply.json["credential"]
    client.access_key, client.secret_key = made["access"], made["secret"]

    assert client.get("/instances").status == 401
    client.extra["X-Security-Token"] = made["securitytoken"]
    assert client.get("/instances").status == 200
    client.extra["X-Security-Token"] = made["securitytoken"] + "x"
    assert client.get("/instances").status == 401


def test_projects_are_found_by_their_name(sandbox, client):
    token = ask_token(sandbox).headers["x-subject-token"]

    found = client.send("GET", "/v3/projects?name=sandbox-1", headers={"X-Auth-Token": token})
    assert [each["id"] for each in found.json["projects"]] == [client.project_id]
    other = client.send("GET", "/v3/projects?name=elsewhere", headers={"X-Auth-Token": token})
    assert other.json["projects"] == []
    nobody = client.send("GET", "/v3/projects?name=sandbox-1")
    assert nobody.json["error"]["code"] == 401


@pytest.mark.parametrize("path", ["/", "/rds"])
def test_the_versions_need_no_credentials(client, path):
    assert [each["id"] for each in client.send("GET", path).json["versions"]] == ["v3", "v3.1"]


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer wrong"])
def test_the_admin_calls_need_the_admin_token(client, token):
    reply = client.send("GET", "/sandbox/state", headers={"Authorization": token})
    assert reply.status == 401


def test_the_files_of_the_state_folder_are_for_their_owner_alone(sandbox, tmp_path: Path):
    for file in (tmp_path / "state").iterdir():
        if not file.name.startswith("state.sqlite-"):
            assert file.stat().st_mode & 0o077 == 0, file.name


def test_credentials_do_not_show_in_representations(sandbox):
    keys = sandbox.credentials
    text = f"{keys!r}{sandbox.service.context!r}{keys.keyring().by_user(keys.user)!r}"
    for secret in (keys.password, keys.secret_key, keys.admin_token, keys.check_password):
        assert secret not in text
