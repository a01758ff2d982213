"""Databases and accounts as the real server has them (reference, section 7.2)."""

from __future__ import annotations

from drill.sandbox.administration import Administration
from drill.sandbox.api import simulated_catalogue
from drill.sandbox.call import Answer, Call
from drill.sandbox.claims import target_of
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError
from drill.sandbox.fields import Query
from drill.sandbox.servers import ServerFault


def list_databases(context: Context, call: Call) -> Answer:
    """Return one page of the databases."""
    borders = _borders(call.query)
    with context.state.transaction() as connection:
        is_simulated = target_of(connection, call.parameters["instance_id"]).simulated
    if is_simulated:
        return simulated_catalogue.list_databases(context, call)
    wanted = call.query.text("db")
    server = _server(context, call)
    try:
        found = [each for each in server.databases() if wanted in (None, each.name)]
    except ServerFault as error:
        raise _unreadable() from error
    page = [
        {
            "name": each.name,
            "owner": each.owner,
            "character_set": each.character_set,
            "collate_set": each.collation,
            "size": each.size_bytes,
            "comment": each.comment,
        }
        for each in found[borders]
    ]
    return Answer(200, {"databases": page, "total_count": len(found)})


def list_users(context: Context, call: Call) -> Answer:
    """Return one page of the accounts."""
    borders = _borders(call.query)
    server = _server(context, call)
    try:
        found = server.accounts()
    except ServerFault as error:
        raise _unreadable() from error
    page = [
        {
            "name": each.name,
            "databases": [
                {"name": name, "readonly": is_readonly} for name, is_readonly in each.databases
            ],
            "hosts": list(each.hosts),
            "comment": each.comment,
        }
        for each in found[borders]
    ]
    return Answer(200, {"users": page, "total_count": len(found)})


def _borders(query: Query) -> slice:
    """Read a page from 1 on and a limit; both are required (reference, section 10.2)."""
    query.required("page")
    query.required("limit")
    page = query.integer("page", default=1, low=1, high=10**6)
    limit = query.integer("limit", default=10, low=1, high=100)
    return slice((page - 1) * limit, page * limit)


def _server(context: Context, call: Call) -> Administration:
    with context.state.transaction() as connection:
        instance = target_of(connection, call.parameters["instance_id"])
    return context.changes.administration(instance)


def _unreadable() -> ApiError:
    return ApiError(500, "DBS.280036", "The DB instance is not ready.")
