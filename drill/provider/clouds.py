"""The kinds of cloud that speak RDS v3, read from ``clouds.toml``: their differences are data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from drill.errors import ConfigInvalid
from drill.guard.facts import CloudRules, VersionTable
from drill.recovery.values import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudKind:
    """How one kind of cloud speaks RDS v3, and what it allows."""

    name: str
    title: str
    dated: str
    """Where the facts were published, and when."""
    recovery_version: str
    """``v3`` or ``v3.1``: the path of the recovery call."""
    tags_filter: bool
    """True where the list of instances can be filtered by tags on the server."""
    client_token_engines: frozenset[Engine]
    """Engines whose create call honours ``X-Client-Token``."""
    recycle_bin: bool
    """True where deleted instances can be listed in a recycle bin."""
    host_suffixes: tuple[str, ...]
    """Domains of the cloud, each with its leading dot."""
    rules: CloudRules


@cache
def load_cloud_kinds() -> Mapping[str, CloudKind]:
    """Return every kind of cloud by its name, as ``config.toml`` names it."""
    tables = load_version_tables()
    return MappingProxyType(
        {name: _kind(name, row, tables) for name, row in _data()["clouds"].items()}
    )


@cache
def load_version_tables() -> Mapping[str, VersionTable]:
    """Return every dated SQL Server table, also those that no cloud uses today."""
    rows = _data()["sqlserver_tables"]
    return MappingProxyType({name: _table(name, row) for name, row in rows.items()})


def find_cloud_kind(name: str) -> CloudKind:
    """Return the kind of cloud with this name. Raise ConfigInvalid if there is none."""
    kinds = load_cloud_kinds()
    if name not in kinds:
        raise ConfigInvalid(
            f"no such kind of cloud: {name}",
            hint=f"Use one of these as the kind of the cloud: {', '.join(sorted(kinds))}.",
        )
    return kinds[name]


def _data() -> dict[str, Any]:
    text = resources.files("drill.provider").joinpath("clouds.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _engines(names: list[str]) -> frozenset[Engine]:
    return frozenset(Engine(name) for name in names)


def _table(name: str, row: Mapping[str, Any]) -> VersionTable:
    return VersionTable(
        name=name,
        source=row["source"],
        targets=MappingProxyType(
            {version: frozenset(targets) for version, targets in row["targets"].items()}
        ),
        complete=row["complete"],
    )


def _kind(name: str, row: Mapping[str, Any], tables: Mapping[str, VersionTable]) -> CloudKind:
    table_name = row.get("sqlserver_table")
    rules = CloudRules(
        kind=name,
        restore_to_existing=_engines(row["restore_to_existing"]),
        restore_to_current=_engines(row["restore_to_current"]),
        same_version=_engines(row["same_version"]),
        same_vpc=_engines(row["same_vpc"]),
        sqlserver_versions=None if table_name is None else tables[table_name],
        database_name_pattern=row["database_name_pattern"],
        database_name_lists=row["database_name_lists"],
        tags_in_create=row["tags_in_create"],
    )
    return CloudKind(
        name=name,
        title=row["title"],
        dated=row["dated"],
        recovery_version=row["recovery_version"],
        tags_filter=row["tags_filter"],
        client_token_engines=_engines(row["client_token_engines"]),
        recycle_bin=row["recycle_bin"],
        host_suffixes=tuple(row["host_suffixes"]),
        rules=rules,
    )
