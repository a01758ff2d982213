"""What there is to know about SQL Server: what can be ordered, and what is restored onto what.

No server stands behind an instance of this engine here. All of them are simulated: catalogue,
rules, jobs and names of databases are imitated, and there is no data.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from drill.sandbox.catalogue import Flavor
from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.instances import Instance
from drill.sandbox.personalities import Personality

ENGINE = "SQLServer"
ID_SUFFIX = "in04"
DEFAULT_PORT = 1433
ADMIN_USER = "rdsuser"
DEFAULT_VERSION = "2019_SE"
FLAVORS = (
    Flavor("rds.mssql.n1.medium", 2, 4),
    Flavor("rds.mssql.n1.large", 4, 8),
    Flavor("rds.mssql.n1.xlarge", 8, 16),
)
DEFAULT_TIME_ZONE = "UTC"
TIME_ZONES = (
    "UTC",
    "GMT Standard Time",
    "W. Europe Standard Time",
    "Central European Standard Time",
    "E. Europe Standard Time",
    "Turkey Standard Time",
    "Arabian Standard Time",
    "India Standard Time",
    "SE Asia Standard Time",
    "China Standard Time",
    "Singapore Standard Time",
    "Tokyo Standard Time",
    "E. South America Standard Time",
    "Eastern Standard Time",
    "Pacific Standard Time",
)
DEFAULT_COLLATION = "Chinese_PRC_CI_AS"
COLLATIONS = (
    "Chinese_PRC_BIN2",
    "Chinese_PRC_CI_AS",
    "Chinese_PRC_CS_AS",
    "Latin1_General_BIN2",
    "Latin1_General_CI_AS",
    "Latin1_General_CS_AS",
    "SQL_Latin1_General_CP1_CI_AS",
    "SQL_Latin1_General_CP1_CS_AS",
)
_FORBIDDEN_PORTS = frozenset({5050, 5353, 5355, 5985, 5986})
_PASSWORD_SPECIALS = "~!@#$%^*-_+?,"  # noqa: S105 - an alphabet, not a password
_VERSION = re.compile(r"(\d{4})(R2)?_(WEB|SE|EE)", re.ASCII)
_EDITIONS = ("WEB", "SE", "EE")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionTable:
    """A dated table: version of the source -> versions of the target."""

    dated: str
    source: str
    complete: bool
    """False where the page is cut: a source that it does not list is unknown, not forbidden."""
    cut_rows: frozenset[str]
    """Sources whose row is cut inside."""
    targets: Mapping[str, frozenset[str]]


@cache
def version_tables() -> Mapping[str, VersionTable]:
    """Return every table of sqlserver_versions.json by its name."""
    file = resources.files("drill.sandbox").joinpath("sqlserver_versions.json")
    rows = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: VersionTable(
            dated=row["dated"],
            source=row["source"],
            complete=row["complete"],
            cut_rows=frozenset(row["cut_rows"]),
            targets={version: frozenset(targets) for version, targets in row["targets"].items()},
        )
        for name, row in rows.items()
    }


def find_flavor(spec_code: str) -> Flavor | None:
    """Return the flavor with this code, or None."""
    return next((each for each in FLAVORS if each.spec_code == spec_code), None)


def is_engine(text: str) -> bool:
    """Tell whether this names SQL Server, in any letter case."""
    return text.lower() == ENGINE.lower()


def may_become(source_version: str, target_version: str, table_name: str | None) -> bool:
    """Tell whether a source of one version may be restored onto a target of another.

    What a table leaves open (there is none, or its page is cut there) follows what all published
    rows have in common: nothing goes to an earlier year or a lower edition.
    """
    table = version_tables()[table_name] if table_name else None
    row = table.targets.get(source_version) if table else None
    if row is not None and target_version in row:
        return True
    if table is not None and row is not None and source_version not in table.cut_rows:
        return False
    if table is not None and row is None and table.complete:
        return False
    return not _is_lower(source_version, target_version)


def _is_lower(source_version: str, target_version: str) -> bool:
    source, target = _VERSION.fullmatch(source_version), _VERSION.fullmatch(target_version)
    if source is None or target is None:
        return source_version != target_version
    years = (target[1], target[2] or "") < (source[1], source[2] or "")
    return years or _EDITIONS.index(target[3]) < _EDITIONS.index(source[3])


def ensure_fits(
    source: Instance, target: Instance, personality: Personality, *, is_new: bool
) -> None:
    """Raise ApiError (400) unless version and time zone allow it (reference, 1.4, 1.7, 5.3)."""
    same = source.version == target.version
    crosses = not is_new or personality.crosses_versions_on_create
    by_table = may_become(source.version, target.version, personality.sqlserver_table)
    if not ((same and is_new) or (crosses and by_table)):
        message = "The DB engine versions of source and target do not fit."
        raise ApiError(400, "DBS.200037", message)
    if source.time_zone != target.time_zone:
        # The code is a guess: the reference knows the rule, but no code for it.
        raise parameter_error("source and target must have the same time zone")


def checked_port(text: str | None) -> int:
    """Return the port that an instance was asked to have. Raise ApiError (400)."""
    if text is None or text == str(DEFAULT_PORT):
        return DEFAULT_PORT
    known = re.fullmatch(r"\d{4}", text, re.ASCII) is not None
    if not known or not 2100 <= int(text) <= 9500 or int(text) in _FORBIDDEN_PORTS:
        raise parameter_error("port must be 1433 or from 2100 to 9500, without those in use")
    return int(text)


def checked_choice(text: str | None, name: str, choices: tuple[str, ...], default: str) -> str:
    """Return one of the choices, or the default where none is asked for. Raise ApiError (400)."""
    if text is None:
        return default
    if text not in choices:
        raise parameter_error(f"{name} is not offered")
    return text


def checked_password(password: str) -> str:
    """Return the administrator's password; its alphabet has no equals sign. Raise ApiError."""
    classes = (
        string.ascii_lowercase,
        string.ascii_uppercase,
        string.digits,
        _PASSWORD_SPECIALS,
    )
    used = sum(any(character in each for character in password) for each in classes)
    if not 8 <= len(password) <= 32 or used < 3 or not set(password) <= set("".join(classes)):
        raise ApiError(400, "DBS.200052", "Invalid password.")
    return password
