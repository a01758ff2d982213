"""List, create and delete instances (reference, sections 4 and 5)."""

from __future__ import annotations

import secrets
from functools import partial

from drill.sandbox import catalogue, client_tokens, instance_pages, instances, rules, sqlserver
from drill.sandbox.api.creation_parts import (
    check_place,
    is_subscription,
    read_backup_strategy,
    read_client_token,
    read_volume,
)
from drill.sandbox.api.restore_faults import mishap_of
from drill.sandbox.api.simulated_creation import (
    asks_for_simulated,
    read_simulated,
    source_of_point,
)
from drill.sandbox.call import Answer, Call
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.fields import Members, Query
from drill.sandbox.instance_pages import InstanceFilter
from drill.sandbox.instances import Instance, Status
from drill.sandbox.points import Point, read_point
from drill.sandbox.times import now
from drill.sandbox.views import created_view, instance_view, marked

_ENGINES = ("MySQL", "PostgreSQL", "SQLServer", "MariaDB")


def list_instances(context: Context, call: Call) -> Answer:
    """Return one page of the instances that match. An unknown id gives an empty list."""
    offset = call.query.integer("offset", default=0, low=0, high=10**9)
    limit = call.query.integer("limit", default=100, low=1, high=100)
    engine = call.query.choice("datastore_type", _ENGINES)
    kind = call.query.choice("type", ("Single", "Ha", "Replica", "Enterprise"))
    wanted = InstanceFilter(
        id=call.query.text("id"),
        name=call.query.text("name"),
        engine=engine,
        vpc_id=call.query.text("vpc_id"),
        subnet_id=call.query.text("subnet_id"),
        tags=_wanted_tags(call.query) if context.personality.filters_by_tags else {},
    )
    if kind not in (None, "Single"):
        return Answer(200, {"instances": [], "total_count": 0})
    with context.state.transaction() as connection:
        total, page = instance_pages.read_page(connection, wanted, offset=offset, limit=limit)
    views = [instance_view(each, _port_of(context, each)) for each in page]
    return Answer(200, {"instances": views, "total_count": total})


def _port_of(context: Context, instance: Instance) -> int | None:
    return context.engines.port_of(instance)


def _wanted_tags(query: Query) -> dict[str, str]:
    text = query.text("tags")
    pairs = [pair.partition("=") for pair in text.split(",")] if text else []
    if len(pairs) > 10 or any(not key for key, _, _ in pairs):
        raise parameter_error("tags must be up to 10 pairs like key=value,key=value")
    return {key: value for key, _, value in pairs}


def create_instance(context: Context, call: Call) -> Answer:
    """Accept a new instance, empty or restored from a recovery point."""
    token = read_client_token(call, context.personality)
    body = call.json()
    point_members = body.optional_members("restore_point")
    point = read_point(point_members) if point_members else None
    if point and point.databases and not context.personality.database_map_on_create:
        # An error is a guess: it keeps a client from believing that the map was heeded.
        raise parameter_error("restore_point has no database_name on this cloud")
    source = source_of_point(context, point)
    simulated = asks_for_simulated(body, source)
    password = body.optional_text("password")
    if password is None and point is None:
        raise ApiError(400, "DBS.200052", "The password is required.")
    if password is not None:
        (sqlserver.checked_password if simulated else rules.checked_password)(password)
    if simulated:
        instance = read_simulated(context, body, source)
    else:
        instance = _read_instance(context, body, point)
    if body.flag("dry_run"):
        raise parameter_error("dry_run is for MySQL only")
    order = partial(_order, context, call, instance, password, point)
    if token is None or instance.engine not in client_tokens.ENGINES:
        return order()
    with context.state.transaction() as connection:
        earlier = client_tokens.find_answer(connection, token, call.body, now())
    if earlier is not None:
        return earlier
    answer = order()
    with context.state.transaction() as connection:
        client_tokens.keep_answer(connection, token, call.body, answer, now())
    return answer


def _order(
    context: Context, call: Call, instance: Instance, password: str | None, point: Point | None
) -> Answer:
    """Order what was read."""
    if is_subscription(call.json(), context.personality):
        # Nobody ever pays an order here, so that nothing is ever built of it.
        view = created_view(instance, context.personality, charge_mode="prePaid")
        return Answer(202, {"instance": view, "order_id": f"CS{secrets.token_hex(8).upper()}"})
    with mishap_of(context, call, restores=point is not None) as mishap:
        job = context.operations.create(instance, password=password, point=point, mishap=mishap)
    view = created_view(instance, context.personality)
    return Answer(202, {"instance": view, "job_id": job.id} | marked(job.simulated))


def _read_instance(context: Context, body: Members, point: Point | None) -> Instance:
    name = rules.checked_name(body.text("name"))
    engine = _read_engine(context, body, point)
    servers = context.engines.servers_of(engine)
    flavor = catalogue.find_flavor(body.text("flavor_ref"))
    if flavor is None or flavor.engine != engine:
        raise ApiError(400, "DBS.200053", "The flavor does not exist.")
    volume_type, volume_size = read_volume(body, context.personality)
    check_place(body, context.personality)
    keep_days, start_time = read_backup_strategy(body, catalogue.ENGINE, context.personality)
    tags = rules.read_tags(
        body, quota=context.personality.quota_of_tags, lengths=context.personality.tag_lengths
    )
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
        volume_size=volume_size,
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


def delete_instance(context: Context, call: Call) -> Answer:
    """Accept the deletion of an instance."""
    instance_id = call.parameters["instance_id"]
    with mishap_of(context, call, restores=False) as mishap:
        job = context.operations.delete(instance_id, mishap=mishap)
    return Answer(202, {"job_id": job.id} | marked(job.simulated))
