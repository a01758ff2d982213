"""Say in our own words why PostgreSQL did not answer.

Messages of the server are never copied: a constraint violation quotes the row, a failed cast the
value. What is kept is the SQLSTATE, its name and one sentence of ours.
"""

from __future__ import annotations

import re

import psycopg

from drill.check.faults import DatabaseFault
from drill.check.port import CheckAnswer

_SQLSTATE = re.compile(r"[0-9A-Z]{5}", re.ASCII)

_BY_STATE = {
    "0A000": "the server of the copy does not support what was asked",
    "25006": "the query tries to write, and a check may only read",
    "25P02": "the transaction was broken by an earlier error",
    "2D000": "the query tries to end the transaction it runs in",
    "42501": "the login may not read this, or row security would hide rows from it",
    "42601": "the query is no single, correct statement",
    "55P03": "a lock inside the copy was not released in time",
    "57014": "the statement was not answered within its time-out",
    "57P01": "the server ended the connection",
    "57P02": "the server crashed",
    "57P03": "the server is not up yet",
    "57P04": "the database was dropped",
    "58030": "the server could not read or write its disk",
}
_BY_CLASS = {
    "08": "the connection was lost",
    "25": "the server ended the transaction",
    "28": "the server did not accept the login",
    "53": "the server is out of a resource: memory, disk space or connections",
    "54": "the question is larger than a limit of the server",
    "XX": "the server reported an internal error",
}
_LACKS = "the copy lacks something that the check names"
_DAMAGED = "the copy is damaged: the server cannot read its own data"
_FAILURES = {
    "3D000": "the copy has no database of this name",
    "3F000": _LACKS,
    "42P01": _LACKS,
    "42703": _LACKS,
    "42704": _LACKS,
    "42883": _LACKS,
    "58P01": _DAMAGED,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
"""What an error says about the copy itself. Everything else says nothing about it."""


def explain(error: psycopg.Error, *, ours: bool = False) -> DatabaseFault:
    """Return the fault behind an error of the driver, without any word of the server.

    ``ours``: the question holds no name of a plan, so that a name it misses accuses nobody.
    """
    state = error.sqlstate
    if state is None or _SQLSTATE.fullmatch(state) is None:
        return DatabaseFault(_without_state(error))
    named = f"(SQLSTATE {state}{_name_of(state)})"
    if ours and _FAILURES.get(state) == _LACKS:
        sentence = f"the server does not know a question of drill {named}"
        return DatabaseFault(sentence, sqlstate=state)
    if state in _FAILURES:
        return DatabaseFault(
            f"{_FAILURES[state]} {named}", answer=CheckAnswer.FAILED, sqlstate=state
        )
    if state.startswith("22"):
        # Division by zero is how an empty table shows in an average: the data did it.
        return DatabaseFault(
            f"the data of the copy made the query fail {named}",
            answer=CheckAnswer.FAILED,
            sqlstate=state,
        )
    sentence = _BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or "the server refused the question"
    return DatabaseFault(f"{sentence} {named}", sqlstate=state)


def _without_state(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.OperationalError):
        return "the connection was lost"
    if isinstance(error, psycopg.DataError):
        return "the server sent a value that cannot be read"
    return f"the driver could not ask the question ({type(error).__name__})"


def _name_of(state: str) -> str:
    try:
        name = psycopg.errors.lookup(state).__name__
    except KeyError:
        return ""
    return ", " + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
