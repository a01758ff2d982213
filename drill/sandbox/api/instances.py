"""List, create and delete instances (reference, sections 4 and 5)."""

from __future__ import annotations

import re
import secrets

from drill.sandbox import catalogue, instances, rules
from drill.sandbox.api.restore_faults import mishap_of
from drill.sandbox.call import Answer, Call
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.fields import Members, Query
from drill.sandbox.instances import Instance, Status
from drill.sandbox.points import Point, read_point
from drill.sandbox.times import now
from drill.sandbox.views import created_view, instance_view

_ENGINES = ("MySQL", "PostgreSQL", "SQLServer", "MariaDB")
_CLIENT_TOKEN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def list_instances(context: Context, call: Call) -> Answer:
    """Return one page of the instances that match. An unknown id gives an empty list."""
    offset = call.query.integer("offset", default=0, low=0, high=10**9)
    limit = call.query.integer("limit", default=100, low=1, high=100)
    call.query.choice("datastore_type", _ENGINES)
    call.query.choice("type", ("Single", "Ha", "Replica", "Enterprise"))
    wanted_tags = _wanted_tags(call.query) if context.personality.filters_by_tags else {}
    with context.state.transaction() as connection:
        everyone = instances.every(connection)
    found = [
        each
        for each in everyone
        if _matches(call.query, each) and _is_tagged(each.tags, wanted_tags)
    ]
    page = found[offset : offset + limit]
    views = [instance_view(each, _port_of(context, each)) for each in page]
    return Answer(200, {"instances": views, "total_count": len(found)})


def _port_of(context: Context, instance: Instance) -> int | None:
    return context.engines.port_of(instance)


def _matches(query: Query, instance: Instance) -> bool:
    exact = {
        "type": "Single",
        "datastore_type": instance.engine,
        "vpc_id": instance.vpc_id,
        "subnet_id": instance.subnet_id,
    }
    for name, value in exact.items():
        if query.text(name) not in (None, value):
            return False
    return _is_named(query.text("id"), instance.id) and _is_named(query.text("name"), instance.name)


def _is_named(wanted: str | None, value: str) -> bool:
    """Compare exactly, or by a part where the wanted text begins with a star."""
    if wanted is None:
        return True
    return wanted[1:] in value if wanted.startswith("*") else wanted == value


def _wanted_tags(query: Query) -> dict[str, str]:
    text = query.text("tags")
    pairs = [pair.partition("=") for pair in text.split(",")] if text else []
    if len(pairs) > 10 or any(not key for key, _, _ in pairs):
        raise parameter_error("tags must be up to 10 pairs like key=value,key=value")
    return {key: value for key, _, value in pairs}


def _is_tagged(tags: object, wanted: dict[str, str]) -> bool:
    """An empty wanted value means any value of that key."""
    held = dict(tags) if isinstance(tags, dict) else {}
    return all(key in held and value in ("", held[key]) for key, value in wanted.items())


def create_instance(context: Context, call: Call) -> Answer:
    """Accept a new instance, empty or restored from a recovery point."""
    _check_client_token(call)
    body = call.json()
    point_members = body.optional_members("restore_point")
    point = read_point(point_members) if point_members else None
    password = body.optional_text("password")
    if password is None and point is None:
        raise ApiError(400, "DBS.200052", "The password is required.")
    if password is not None:
        rules.checked_password(password)
    instance = _read_instance(context, body, point)
    if body.flag("dry_run"):
        raise parameter_error("dry_run is for MySQL only")
    mishap = mishap_of(context, call) if point else None
    job = context.operations.create(instance, password=password, point=point, mishap=mishap)
    view = created_view(instance, context.personality)
    return Answer(202, {"instance": view, "job_id": job.id})


def _check_client_token(call: Call) -> None:
    """Check the form only: on the cloud the token makes MySQL creations idempotent, no others."""
    token = call.headers.get("x-client-token")
    if token is not None and _CLIENT_TOKEN.fullmatch(token) is None:
        raise ApiError(400, "DBS.280497", "The client token is malformed.")


def _read_instance(context: Context, body: Members, point: Point | None) -> Instance:
    name = rules.checked_name(body.text("name"))
    engine = _read_engine(context, body, point)
    servers = context.engines.servers_of(engine)
    flavor = catalogue.find_flavor(body.text("flavor_ref"))
    if flavor is None or flavor.engine != engine:
        raise ApiError(400, "DBS.200053", "The flavor does not exist.")
    volume = body.members("volume")
    volume_type = volume.text("type")
    if volume_type not in catalogue.STORAGE_TYPES:
        raise parameter_error("volume.type is not offered")
    if body.text("availability_zone") != catalogue.ZONE:
        raise parameter_error(f"availability_zone must be {catalogue.ZONE}")
    if body.has("ha"):
        raise parameter_error("the sandbox has single instances only")
    region = body.optional_text("region")
    if region is not None and region != catalogue.REGION:
        raise parameter_error(f"region must be {catalogue.REGION}")
    keep_days, start_time = _read_backup_strategy(body)
    _check_charge(body)
    tags = rules.read_tags(body, quota=context.personality.quota_of_tags)
    return Instance(
        id=secrets.token_hex(16) + catalogue.family_of(engine).id_suffix,
        name=name,
        status=Status.BUILD,
        created_at=now(),
        updated_at=None,
        engine=engine,
        version=servers.version if servers else "",
        complete_version=servers.complete_version if servers else "",
        flavor=flavor.spec_code,
        volume_type=volume_type,
        volume_size=rules.checked_volume_size(volume.integer("size")),
        availability_zone=catalogue.ZONE,
        region=catalogue.REGION,
        vpc_id=rules.checked_network_id(body.text("vpc_id"), "vpc_id"),
        subnet_id=rules.checked_network_id(body.text("subnet_id"), "subnet_id"),
        security_group_id=rules.checked_network_id(
            body.optional_text("security_group_id") or "default", "security_group_id"
        ),
        port_asked=rules.checked_port(body.optional_text("port"), engine),
        keep_days=keep_days,
        backup_start_time=start_time,
        backup_period=catalogue.BACKUP_PERIOD,
        admin_user=catalogue.ADMIN_USER,
        tags=tags if context.personality.takes_tags_on_create else {},
        simulated=False,
        writer=False,
    )


def _read_engine(context: Context, body: Members, point: Point | None) -> str:
    """Return the engine; a restore need not name it: then it is that of the source.

    Raise ApiError (400) where the sandbox has no such engine, or has it in another version.
    """
    required = point is None
    datastore = body.members("datastore") if required else body.optional_members("datastore")
    if datastore is None:
        return _engine_of_source(context, point)
    name = datastore.text("type")
    version = datastore.text("version")
    if name.lower() not in {each.lower() for each in _ENGINES}:
        raise parameter_error("datastore.type is not an engine")
    engine = catalogue.engine_named(name)
    if engine is None:
        code = "DBS.280238" if required else "DBS.201207"
        raise ApiError(400, code, "The sandbox creates PostgreSQL and MariaDB instances only.")
    servers = context.engines.servers_of(engine)
    if servers is not None and version not in (servers.version, servers.complete_version):
        code = "DBS.200041" if required else "DBS.200037"
        raise ApiError(400, code, "The DB engine version does not fit.")
    return engine


def _engine_of_source(context: Context, point: Point | None) -> str:
    with context.state.transaction() as connection:
        source = instances.find(connection, point.source_id) if point else None
    return source.engine if source and not source.simulated else catalogue.ENGINE


def _read_backup_strategy(body: Members) -> tuple[int, str]:
    strategy = body.optional_members("backup_strategy")
    if strategy is None:
        return 7, catalogue.BACKUP_WINDOW
    keep_days = strategy.optional_integer("keep_days")
    start_time = strategy.optional_text("start_time")
    return (
        rules.checked_keep_days(7 if keep_days is None else keep_days),
        rules.checked_backup_window(start_time or catalogue.BACKUP_WINDOW),
    )


def _check_charge(body: Members) -> None:
    charge = body.optional_members("charge_info")
    if charge is not None and charge.text("charge_mode") != "postPaid":
        raise parameter_error("charge_info.charge_mode must be postPaid in the sandbox")


def delete_instance(context: Context, call: Call) -> Answer:
    """Accept the deletion of an instance."""
    job = context.operations.delete(call.parameters["instance_id"])
    return Answer(202, {"job_id": job.id})
