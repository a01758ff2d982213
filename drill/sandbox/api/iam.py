"""The part of IAM that a client needs: tokens, temporary keys, projects (reference, section 8)."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from drill.sandbox.call import Answer, Call
from drill.sandbox.catalogue import REGION
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, Origin
from drill.sandbox.fields import Members
from drill.sandbox.times import now, to_iam


def create_token(context: Context, call: Call) -> Answer:
    """Issue a token for a user name and a password."""
    auth = call.json().members("auth")
    identity_members = auth.members("identity")
    if identity_members.texts("methods") != ["password"]:
        raise ApiError(400, "IAM.0011", "Only the method password is known.", origin=Origin.IAM)
    user = identity_members.members("password").members("user")
    identity = context.keyring.log_in(
        user.members("domain").text("name"), user.text("name"), user.text("password")
    )
    if identity is None:
        raise _refused("The username or password is wrong.")
    in_project = _read_scope(context, auth)
    token = context.tokens.issue(identity, in_project=in_project, now=now())
    view: dict[str, object] = {
        "expires_at": to_iam(token.expires_at),
        "issued_at": to_iam(token.issued_at),
        "methods": ["password"],
        "user": {"name": identity.user, "id": _id(identity.user), "domain": _domain(context)},
        "roles": [],
    }
    if in_project:
        view["project"] = {
            "id": context.project_id,
            "name": REGION,
            "domain": _domain(context),
        }
    if call.query.text("nocatalog") is None:
        endpoint = {"interface": "public", "region": REGION, "url": call.endpoint}
        view["catalog"] = [{"type": "rdsv3", "name": "rds", "endpoints": [endpoint]}]
    return Answer(201, {"token": view}, {"X-Subject-Token": token.text})


def _read_scope(context: Context, auth: Members) -> bool:
    """Return whether the token is for the project; a token for the account is for nothing here."""
    scope = auth.optional_members("scope")
    project = scope.optional_members("project") if scope else None
    if project is None:
        return False
    project_id, name = project.optional_text("id"), project.optional_text("name")
    if project_id is None and name is None:
        raise ApiError(400, "IAM.0011", "The project needs an id or a name.", origin=Origin.IAM)
    if project_id not in (None, context.project_id) or name not in (None, REGION):
        raise _refused("The project does not exist or is not yours.")
    return True


def list_projects(context: Context, call: Call) -> Answer:
    """Return the one project, or nothing where the name is another one."""
    name = call.query.text("name")
    projects = [
        {
            "id": context.project_id,
            "name": REGION,
            "domain_id": _domain(context)["id"],
            "parent_id": _domain(context)["id"],
            "is_domain": False,
            "enabled": True,
            "description": "",
        }
    ]
    return Answer(200, {"projects": projects if name in (None, REGION) else [], "links": {}})


def create_temporary_key(context: Context, call: Call) -> Answer:
    """Issue a key pair with a security token to somebody who has a token."""
    identity = call.identity
    members = call.json().members("auth").members("identity")
    if identity is None or members.texts("methods") != ["token"]:
        raise ApiError(400, "IAM.0011", "Only the method token is known.", origin=Origin.IAM)
    seconds = _read_duration(members)
    key = context.keyring.issue_temporary(identity, now() + timedelta(seconds=seconds))
    credential = {
        "access": key.access,
        "secret": key.secret,
        "securitytoken": key.security_token,
        "expires_at": to_iam(key.expires_at),
    }
    return Answer(201, {"credential": credential})


def _read_duration(members: Members) -> int:
    token = members.optional_members("token")
    seconds = token.optional_integer("duration_seconds") if token else None
    if seconds is None:
        return 900
    if not 900 <= seconds <= 86400:
        message = "duration_seconds must be from 900 to 86400."
        raise ApiError(400, "IAM.0011", message, origin=Origin.IAM)
    return seconds


def _refused(message: str) -> ApiError:
    return ApiError(401, "IAM.0001", message, origin=Origin.IAM)


def _domain(context: Context) -> dict[str, str]:
    return {"name": context.keyring.domain, "id": _id(context.keyring.domain)}


def _id(name: str) -> str:
    return hashlib.sha256(f"sandbox:{name}".encode()).hexdigest()[:32]
