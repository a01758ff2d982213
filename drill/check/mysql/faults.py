"""Say in our own words why MySQL or MariaDB did not answer.

Messages of the server are never copied: a duplicate key quotes the row, a failed cast the value.
What is kept is the number of the error, its name and one sentence of ours.
"""

from __future__ import annotations

import struct

import pymysql
from pymysql.constants import ER

from drill.check.faults import DatabaseFault
from drill.check.port import CheckAnswer

DRIVER_ERRORS = (
    pymysql.Error,
    struct.error,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What the driver raises for a server that does not keep to the protocol."""

_UNREADABLE = "the server sent an answer that is no MySQL, or a value that cannot be read"
_LOST = "the connection was lost"
_WRITES = "the query tries to write, and a check may only read"
_MAY_NOT = "the login may not read this"
_LATE = "the statement was not answered within its time-out"
_RESOURCE = "the server is out of a resource: memory, disk space or connections"

# Numbers of the servers' own lists of errors: below 1900 both mean the same by them (MySQL:
# messages_to_clients.txt; MariaDB: errmsg-utf8.txt).
LATE = frozenset({1969, 3024})
"""MariaDB's max_statement_time and MySQL's max_execution_time have passed."""
LACKS = frozenset({1049, 1051, 1054, 1109, 1146, 1305})
MAY_NOT = frozenset({1044, 1142, 1143, 1227, 1345, 1356, 1370})
_BY_NUMBER = {
    **dict.fromkeys(LATE, _LATE),
    **dict.fromkeys(MAY_NOT, _MAY_NOT),
    **dict.fromkeys((1290, 1792, 1836), _WRITES),
    **dict.fromkeys((1021, 1037, 1038, 1040, 1041, 1114, 1135, 1203, 1226), _RESOURCE),
    **dict.fromkeys((1064, 1065, 1149), "the query is no single, correct statement"),
    **dict.fromkeys((1053, 1158, 1159, 1160, 1161, 1927, 2006, 2013), _LOST),
    1193: "the server does not know a setting of the session",
    1205: "a lock inside the copy was not released in time",
    1213: "a lock inside the copy was not released in time",
    1317: "the statement was ended by somebody else",
}
_DAMAGED = frozenset({1017, 1033, 1034, 1035, 1194, 1195, 1459, 1707, 1712, 1812, 1814, 1877, 1932})
"""Files that are missing, crashed tables, corrupt indexes and tablespaces."""
_OF_DATA = frozenset({1264, 1292, 1365, 1366, 1690})
"""Values out of range or of the wrong form; older drivers hand no SQLSTATE on."""


def explain(error: BaseException, *, ours: bool = False) -> DatabaseFault:
    """Return the fault behind an error of the driver, without any word of the server.

    ``ours``: the question holds no name of a plan, so that a name it misses accuses nobody.
    """
    number = number_of(error)
    if number is None or number < 1000:
        return DatabaseFault(_without_number(error))
    named = f"(error {number}{_name_of(number)})"
    if number in LACKS and ours:
        return DatabaseFault(f"the server does not know a question of drill {named}", number=number)
    failure = _failure(error, number)
    if failure is not None:
        return DatabaseFault(f"{failure} {named}", answer=CheckAnswer.FAILED, number=number)
    sentence = _BY_NUMBER.get(number, "the server refused the question")
    return DatabaseFault(f"{sentence} {named}", number=number)


def number_of(error: BaseException) -> int | None:
    """Return the number of an error, where the server or the driver gave one."""
    if isinstance(error, pymysql.Error) and error.args and isinstance(error.args[0], int):
        return error.args[0]
    return None


def _failure(error: BaseException, number: int) -> str | None:
    """Return what an error says about the copy itself. Everything else says nothing about it."""
    if number == 1049:
        return "the copy has no database of this name"
    if number in LACKS:
        return "the copy lacks something that the check names"
    if number in _DAMAGED:
        return "the copy is damaged: the server cannot read its own data"
    if number in _OF_DATA or str(getattr(error, "sqlstate", None)).startswith("22"):
        return "the data of the copy made the query fail"
    return None


def _without_number(error: BaseException) -> str:
    if isinstance(error, RuntimeError) and "LOAD_LOCAL" in str(error):
        return "the server asked for a file of this machine, and got none"
    if isinstance(error, pymysql.OperationalError | pymysql.InterfaceError | OSError):
        return _LOST
    return _UNREADABLE


def _name_of(number: int) -> str:
    for name, value in vars(ER).items():
        if value == number and name.isupper() and not name.startswith("ERROR_"):
            return ", " + name.lower().replace("_", " ")
    return ""
