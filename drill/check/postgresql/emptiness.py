"""Look whether an instance that was reset holds anything of a user."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

from drill.check.faults import DatabaseFault
from drill.check.limits import Limits
from drill.check.port import Emptiness, Endpoint
from drill.check.postgresql.session import Session, open_session
from drill.clock import Clock

MAINTENANCE_DATABASE = "postgres"
"""It is there on every instance; that of the login is not, once the instance is empty."""
SYSTEM_DATABASES = frozenset({"postgres", "template0", "template1", "rdsadmin"})
"""Databases that no user made: PostgreSQL's own, and those that clouds keep for themselves."""

_DATABASES = """
SELECT datname::pg_catalog.text, datallowconn,
  pg_catalog.has_database_privilege(oid, 'CONNECT')
FROM pg_catalog.pg_database ORDER BY 1
"""
_OBJECTS = """
WITH own AS (
  SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'
), relations AS (
  SELECT c.oid, c.relkind FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND n.nspname !~ '^pg_(temp|toast)'
    AND NOT EXISTS (SELECT FROM own
      WHERE own.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND own.objid = c.oid)
)
SELECT
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_namespace n
   WHERE n.nspname NOT IN ('public', 'information_schema') AND n.nspname !~ '^pg_'
     AND NOT EXISTS (SELECT FROM own
       WHERE own.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND own.objid = n.oid)),
  (SELECT pg_catalog.count(*) FROM relations),
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_proc p
   WHERE p.oid >= 16384
     AND (p.proowner <> 10 OR CURRENT_USER = pg_catalog.pg_get_userbyid(10))
     AND NOT EXISTS (SELECT FROM own
       WHERE own.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND own.objid = p.oid)),
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata)
"""
"""16384 is FirstNormalObjectId: what initdb made lies below it. Role 10 is the one of initdb; where
a cloud keeps it for itself, its helper routines are no user's."""
_WORDS = (
    ("schema", "schemas"),
    ("table or view", "tables or views"),
    ("routine", "routines"),
    ("large object", "large objects"),
)


def look_for_users_objects(endpoint: Endpoint, limits: Limits, clock: Clock) -> Emptiness:
    """Count databases, schemas, tables, routines and large objects of users. Never raise.

    Names are not reported, and what cannot be looked into is not called empty.
    """
    try:
        with _open(endpoint, MAINTENANCE_DATABASE, limits, clock) as session:
            databases = session.rows(_DATABASES)
    except DatabaseFault as fault:
        return Emptiness(is_empty=None, reason=fault.message)
    foreign = sum(name not in SYSTEM_DATABASES for name, _, _ in databases)
    if foreign:
        word = "database" if foreign == 1 else "databases"
        return Emptiness(is_empty=False, reason=f"the instance holds {foreign} {word} of a user")
    unseen = 0
    for name, allows_connections, may_connect in databases:
        if not allows_connections:
            continue
        if not may_connect:
            unseen += name != "rdsadmin"
            continue
        try:
            with _open(endpoint, name, limits, clock) as session:
                found = _describe(session)
        except DatabaseFault as fault:
            return Emptiness(is_empty=None, reason=f"database {name}: {fault.message}")
        if found:
            return Emptiness(is_empty=False, reason=f"database {name} holds {found}")
    if unseen:
        return Emptiness(is_empty=None, reason="the login may not connect to every database")
    return Emptiness(is_empty=True, reason="no database, schema, table or routine of a user")


def _describe(session: Session) -> str:
    [counts] = session.rows(_OBJECTS)
    return ", ".join(
        f"{count} {words[0] if count == 1 else words[1]}"
        for count, words in zip(counts, _WORDS, strict=True)
        if count
    )


def _open(
    endpoint: Endpoint, database: str, limits: Limits, clock: Clock
) -> AbstractContextManager[Session]:
    return open_session(
        replace(endpoint, database=database),
        limits=limits,
        clock=clock,
        timeout=limits.statement_timeout,
    )
