"""Tell what the login could see if it were there, where the server itself keeps silent."""

from __future__ import annotations

from drill.check.mysql.session import Session

_GLOBAL = "SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = %s"
_OF_DATABASES = """
SELECT TABLE_SCHEMA, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = %s
"""
_ROUTINE_PRIVILEGES = frozenset({"EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE"})


def sees_routines(session: Session, database: str) -> bool:
    """Tell whether the login sees every routine of a database.

    By the manual: SELECT or SHOW_ROUTINE on everything, or a privilege on routines of a scope that
    includes them. What comes with a role is not looked at.
    """
    of_all = _global_privileges(session)
    if of_all & (_ROUTINE_PRIVILEGES | {"SELECT", "SHOW_ROUTINE"}):
        return True
    return any(
        privilege in _ROUTINE_PRIVILEGES and pattern.replace("\\", "") == database
        for pattern, privilege in session.rows(_OF_DATABASES, [_grantee(session)])
    )


def sees_every_database(session: Session) -> bool:
    """Tell whether the login sees the name of every database."""
    return "SHOW DATABASES" in _global_privileges(session)


def sees_every_table(session: Session) -> bool:
    """Tell whether the login sees every table, and may read it."""
    return "SELECT" in _global_privileges(session)


def _global_privileges(session: Session) -> frozenset[str]:
    return frozenset(kind for (kind,) in session.rows(_GLOBAL, [_grantee(session)]))


def _grantee(session: Session) -> str:
    """Return the account of the login as the catalogue spells it."""
    [(account,)] = session.rows("SELECT CURRENT_USER()")
    user, _, host = account.rpartition("@")
    return f"'{user}'@'{host}'"
