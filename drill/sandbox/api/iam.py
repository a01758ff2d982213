"""The part of IAM that a client needs: tokens, temporary keys, projects (reference, section 8)."""

from __future__ import annotations

from datetime import timedelta

from drill.sandbox.api.iam_discovery import catalog, region_names
from drill.sandbox.call import Answer, Call
from drill.sandbox.catalogue import REGION
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, Origin
from drill.sandbox.fields import Members
from drill.sandbox.identities import Identity, account_id
from drill.sandbox.times import now, to_iam


def create_token(context: Context, call: Call) -> Answer:
    """Issue a token for a user name and a password, or for an older token and another scope."""
    auth = call.json().members("auth")
    identity, method = _read_identity(context, auth.members("identity"))
    if identity is None:
        raise _refused("The username or password is wrong.")
    project = _read_scope(context, auth)
    token = context.tokens.issue(identity, in_project=project is not None, now=now())
    view: dict[str, object] = {
        "expires_at": to_iam(token.expires_at),
        "issued_at": to_iam(token.issued_at),
        "methods": [method],
        "user": {
            "name": identity.user,
            "id": account_id(identity.user),
            "domain": _domain(context),
        },
        "roles": [{"id": "0", "name": "rds_adm"}],
    }
    if project is not None:
        view["project"] = {
            "id": context.project_id,
            "name": project,
            "domain": _domain(context),
        }
    else:
        view["domain"] = _domain(context)
    if call.query.text("nocatalog") is None:
        view["catalog"] = catalog(context, call)
    return Answer(201, {"token": view}, {"X-Subject-Token": token.text})


def _read_identity(context: Context, members: Members) -> tuple[Identity | None, str]:
    """Return who logs in and how; nobody where the secret is wrong. Raise ApiError (400)."""
    methods = members.texts("methods")
    if methods == ["token"]:
        bearer = context.tokens.recognise(members.members("token").text("id"), now())
        return (bearer.identity if bearer else None), "token"
    if methods != ["password"]:
        message = "Only the methods password and token are known."
        raise ApiError(400, "IAM.0011", message, origin=Origin.IAM)
    user = members.members("password").members("user")
    password = user.text("password")
    user_id = user.optional_text("id")
    if user_id is not None:
        name = context.keyring.name_of_user(user_id) or ""
        return context.keyring.log_in(context.keyring.domain, name, password), "password"
    domain = user.members("domain")
    known_by_id = domain.optional_text("id") == _domain(context)["id"]
    domain_name = context.keyring.domain if known_by_id else domain.text("name")
    return context.keyring.log_in(domain_name, user.text("name"), password), "password"


def _read_scope(context: Context, auth: Members) -> str | None:
    """Return the name of the project; None for a token of the account, which is for nothing here.

    The name is the one that the client used, as the region has several.
    """
    scope = auth.optional_members("scope")
    project = scope.optional_members("project") if scope else None
    if project is None:
        return None
    project_id, name = project.optional_text("id"), project.optional_text("name")
    if project_id is None and name is None:
        raise ApiError(400, "IAM.0011", "The project needs an id or a name.", origin=Origin.IAM)
    names = region_names(context)
    if project_id not in (None, context.project_id) or name not in (None, *names):
        raise _refused("The project does not exist or is not yours.")
    return name or REGION


def list_projects(context: Context, call: Call) -> Answer:
    """Return the one project, or nothing where the name is another one."""
    name = call.query.text("name")
    projects = [
        {
            "id": context.project_id,
            "name": name or REGION,
            "domain_id": _domain(context)["id"],
            "parent_id": _domain(context)["id"],
            "is_domain": False,
            "enabled": True,
            "description": "",
            "links": {"self": f"{call.endpoint}/v3/projects/{context.project_id}"},
        }
    ]
    links = {"self": f"{call.endpoint}/v3/projects", "next": None, "previous": None}
    known = name in (None, *region_names(context))
    return Answer(200, {"projects": projects if known else [], "links": links})


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
    return {"name": context.keyring.domain, "id": account_id(context.keyring.domain)}
