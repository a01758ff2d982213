"""Ask a restored MySQL or MariaDB copy each kind of question, one connection a question."""

from __future__ import annotations

from datetime import timedelta

from drill.check.faults import DatabaseFault
from drill.check.finding import Finding, passed
from drill.check.limits import Limits
from drill.check.mysql.emptiness import look_for_users_objects
from drill.check.mysql.faults import LATE
from drill.check.mysql.objects import ask_objects
from drill.check.mysql.physical import ask_physical
from drill.check.mysql.rows import (
    ask_heartbeat,
    ask_newest_row,
    ask_row_count,
    ask_sql,
)
from drill.check.mysql.session import Session, open_session
from drill.check.port import CheckContext, Emptiness, Endpoint
from drill.clock import Clock
from drill.plan.model import (
    Check,
    ConnectsCheck,
    HeartbeatCheck,
    NewestRowCheck,
    ObjectsCheck,
    PhysicalCheck,
    RowCountCheck,
    SqlCheck,
    format_span,
)


class MysqlChecker:
    """Answers for MySQL and MariaDB."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits

    def why_unreachable(self, endpoint: Endpoint) -> str | None:
        """Try one login and one trivial query within short time-outs."""
        brief = self._limits.login_timeout
        try:
            with open_session(
                endpoint,
                limits=self._limits,
                clock=self._clock,
                timeout=brief,
                connect_timeout=brief,
            ):
                return None
        except DatabaseFault as fault:
            return fault.message

    def answer(self, name: str, check: Check, endpoint: Endpoint, context: CheckContext) -> Finding:
        """Ask one question; whatever the server does about it is an answer too."""
        try:
            with open_session(
                endpoint, limits=self._limits, clock=self._clock, timeout=check.timeout
            ) as session:
                return self._ask(session, name, check, context)
        except DatabaseFault as fault:
            if fault.number in LATE:
                return _late(fault, check.timeout)
            return fault.finding()

    def see_emptiness(self, endpoint: Endpoint) -> Emptiness:
        """Look whether anything of a user is left on the instance."""
        return look_for_users_objects(endpoint, self._limits, self._clock)

    def _ask(self, session: Session, name: str, check: Check, context: CheckContext) -> Finding:
        match check:
            case ConnectsCheck():
                finding = _ask_connects(session)
            case ObjectsCheck():
                finding = ask_objects(session, check)
            case RowCountCheck():
                finding = ask_row_count(session, check, name, context)
            case NewestRowCheck():
                finding = ask_newest_row(session, check, context)
            case HeartbeatCheck():
                finding = ask_heartbeat(session, check, context)
            case SqlCheck():
                finding = ask_sql(session, check)
            case PhysicalCheck():
                finding = ask_physical(session, check, self._clock)
        return finding


def _ask_connects(session: Session) -> Finding:
    # The session has asked its trivial query when it began.
    return passed(
        "the login works and a query was answered",
        observed=f"server version {session.server_version}",
    )


def _late(fault: DatabaseFault, timeout: timedelta) -> Finding:
    return DatabaseFault(
        f"{fault.message}: it may take {format_span(timeout)}", number=fault.number
    ).finding()
