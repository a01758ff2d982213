"""Answer the checks of a plan on a restored copy, whatever engine it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from drill.check.finding import Finding, no_data
from drill.check.limits import Limits
from drill.check.port import CheckContext, CheckResult, Emptiness, Endpoint
from drill.clock import Clock, SystemClock
from drill.plan.model import Check
from drill.recovery.values import Engine

_OUR_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    ImportError,
    LookupError,
    MemoryError,
    NameError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a mistake of ours looks like. It costs the answer of one check, not those of the others."""


class Checker(Protocol):
    """Asks copies of one engine."""

    def why_unreachable(self, endpoint: Endpoint) -> str | None:
        """Try one login; return None if it works, or one sentence why it does not."""
        ...

    def answer(self, name: str, check: Check, endpoint: Endpoint, context: CheckContext) -> Finding:
        """Ask one question."""
        ...

    def see_emptiness(self, endpoint: Endpoint) -> Emptiness:
        """Look whether anything of a user is left on the instance."""
        ...


def _postgresql(clock: Clock, limits: Limits) -> Checker:
    from drill.check.postgresql.checker import PostgresqlChecker  # the driver is slow to import

    return PostgresqlChecker(clock, limits)


def _mysql(clock: Clock, limits: Limits) -> Checker:
    from drill.check.mysql.checker import MysqlChecker  # as above

    return MysqlChecker(clock, limits)


CHECKERS: Mapping[Engine, Callable[[Clock, Limits], Checker]] = {
    Engine.POSTGRESQL: _postgresql,
    Engine.MYSQL: _mysql,
    Engine.MARIADB: _mysql,
}
"""A new engine is one folder beside ``postgresql`` and one line here."""


class SqlProber:
    """Connects to a scratch instance, asks, and hangs up. Implements ``Prober``."""

    def __init__(self, clock: Clock | None = None, limits: Limits | None = None) -> None:
        self._clock = clock or SystemClock()
        self._limits = limits or Limits()

    def why_unreachable(self, endpoint: Endpoint) -> str | None:
        """Try one login; return None if it works, or one sentence why it does not.

        It begins with ``authentication failed`` where the server is up and refuses the login.
        """
        try:
            checker = self._checker(endpoint)
            return checker.why_unreachable(endpoint) if checker else _no_checker(endpoint)
        except _OUR_FAULTS as error:
            return _our_fault(error)

    def run(
        self, checks: Sequence[tuple[str, Check]], endpoint: Endpoint, context: CheckContext
    ) -> Sequence[CheckResult]:
        """Answer every check, in order, each over a connection of its own. Never raise."""
        return [self._answer(name, check, endpoint, context) for name, check in checks]

    def see_emptiness(self, endpoint: Endpoint) -> Emptiness:
        """Look whether the instance holds no database, schema or table of a user. Never raise."""
        try:
            checker = self._checker(endpoint)
            if checker is None:
                return Emptiness(is_empty=None, reason=_no_checker(endpoint))
            return checker.see_emptiness(endpoint)
        except _OUR_FAULTS as error:
            return Emptiness(is_empty=None, reason=_our_fault(error))

    def _answer(
        self, name: str, check: Check, endpoint: Endpoint, context: CheckContext
    ) -> CheckResult:
        began_at, began = self._clock.now(), self._clock.monotonic()
        finding = self._find(name, check, endpoint, context)
        return CheckResult(
            name=name,
            kind=check.kind,
            answer=finding.answer,
            reason=finding.reason,
            expected=finding.expected,
            observed=finding.observed,
            row_count=finding.row_count,
            newest_at=finding.newest_at,
            began_at=began_at,
            duration=timedelta(seconds=self._clock.monotonic() - began),
        )

    def _find(self, name: str, check: Check, endpoint: Endpoint, context: CheckContext) -> Finding:
        if check.database is not None:
            endpoint = replace(endpoint, database=check.database)
        try:
            checker = self._checker(endpoint)
            if checker is None:
                return no_data(_no_checker(endpoint))
            return checker.answer(name, check, endpoint, context)
        except _OUR_FAULTS as error:
            return no_data(_our_fault(error))

    def _checker(self, endpoint: Endpoint) -> Checker | None:
        make = CHECKERS.get(endpoint.engine)
        return make(self._clock, self._limits) if make else None


def _no_checker(endpoint: Endpoint) -> str:
    return f"drill cannot ask {endpoint.engine.value} copies yet"


def _our_fault(error: BaseException) -> str:
    # The text of an error may quote what the database sent; its type cannot.
    return f"drill itself failed to ask ({type(error).__name__})"
