"""Ask whether databases, tables and routines exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from drill.check.faults import DatabaseFault
from drill.check.finding import Finding
from drill.check.mysql.faults import MAY_NOT
from drill.check.mysql.privileges import sees_routines
from drill.check.mysql.quoting import split_name
from drill.check.mysql.relations import find_relation, folds_case, has_database
from drill.check.mysql.session import Session
from drill.check.presence import judge_objects
from drill.plan.model import ObjectsCheck

_ROUTINES = """
SELECT ROUTINE_SCHEMA FROM information_schema.ROUTINES
WHERE ROUTINE_SCHEMA = %s AND ROUTINE_NAME = %s
"""


def ask_objects(session: Session, check: ObjectsCheck) -> Finding:
    """Look every name up in the catalogue and name all that are missing.

    A schema is a database. A table is whatever can be selected from by that name, a view too.
    """
    missing: list[str] = []
    unseen: list[str] = []
    questions: Iterable[tuple[str, Iterable[str], Callable[[Session, str], bool]]] = (
        ("schema", check.schemas, has_database),
        ("table", check.tables, _has_table),
        ("routine", check.routines, _has_routine),
    )
    for word, names, is_there in questions:
        for name in dict.fromkeys(names):
            try:
                if not is_there(session, name):
                    missing.append(f"{word} {name}")
            except DatabaseFault as fault:
                if fault.number not in MAY_NOT:
                    raise
                unseen.append(f"{word} {name}")
    return judge_objects(check, missing, unseen)


def _has_table(session: Session, table: str) -> bool:
    relation = find_relation(session, table)
    return relation is not None and relation.kind != "SEQUENCE"


def _has_routine(session: Session, routine: str) -> bool:
    database, name = split_name(routine)
    fold = folds_case(session)
    for (found,) in session.rows(_ROUTINES, [database, name]):
        # The name of a routine has no case, that of its database has.
        if found == database or (fold and found.lower() == database.lower()):
            return True
    if not sees_routines(session, database):
        raise DatabaseFault("the login may not see routines", number=1370)
    return False
