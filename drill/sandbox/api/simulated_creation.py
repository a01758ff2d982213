"""Orders of SQL Server instances. All of them are simulated: no server stands behind one."""

from __future__ import annotations

import secrets

from drill.sandbox import catalogue, instances, rules, sqlserver
from drill.sandbox.api.creation_parts import check_place, read_backup_strategy, read_volume
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.fields import Members
from drill.sandbox.instances import Instance, Status
from drill.sandbox.points import Point
from drill.sandbox.times import now


def source_of_point(context: Context, point: Point | None) -> Instance | None:
    """Return the source of a restore into a new instance; None where there is none."""
    if point is None:
        return None
    with context.state.transaction() as connection:
        return instances.find(connection, point.source_id)


def asks_for_simulated(body: Members, source: Instance | None) -> bool:
    """Tell whether an order is of a SQL Server instance: by its datastore, or by its source."""
    datastore = body.optional_members("datastore")
    if datastore is not None:
        return sqlserver.is_engine(datastore.text("type"))
    return source is not None and source.engine == sqlserver.ENGINE


def read_simulated(context: Context, body: Members, source: Instance | None) -> Instance:
    """Read the order of a simulated SQL Server instance. Raise ApiError (400)."""
    personality = context.personality
    name = rules.checked_name(body.text("name"))
    flavor = sqlserver.find_flavor(body.text("flavor_ref"))
    if flavor is None:
        raise ApiError(400, "DBS.200053", "The flavor does not exist.")
    version = _read_version(context, body, source)
    volume_type, volume_size = read_volume(body, personality)
    check_place(body, personality)
    keep_days, start_time = read_backup_strategy(body, sqlserver.ENGINE, personality)
    tags = rules.read_tags(body, quota=personality.quota_of_tags, lengths=personality.tag_lengths)
    like = source if source is not None and source.engine == sqlserver.ENGINE else None
    if body.flag("dry_run"):
        raise parameter_error("dry_run is for MySQL only")
    return Instance(
        id=secrets.token_hex(16) + sqlserver.ID_SUFFIX,
        name=name,
        status=Status.BUILD,
        created_at=now(),
        updated_at=None,
        engine=sqlserver.ENGINE,
        version=version,
        complete_version=version,
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
        port_asked=sqlserver.checked_port(body.optional_text("port")),
        keep_days=keep_days,
        backup_start_time=start_time,
        backup_period=catalogue.BACKUP_PERIOD,
        admin_user=sqlserver.ADMIN_USER,
        tags=tags if personality.takes_tags_on_create else {},
        simulated=True,
        writer=False,
        time_zone=read_time_zone(body, like),
        collation=read_collation(body, like),
    )


def read_time_zone(body: Members, like: Instance | None = None) -> str:
    """Return the time zone; a restore that does not name one gets that of its source."""
    default = like.time_zone if like else sqlserver.DEFAULT_TIME_ZONE
    asked = body.optional_text("time_zone")
    return sqlserver.checked_choice(asked, "time_zone", sqlserver.TIME_ZONES, default)


def read_collation(body: Members, like: Instance | None = None) -> str:
    """Return the collation; a restore that does not name one gets that of its source."""
    default = like.collation if like else sqlserver.DEFAULT_COLLATION
    asked = body.optional_text("collation")
    return sqlserver.checked_choice(asked, "collation", sqlserver.COLLATIONS, default)


def _read_version(context: Context, body: Members, source: Instance | None) -> str:
    datastore = body.optional_members("datastore")
    if datastore is None:
        return source.version if source else sqlserver.DEFAULT_VERSION
    version = datastore.text("version")
    if version not in context.personality.sqlserver_versions:
        raise ApiError(400, "DBS.200041", "The DB engine version is invalid.")
    return version
