"""What can be ordered of SQL Server, and which databases an instance without a server has."""

from __future__ import annotations

from drill.sandbox import simulated_names, sqlserver
from drill.sandbox.call import Answer, Call
from drill.sandbox.catalogue import ZONE
from drill.sandbox.claims import target_of
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError


def list_flavors(context: Context, call: Call) -> Answer:
    """Return the flavors of SQL Server."""
    versions = list(context.personality.sqlserver_versions)
    version = call.query.text("version_name")
    spec_code = call.query.text("spec_code")
    flavors = [
        {
            "id": each.spec_code,
            "vcpus": str(each.vcpus),
            "ram": each.memory_gb,
            "spec_code": each.spec_code,
            "instance_mode": "single",
            "az_status": {ZONE: "normal"},
            "az_desc": {ZONE: ZONE},
            "version_name": versions,
            "group_type": "normal",
        }
        for each in sqlserver.FLAVORS
        if version in (None, *versions) and spec_code in (None, each.spec_code)
    ]
    return Answer(200, {"flavors": flavors, "simulated": True})


def list_datastores(context: Context, call: Call) -> Answer:
    """Return the versions of SQL Server that this cloud offers."""
    stores = [
        {"id": f"sqlserver-{version}", "name": version}
        for version in context.personality.sqlserver_versions
    ]
    return Answer(200, {"dataStores": stores, "simulated": True})


def list_storage_types(context: Context, call: Call) -> Answer:
    """Return the storage types of a version of SQL Server."""
    if call.query.required("version_name") not in context.personality.sqlserver_versions:
        raise ApiError(400, "DBS.200041", "The DB engine version is invalid.")
    types = [
        {"name": name, "az_status": {ZONE: "normal"}, "support_compute_group_type": ["normal"]}
        for name in context.personality.volume_types
    ]
    return Answer(200, {"storage_type": types, "dsspool_info": [], "simulated": True})


def list_databases(context: Context, call: Call) -> Answer:
    """Return one page of the databases of a simulated instance (reference, 7.2).

    Page and limit are both required, and pages count from 1.
    """
    call.query.required("page")
    call.query.required("limit")
    page = call.query.integer("page", default=1, low=1, high=10**7)
    limit = call.query.integer("limit", default=100, low=1, high=100)
    wanted = call.query.text("db-name")
    with context.state.transaction() as connection:
        instance = target_of(connection, call.parameters["instance_id"])
        names = simulated_names.names_of(connection, instance.id)
    if wanted is not None:
        found = shown = [name for name in names if name == wanted]  # Paging is ignored then.
    else:
        found, shown = names, names[(page - 1) * limit : page * limit]
    databases = [
        {"name": name, "character_set": instance.collation, "state": "Running"} for name in shown
    ]
    return Answer(200, {"databases": databases, "total_count": len(found), "simulated": True})
