"""Let CHECK TABLE verify every table of a user.

The answer of the server is a list of messages for each table: of these only their kind leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from drill.check.faults import DatabaseFault
from drill.check.finding import Finding, failed, no_data, passed
from drill.check.mysql.emptiness import is_of_a_user
from drill.check.mysql.faults import MAY_NOT
from drill.check.mysql.privileges import sees_every_table
from drill.check.mysql.quoting import quote
from drill.check.mysql.relations import FOREIGN_ENGINES
from drill.check.mysql.session import Session
from drill.check.port import CheckAnswer
from drill.check.wording import count_of, listing, readable
from drill.clock import Clock
from drill.plan.model import PhysicalCheck

_TABLES = """
SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.TABLES
WHERE TABLE_TYPE NOT IN ('SYSTEM VIEW', 'TEMPORARY') ORDER BY 1, 2
"""
_SOUND = ("ok", "table is already up to date")
_UNSUPPORTED = "doesn't support check"
_UNFINISHED = ("interrupted", "timeout", "deadlock", "killed", "denied", "shutdown")
"""Words in the messages of a check that was not finished (English, as the session asks for)."""
_OLD = ("upgrade required", "rebuild required")
"""Words of a verdict on a table of an older version, which has not been looked into."""
_MOST_NAMES = 10


class Unverified(DatabaseFault):
    """One table could not be verified, and the next one can be asked"""


@dataclass(slots=True)
class Progress:
    tables: int = 0
    unsupported: int = 0
    unverified: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    warned: int = 0

    def __str__(self) -> str:
        return count_of(self.tables, "table")


def ask_physical(session: Session, check: PhysicalCheck, clock: Clock) -> Finding:
    """Verify all tables of users, within the time-out of the check as a whole.

    The server's own time-out is off meanwhile: MariaDB ends a CHECK TABLE that is interrupted with
    "OK" (seen with 10.11), so a time-out of the server would pass what nobody has verified.
    """
    found = [row for row in session.rows(_TABLES) if is_of_a_user(row[0])]
    tables = [(database, name) for database, name, kind, engine in found if _is_ours(kind, engine)]
    passed_over = len(found) - len(tables)
    if not tables:
        return no_data("the copy has no table of a user to verify, or the login sees none")
    whose = "" if sees_every_table(session) else " that the login may see"
    session.allow_any_time()
    ends = clock.monotonic() + check.timeout.total_seconds()
    progress = Progress()
    unasked: str | None = None
    for number, (database, name) in enumerate(tables):
        where = readable(f"{database}.{name}")
        if clock.monotonic() >= ends:
            unasked = f"the time-out of the check is used up before {where}"
            break
        try:
            _verify(session, (database, name), check, progress)
        except Unverified as fault:
            progress.unverified.append(f"{where} ({fault.message})")
        except DatabaseFault as fault:
            unasked = f"{fault.message}, at {where}, table {number + 1} of {len(tables)}"
            break
    return _judge(
        check,
        progress,
        expected=f"{count_of(len(tables), 'table')}{whose} sound",
        passed_over=passed_over,
        unasked=unasked,
    )


def _is_ours(kind: str, engine: str | None) -> bool:
    """Tell whether a table has files of its own; one without an engine cannot even be opened."""
    return kind in ("BASE TABLE", "SYSTEM VERSIONED") and (
        engine is None or engine.upper() not in FOREIGN_ENGINES
    )


def _verify(
    session: Session, table: tuple[str, str], check: PhysicalCheck, progress: Progress
) -> None:
    # An administrative statement ends the transaction; the session stays read-only.
    level = "EXTENDED" if check.heapallindexed else "MEDIUM"
    where = f"table {readable('.'.join(table))}"
    try:
        messages = session.rows(f"CHECK TABLE {quote(*table)} {level}", ours=False)
    except DatabaseFault as fault:
        if fault.number in MAY_NOT:
            raise Unverified("the login may not check it", number=fault.number) from None
        if fault.answer is not CheckAnswer.FAILED:
            raise
        progress.damaged.append(f"{where} (error {fault.number})")
    else:
        interpret(where, messages, progress)
    progress.tables += 1


def interpret(where: str, messages: Sequence[tuple[Any, ...]], progress: Progress) -> None:
    """Read the rows Table, Op, Msg_type and Msg_text; the last one is the verdict."""
    told = [(str(row[2]).lower(), str(row[3]).lower()) for row in messages if len(row) == 4]
    if not told:
        raise DatabaseFault("the server answered a CHECK TABLE with nothing")
    kind, verdict = told[-1]
    if kind == "note" and _UNSUPPORTED in verdict:
        progress.unsupported += 1
        progress.tables -= 1
    elif kind == "status" and verdict in _SOUND:
        errors = [text for one, text in told[:-1] if one == "error"]
        if errors:
            progress.damaged.append(f"{where} (errors, though it says OK)")
        progress.warned += any(one == "warning" for one, _ in told)
    elif any(word in text for one, text in told if one == "error" for word in _UNFINISHED):
        raise Unverified("the server did not finish it")
    elif any(word in verdict for word in _OLD):
        raise Unverified("it must be upgraded first")
    else:
        progress.damaged.append(f"{where} ({'corrupt' if 'corrupt' in verdict else 'unreadable'})")


def _judge(
    check: PhysicalCheck,
    progress: Progress,
    *,
    expected: str,
    passed_over: int,
    unasked: str | None,
) -> Finding:
    if progress.damaged:
        names = listing(progress.damaged, _MOST_NAMES)
        return failed(
            f"CHECK TABLE found damage in {names}", expected=expected, observed=str(progress)
        )
    if unasked is not None:
        return no_data(f"{unasked}, after {progress} were found sound", expected=expected)
    if progress.unverified:
        names = listing(progress.unverified, _MOST_NAMES)
        return no_data(f"not verified: {names}; {progress} were found sound", expected=expected)
    if not progress.tables:
        return no_data("no table of the copy has an engine that can be checked", expected=expected)
    notes = ", and every row is in its indexes" if check.heapallindexed else ""
    if "may see" in expected:
        notes += "; the login may not see every table"
    left_out = progress.unsupported + passed_over
    if left_out:
        notes += (
            f"; {left_out} views, sequences or tables of engines without a check were not asked"
        )
    if progress.warned:
        notes += f"; warnings about {count_of(progress.warned, 'table')}"
    return passed(
        f"CHECK TABLE found no damage in {progress}{notes}",
        expected=expected,
        observed=str(progress),
    )
