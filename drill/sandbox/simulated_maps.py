"""Which databases a restore of SQL Server makes: the rules on ``database_name`` (reference 1.6)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.personalities import Personality

RESERVED = ("rdsadmin", "master", "msdb", "tempdb", "model", "resource")
"""No new name may contain any of these, in any letter case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A restore of some databases, and what it is checked against."""

    databases: Mapping[str, str]
    """Database of the source -> new name, several with commas, or "" to keep the old one."""
    at_point: frozenset[str]
    """Databases that the recovery point holds."""
    on_source: frozenset[str]
    on_target: frozenset[str]
    to_itself: bool
    """Source and target are the same instance: a kept name overwrites its own database."""
    case_sensitive: bool
    """The collation of the target tells ``A`` from ``a``."""


def names_made_by(asked: Asked, personality: Personality) -> frozenset[str]:
    """Return every database that the restore makes or overwrites. Raise ApiError (400)."""
    unknown = sorted(old for old in asked.databases if old not in asked.at_point)
    if unknown:
        raise ApiError(400, "DBS.280128", f"The database {unknown[0]} does not exist.")
    made: list[str] = []
    for old, value in asked.databases.items():
        made += _names_for(old, value, asked, personality)
    folded = Counter(_fold(name, asked) for name in made)
    if any(count > 1 for count in folded.values()):
        raise _repeated("A database name is used twice.")
    return frozenset(made)


def ensure_quota(kept: Iterable[str], made: Iterable[str], quota: int) -> None:
    """Raise ApiError (400) if the target would have more databases than it may.

    The code is a guess: the reference knows the rule, but no code for it.
    """
    if len(set(kept) | set(made)) > quota:
        raise ApiError(400, "DBS.216028", "The quota rds_databases_quota is exceeded.")


def _names_for(old: str, value: str, asked: Asked, personality: Personality) -> list[str]:
    if not value:
        if not asked.to_itself and _has(asked.on_target, old, asked):
            raise _repeated(f"The target already has a database {old}.")
        return [old]
    names = value.split(",")
    if len(names) > 1 and not personality.database_name_lists:
        raise parameter_error("database_name takes one new name for a database")
    if {_fold(name, asked) for name in names} == {_fold(old, asked)}:
        raise _repeated(f"The only new name of the database {old} is its old name.")
    for name in names:
        _ensure_well_formed(name, personality)
        itself = _fold(name, asked) == _fold(old, asked)
        on_source = _has(asked.on_source | asked.at_point, name, asked) and not itself
        on_target = _has(asked.on_target, name, asked) and not (itself and asked.to_itself)
        if on_source or on_target:
            raise _repeated(f"There already is a database {name}.")
    return names


def _ensure_well_formed(name: str, personality: Personality) -> None:
    # The code is that of an illegal object name; that it is the one for this case is a guess.
    if re.fullmatch(personality.database_name_pattern, name, re.ASCII) is None:
        raise ApiError(400, "DBS.280277", "A new database name is malformed.")
    if any(word in name.lower() for word in RESERVED):
        raise ApiError(400, "DBS.280277", "A new database name contains a reserved word.")


def _fold(name: str, asked: Asked) -> str:
    return name if asked.case_sensitive else name.casefold()


def _has(names: Iterable[str], name: str, asked: Asked) -> bool:
    return _fold(name, asked) in {_fold(each, asked) for each in names}


def _repeated(message: str) -> ApiError:
    return ApiError(400, "DBS.201035", message)
