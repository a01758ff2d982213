"""Look up what a name in a plan stands for in the copy, before a row of it is touched.

The catalogue of MySQL shows only what the login may use. A name that is not in it is asked for
directly: the server tells what is not there from what may not be seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from drill.check.faults import DatabaseFault
from drill.check.finding import Finding, failed, no_data
from drill.check.mysql.faults import LACKS, MAY_NOT
from drill.check.mysql.quoting import quote, split_name
from drill.check.mysql.session import Session

FOREIGN_ENGINES = frozenset({"FEDERATED", "CONNECT", "SPIDER", "S3", "NDBCLUSTER", "BLACKHOLE"})
"""Storage engines whose rows are not in the files of the copy; nothing is read through them."""
_TABLES = """
SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.TABLES
WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s
"""
_COLUMN = """
SELECT DATA_TYPE FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND COLUMN_NAME = %s
"""
_DATE_AND_TIME = frozenset({"timestamp", "datetime", "date"})


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view as the catalogue describes it."""

    kind: str
    engine: str | None


def folds_case(session: Session) -> bool:
    """Tell whether the server takes names of databases and tables in any case."""
    [(setting,)] = session.rows("SELECT @@global.lower_case_table_names")
    return str(setting) != "0"


def find_relation(session: Session, table: str) -> Relation | None:
    """Return the table or view of a plan, or None if the copy lacks it.

    Raise DatabaseFault if the login may not see whether it is there.
    """
    wanted = split_name(table)
    fold = folds_case(session)
    for database, name, kind, engine in session.rows(_TABLES, wanted):
        if (database, name) == wanted or (
            fold and (database.lower(), name.lower()) == tuple(part.lower() for part in wanted)
        ):
            return Relation(str(kind), engine)
    # LIMIT 0: the server resolves the name and looks at the privilege, and reads nothing.
    _ensure_absent(session, f"SELECT 1 FROM {quote(*wanted)} LIMIT 0")  # noqa: S608
    return None


def has_database(session: Session, name: str) -> bool:
    """Tell whether the copy has a database. Raise DatabaseFault if that may not be seen."""
    query = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s"
    found = {row[0] for row in session.rows(query, [name])}
    if name in found or (folds_case(session) and name.lower() in {one.lower() for one in found}):
        return True
    _ensure_absent(session, f"SHOW TABLES FROM {quote(name)} LIKE ''")
    return False


def why_not_countable(session: Session, table: str) -> Finding | None:
    """Return why the rows of a table say nothing about the copy, or None if they do."""
    relation = find_relation(session, table)
    if relation is None:
        return failed(f"the copy has no table {table}", observed="0 tables")
    if "VIEW" in relation.kind:
        return no_data(f"{table} is a view: its rows may not be in the copy; name its table")
    if relation.kind == "SEQUENCE":
        return no_data(f"{table} is a sequence, not a table")
    if relation.engine is not None and relation.engine.upper() in FOREIGN_ENGINES:
        return no_data(f"{table} is a foreign table: its rows are not in the copy")
    return None


def why_no_instants(session: Session, table: str, column: str) -> Finding | None:
    """Return why a column cannot hold instants, or None if it can."""
    found = session.rows(_COLUMN, [*split_name(table), column])
    if found:
        if str(found[0][0]).lower() in _DATE_AND_TIME:
            return None
        return no_data(f"{table}.{column} holds no instants")
    query = f"SELECT {quote(column)} FROM {quote(*split_name(table))} LIMIT 0"  # noqa: S608
    _ensure_absent(session, query)
    return failed(f"the table {table} of the copy has no column {column}")


def _ensure_absent(session: Session, query: str) -> None:
    """Raise DatabaseFault unless the server says that a name is not there."""
    try:
        session.rows(query, ours=False)
    except DatabaseFault as fault:
        if fault.number in LACKS:
            return
        if fault.number in MAY_NOT:
            raise DatabaseFault(
                f"the login may not see whether it is there (error {fault.number})",
                number=fault.number,
            ) from None
        raise
    raise DatabaseFault("the catalogue does not show it, and it can be asked all the same")
