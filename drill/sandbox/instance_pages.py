"""Pages of the instances, narrowed and counted by the state file itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from drill.sandbox.instances import Instance, from_row


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    """Which instances are wanted; None is any."""

    id: str | None = None
    """Compared exactly, or as a part where it begins with a star; the name too."""
    name: str | None = None
    engine: str | None = None
    vpc_id: str | None = None
    subnet_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    """An empty value means any value of that key."""


def read_page(
    connection: sqlite3.Connection, wanted: InstanceFilter, *, offset: int, limit: int
) -> tuple[int, list[Instance]]:
    """Return how many instances match, and those of one page, newest first."""
    conditions = ["true"]
    values: dict[str, object] = {}
    for name in ("id", "name", "engine", "vpc_id", "subnet_id"):
        value = getattr(wanted, name)
        if value is None:
            continue
        if name in ("id", "name") and value.startswith("*"):
            conditions.append(f"instr({name}, :{name}) > 0")
            values[name] = value[1:]
        else:
            conditions.append(f"{name} = :{name}")
            values[name] = value
    for number, (key, value) in enumerate(wanted.tags.items()):
        held = f"json_each.key = :key{number}"
        if value:
            held += f" and json_each.value = :value{number}"
        conditions.append(f"exists (select 1 from json_each(instances.tags) where {held})")  # noqa: S608
        values |= {f"key{number}": key, f"value{number}": value}
    where = " and ".join(conditions)
    total = connection.execute(f"select count(*) from instances where {where}", values)  # noqa: S608
    rows = connection.execute(
        f"select * from instances where {where} "  # noqa: S608
        "order by created_at desc, id limit :limit offset :offset",
        values | {"limit": limit, "offset": offset},
    )
    return int(total.fetchone()[0]), [from_row(row) for row in rows]
