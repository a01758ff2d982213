"""Rules on the database map: SQL Server only (reference 1.6, pages of 2019 and 2026).

Names are compared without regard to case everywhere: whether the collation of an instance tells
``Orders`` from ``orders`` is not known here, and the stricter reading is right on every one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from drill.guard.admission import Refusal
from drill.guard.facts import CloudRules
from drill.guard.words import label, refuse
from drill.recovery.values import BackupPoint, Choice, Engine, Inventory

RESERVED = ("rdsadmin", "master", "msdb", "tempdb", "model", "resource")
"""A new name must not contain any of these, in any case."""


class DatabaseFacts(Protocol):
    """What is known about databases."""

    @property
    def inventory(self) -> Inventory:
        """Return what the provider told just now."""
        ...

    @property
    def choice(self) -> Choice:
        """Return what was selected."""
        ...

    @property
    def cloud(self) -> CloudRules:
        """Return what the kind of cloud allows."""
        ...

    @property
    def database_map(self) -> Mapping[str, str] | None:
        """Return database of the source -> new names, or "" to keep the old one."""
        ...

    @property
    def source_databases(self) -> frozenset[str]:
        """Return the databases of the source; empty if they are not known."""
        ...

    @property
    def target_databases(self) -> frozenset[str]:
        """Return the databases of the target."""
        ...


def database_map_is_for_sql_server(facts: DatabaseFacts) -> Refusal | None:
    """Refuse a map for any other engine: only SQL Server restores by database here."""
    source = facts.inventory.source
    if facts.database_map is None or source.engine is Engine.SQLSERVER:
        return None
    return refuse(
        "database-map-is-for-sql-server",
        f"source {label(source)} is {source.engine}, and its plan has a database map",
        "Remove the table [sqlserver.databases] from the plan.",
    )


def database_map_names_something(facts: DatabaseFacts) -> Refusal | None:
    """Refuse an empty map: nobody can say whether it means all databases or none."""
    if facts.database_map is None or facts.database_map:
        return None
    return refuse(
        "database-map-names-something",
        f"the database map for source {label(facts.inventory.source)} is empty",
        "Name a database, or leave the map out to restore all of them.",
    )


def mapped_databases_are_known(facts: DatabaseFacts) -> Refusal | None:
    """Refuse a database that the source (or the backup, where it lists its own) does not have."""
    known = _known_databases(facts)
    unknown = sorted(old for old in facts.database_map or () if old not in known)
    if not unknown:
        return None
    there = ", ".join(sorted(known)) or "none that is known"
    return refuse(
        "mapped-databases-are-known",
        f"source {label(facts.inventory.source)} has no database {_quoted(unknown)}",
        f"The databases to choose from are: {there}.",
    )


def new_names_are_well_formed(facts: DatabaseFacts) -> Refusal | None:
    """Refuse a new name outside the alphabet and length that this cloud takes."""
    pattern = re.compile(facts.cloud.database_name_pattern, re.ASCII)
    wrong = [new for _, new in _new_names(facts) if not pattern.fullmatch(new)]
    if not wrong:
        return None
    return refuse(
        "new-names-are-well-formed",
        f"cloud {facts.inventory.source.cloud} does not take the database name {_quoted(wrong)}",
        f"A new name must match {facts.cloud.database_name_pattern}.",
    )


def new_names_are_single(facts: DatabaseFacts) -> Refusal | None:
    """Refuse several names for one database where the cloud takes one."""
    lists = [new for new in (facts.database_map or {}).values() if "," in new]
    if not lists or facts.cloud.database_name_lists:
        return None
    return refuse(
        "new-names-are-single",
        f"cloud {facts.inventory.source.cloud} takes one new name for a database, not "
        f"{_quoted(lists)}",
        "Give every database one new name.",
    )


def new_names_are_not_reserved(facts: DatabaseFacts) -> Refusal | None:
    """Refuse a new name that contains a reserved word, in any case."""
    reserved = [
        new for _, new in _new_names(facts) if any(word in new.casefold() for word in RESERVED)
    ]
    if not reserved:
        return None
    return refuse(
        "new-names-are-not-reserved",
        f"the new database name {_quoted(reserved)} contains a reserved word",
        f"A new name must not contain {', '.join(RESERVED)}, in upper or lower case.",
    )


def new_names_differ_from_the_old(facts: DatabaseFacts) -> Refusal | None:
    """Refuse an old name given as the only new one: "" is how to keep a name."""
    same = [
        old
        for old, new in (facts.database_map or {}).items()
        if new and {one.casefold() for one in new.split(",")} == {old.casefold()}
    ]
    if not same:
        return None
    return refuse(
        "new-names-differ-from-the-old",
        f"the only new name of database {_quoted(same)} is its old name",
        'Write "" to keep the name.',
    )


def new_names_are_free_on_the_source(facts: DatabaseFacts) -> Refusal | None:
    """Refuse a new name that another database of the source has.

    A list may hold the old name itself beside others: ``A = "A,A1"`` (page of 2026).
    """
    taken = _folded(_known_databases(facts)) | _folded(facts.database_map or ())
    clash = [
        new
        for old, new in _new_names(facts)
        if new.casefold() in taken and new.casefold() != old.casefold()
    ]
    if not clash:
        return None
    return refuse(
        "new-names-are-free-on-the-source",
        f"source {label(facts.inventory.source)} already has a database {_quoted(clash)}",
        "Choose new names that neither source nor target has.",
    )


def names_are_free_on_the_target(facts: DatabaseFacts) -> Refusal | None:
    """Refuse a name, new or kept, that a database of the target has."""
    taken = _folded(facts.target_databases)
    clash = [name for name in _names_afterwards(facts) if name.casefold() in taken]
    if not clash:
        return None
    target = facts.inventory.target
    return refuse(
        "names-are-free-on-the-target",
        f"target {label(target) if target else ''} already has a database {_quoted(clash)}",
        "Reset the target to its empty baseline first, or choose other names.",
    )


def names_are_unique(facts: DatabaseFacts) -> Refusal | None:
    """Refuse two databases under one name on the target."""
    counts = Counter(name.casefold() for name in _names_afterwards(facts))
    twice = sorted(name for name, number in counts.items() if number > 1)
    if not twice:
        return None
    return refuse(
        "names-are-unique",
        f"the database map for source {label(facts.inventory.source)} uses the name "
        f"{_quoted(twice)} twice",
        "Give every restored database a name of its own; upper and lower case are the same.",
    )


def _known_databases(facts: DatabaseFacts) -> frozenset[str]:
    point = facts.choice.point
    if isinstance(point, BackupPoint) and point.backup.databases:
        return frozenset(point.backup.databases)
    return facts.source_databases


def _new_names(facts: DatabaseFacts) -> list[tuple[str, str]]:
    """Return (old name, new name) for every new name; kept names are not among them."""
    return [
        (old, new)
        for old, value in (facts.database_map or {}).items()
        if value
        for new in value.split(",")
    ]


def _names_afterwards(facts: DatabaseFacts) -> list[str]:
    """Return every name that the restore makes, new or kept."""
    kept = [old for old, value in (facts.database_map or {}).items() if not value]
    return kept + [new for _, new in _new_names(facts)]


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


DATABASE_RULES: tuple[Callable[[DatabaseFacts], Refusal | None], ...] = (
    database_map_is_for_sql_server,
    database_map_names_something,
    mapped_databases_are_known,
    new_names_are_well_formed,
    new_names_are_single,
    new_names_are_not_reserved,
    new_names_differ_from_the_old,
    new_names_are_free_on_the_source,
    names_are_free_on_the_target,
    names_are_unique,
)
