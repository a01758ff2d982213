"""What can be ordered, how much of it, and which API versions there are (reference, 5.5, 15.1)."""

from __future__ import annotations

from drill.sandbox import instances, sqlserver
from drill.sandbox.api import simulated_catalogue
from drill.sandbox.call import Answer, Call
from drill.sandbox.catalogue import FLAVORS, ZONE, engine_named
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, parameter_error


def list_versions(context: Context, call: Call) -> Answer:
    """Return the versions of the API; needs no credentials.

    IAM lives at the same address, and its clients look here for the link to their v3; they would
    take a v3.1 with a link for a newer IAM.
    """
    links = {"v3": [{"rel": "self", "href": f"{call.endpoint}/v3/"}], "v3.1": []}
    versions: list[dict[str, object]] = [
        {"id": name, "links": links[name], "status": "CURRENT", "updated": "2018-09-30T00:00:00Z"}
        for name in links
    ]
    return Answer(200, {"versions": versions})


def list_flavors(context: Context, call: Call) -> Answer:
    """Return the flavors of the engine."""
    if sqlserver.is_engine(call.parameters["engine"]):
        return simulated_catalogue.list_flavors(context, call)
    engine, offered_version = _offer(context, call)
    version = call.query.text("version_name")
    spec_code = call.query.text("spec_code")
    offered = version in (None, offered_version)
    flavors = [
        {
            "id": each.spec_code,
            "vcpus": str(each.vcpus),
            "ram": each.memory_gb,
            "spec_code": each.spec_code,
            "instance_mode": "single",
            "az_status": {ZONE: "normal"},
            "az_desc": {ZONE: ZONE},
            "version_name": [offered_version],
            "group_type": "normal",
        }
        for each in FLAVORS
        if offered and each.engine == engine and spec_code in (None, each.spec_code)
    ]
    return Answer(200, {"flavors": flavors})


def list_datastores(context: Context, call: Call) -> Answer:
    """Return the versions of the engine."""
    if sqlserver.is_engine(call.parameters["engine"]):
        return simulated_catalogue.list_datastores(context, call)
    engine, version = _offer(context, call)
    store = {"id": f"{engine.lower()}-{version}", "name": version}
    return Answer(200, {"dataStores": [store]})


def list_storage_types(context: Context, call: Call) -> Answer:
    """Return the storage types of a version of the engine."""
    if sqlserver.is_engine(call.parameters["engine"]):
        return simulated_catalogue.list_storage_types(context, call)
    _engine, version = _offer(context, call)
    call.query.choice("ha_mode", ("single", "ha", "replica"))
    if call.query.required("version_name") != version:
        raise ApiError(400, "DBS.200041", "The DB engine version is invalid.")
    types = [
        {"name": name, "az_status": {ZONE: "normal"}, "support_compute_group_type": ["normal"]}
        for name in context.personality.volume_types
    ]
    return Answer(200, {"storage_type": types, "dsspool_info": []})


def show_quotas(context: Context, call: Call) -> Answer:
    """Return how many instances there may be and are."""
    with context.state.transaction() as connection:
        used = len(instances.every(connection))
    resource = {"type": "instance", "quota": context.settings.instance_quota, "used": used}
    return Answer(200, {"quotas": {"resources": [resource]}})


def _offer(context: Context, call: Call) -> tuple[str, str]:
    """Return the engine of the path and its version. Raise ApiError (400)."""
    engine = engine_named(call.parameters["engine"])
    servers = context.engines.servers_of(engine) if engine else None
    if engine is None or servers is None:
        raise parameter_error("the sandbox offers PostgreSQL, MariaDB and SQLServer")
    return engine, servers.version
