"""Look whether an instance that was reset holds anything of a user."""

from __future__ import annotations

from dataclasses import replace

from drill.check.faults import DatabaseFault
from drill.check.limits import Limits
from drill.check.mysql.privileges import sees_every_database
from drill.check.mysql.session import open_session
from drill.check.port import Emptiness, Endpoint
from drill.check.wording import count_of
from drill.clock import Clock

MAINTENANCE_DATABASE = "information_schema"
"""It is there on every instance and for every login."""
SYSTEM_DATABASES = frozenset({"mysql", "information_schema", "performance_schema", "sys"})
"""Databases that no user made."""
CLOUD_DATABASES = frozenset({"rdsadmin"})
"""Databases that clouds keep for themselves. A recycle bin is none of them: it holds a user's
tables."""

_DATABASES = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"


def is_of_a_user(database: str) -> bool:
    """Tell whether a database is neither the server's own nor the cloud's."""
    return database.lower() not in SYSTEM_DATABASES | CLOUD_DATABASES


def look_for_users_objects(endpoint: Endpoint, limits: Limits, clock: Clock) -> Emptiness:
    """Count the databases of users; every table and routine is in one. Never raise.

    Names are not reported, and what the login cannot see is not called empty.
    """
    try:
        with open_session(
            replace(endpoint, database=MAINTENANCE_DATABASE),
            limits=limits,
            clock=clock,
            timeout=limits.statement_timeout,
        ) as session:
            found = sum(is_of_a_user(name) for (name,) in session.rows(_DATABASES))
            sees_all = bool(found) or sees_every_database(session)
    except DatabaseFault as fault:
        return Emptiness(is_empty=None, reason=fault.message)
    if found:
        what = count_of(found, "database")
        return Emptiness(is_empty=False, reason=f"the instance holds {what} of a user")
    if not sees_all:
        return Emptiness(is_empty=None, reason="the login may not see every database")
    return Emptiness(is_empty=True, reason="no database of a user")
