"""Which handler answers which method and path, who may call it, and in which shape it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote

from drill.sandbox.api import (
    admin,
    backups,
    catalogue,
    controls,
    faults,
    iam,
    iam_discovery,
    instances,
    jobs,
    recovery,
    tags,
)
from drill.sandbox.call import Answer, Call
from drill.sandbox.context import Context
from drill.sandbox.errors import Origin
from drill.sandbox.identities import RESTORE_IN_PLACE
from drill.sandbox.more_routes import MORE_SERVICE

Handler = Callable[[Context, Call], Answer]


class Door(Enum):
    """What a caller must show."""

    OPEN = "nothing"
    PROJECT = "a token or a signature for the project in the path, and the action"
    ACCOUNT = "a token or a signature"
    ADMIN = "the admin token of this sandbox"


@dataclass(frozen=True, slots=True)
class Route:
    """One call of the API."""

    method: str
    template: str
    handler: Handler
    door: Door = Door.PROJECT
    action: str = ""
    origin: Origin = Origin.SERVICE

    def match(self, raw_segments: list[bytes]) -> Mapping[str, str] | None:
        """Return the varying parts of a path, decoded, or None if it is another path."""
        expected = self.template.encode().split(b"/")
        if len(expected) != len(raw_segments):
            return None
        parameters: dict[str, str] = {}
        for want, got in zip(expected, raw_segments, strict=True):
            if want.startswith(b"{"):
                if not got:
                    return None
                parameters[want[1:-1].decode()] = unquote(got.decode("latin-1"))
            elif want != got:
                return None
        return parameters


_P = "/v3/{project_id}"
_ONE = f"{_P}/instances/{{instance_id}}"

_SERVICE = (
    ("GET", f"{_P}/instances", instances.list_instances, "rds:instance:list"),
    ("POST", f"{_P}/instances", instances.create_instance, "rds:instance:create"),
    ("DELETE", _ONE, instances.delete_instance, "rds:instance:delete"),
    ("POST", f"{_P}/instances/recovery", recovery.restore_to_existing, RESTORE_IN_PLACE),
    (
        "POST",
        "/v3.1/{project_id}/instances/recovery",
        recovery.restore_to_existing,
        RESTORE_IN_PLACE,
    ),
    ("GET", f"{_ONE}/restore-time", recovery.list_restore_times, "rds:instance:getRestoreTime"),
    ("GET", f"{_P}/backups", backups.list_backups, "rds:backup:list"),
    ("POST", f"{_P}/backups", backups.create_backup, "rds:backup:create"),
    ("DELETE", f"{_P}/backups/{{backup_id}}", backups.delete_backup, "rds:backup:delete"),
    ("GET", f"{_ONE}/backups/policy", backups.show_policy, "rds:instance:list"),
    ("GET", f"{_P}/jobs", jobs.show_job, "rds:task:list"),
    ("GET", f"{_P}/tasklist", jobs.list_tasks, "rds:task:list"),
    ("GET", f"{_ONE}/tags", tags.list_tags, "rds:instance:list"),
    ("POST", f"{_ONE}/tags/action", tags.change_tags, "rds:instance:modify"),
    ("GET", f"{_P}/tags", tags.list_project_tags, "rds:instance:list"),
    ("GET", f"{_P}/flavors/{{engine}}", catalogue.list_flavors, "rds:instance:list"),
    ("GET", f"{_P}/datastores/{{engine}}", catalogue.list_datastores, "rds:instance:list"),
    ("GET", f"{_P}/storage-type/{{engine}}", catalogue.list_storage_types, "rds:instance:list"),
    ("GET", f"{_P}/quotas", catalogue.show_quotas, "rds:instance:list"),
    *MORE_SERVICE,
)
_IAM_READS = (
    ("/v3/projects", iam.list_projects),
    ("/v3/auth/projects", iam.list_projects),
    ("/v3/users/{user_id}/projects", iam.list_projects),
    ("/v3/auth/domains", iam_discovery.list_domains),
    ("/v3/auth/catalog", iam_discovery.show_catalog),
)
_OPEN = (
    ("GET", "/", catalogue.list_versions),
    ("GET", "/rds", catalogue.list_versions),
    ("GET", "/sandbox/openapi.json", controls.show_description),
)
_ADMIN = (
    ("GET", "/sandbox/state", admin.show_state),
    ("POST", "/sandbox/instances", admin.create_instance),
    ("POST", "/sandbox/instances/{instance_id}/backup", admin.back_up),
    ("POST", "/sandbox/instances/{instance_id}/databases", admin.set_databases),
    ("POST", "/sandbox/faults", faults.add_fault),
    ("DELETE", "/sandbox/faults", faults.clear_faults),
    ("POST", "/sandbox/limits", controls.set_limits),
    ("POST", "/sandbox/skew", admin.shift_clock),
    ("DELETE", "/sandbox/tokens", admin.forget_tokens),
)

ROUTES: tuple[Route, ...] = (
    *(Route(method, path, handler, Door.OPEN) for method, path, handler in _OPEN),
    Route("POST", "/v3/auth/tokens", iam.create_token, Door.OPEN, origin=Origin.IAM),
    *(
        Route("GET", path, iam_discovery.show_identity_version, Door.OPEN, origin=Origin.IAM)
        for path in ("/v3", "/v3/")
    ),
    *(Route("GET", path, handler, Door.ACCOUNT, origin=Origin.IAM) for path, handler in _IAM_READS),
    Route(
        "POST",
        "/v3.0/OS-CREDENTIAL/securitytokens",
        iam.create_temporary_key,
        Door.ACCOUNT,
        origin=Origin.IAM,
    ),
    *(
        Route(method, path, handler, Door.ADMIN, origin=Origin.ADMIN)
        for method, path, handler in _ADMIN
    ),
    *(Route(method, path, handler, action=action) for method, path, handler, action in _SERVICE),
)


def find_route(method: str, raw_path: bytes) -> tuple[Route, Mapping[str, str]] | None:
    """Return the route and the varying parts of the path, or None."""
    raw_segments = raw_path.split(b"/")
    for route in ROUTES:
        if route.method == method:
            parameters = route.match(raw_segments)
            if parameters is not None:
                return route, parameters
    return None
