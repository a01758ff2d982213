"""What can happen at a boundary. Each trouble counts boundaries and strikes at one of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from drill.clock import Clock
from drill.errors import (
    AnswerLost,
    AnswerUnreadable,
    CredentialsRejected,
    PermissionMissing,
    ProviderBusy,
    ProviderError,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExceeded,
    RequestRejected,
    StoreUnavailable,
)
from tests.harness.boundaries import Boundary

NEVER = 1_000_000


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class Trouble:
    """Passes everything, counts, and keeps where it struck. Subclasses say what happens there."""

    def __init__(self, at: int, *, clock: Clock, lasts: timedelta) -> None:
        self.at = at
        self.seen = 0
        self.struck: Boundary | None = None
        self._clock = clock
        self._lasts = lasts
        self._until: datetime | None = None

    def __call__(self, boundary: Boundary) -> None:
        is_here = self.seen == self.at
        self.seen += 1
        if is_here:
            self.struck = boundary
            self._until = self._clock.now() + self._lasts
            self.strike(boundary)
        elif self._until is not None and self._clock.now() < self._until:
            self.last(boundary)

    def strike(self, boundary: Boundary) -> None:
        """Happen."""

    def last(self, boundary: Boundary) -> None:
        """Still be there, at a later boundary."""


class Kill(Trouble):
    """``kill -9``."""

    def strike(self, boundary: Boundary) -> None:
        raise Killed

    def last(self, boundary: Boundary) -> None:
        raise AssertionError("a process that was killed went on")


class CutNetwork(Trouble):
    """No packet goes through for a while; what was accepted is not heard of."""

    def strike(self, boundary: Boundary) -> None:
        if boundary.kind == "order":
            raise AnswerLost("the network was cut")
        self.last(boundary)

    def last(self, boundary: Boundary) -> None:
        if boundary.kind != "write" and not boundary.is_after:
            raise ProviderUnavailable("the network is cut")


class FillDisk(Trouble):
    """The store takes nothing for a while; what it took before is there."""

    def strike(self, boundary: Boundary) -> None:
        self.last(boundary)

    def last(self, boundary: Boundary) -> None:
        if boundary.kind == "write" and not boundary.is_after:
            raise StoreUnavailable("the store cannot be written: its disk is full")


class RestartStore(Trouble):
    """The server of the store goes away, perhaps right after a commit whose answer is lost."""

    def strike(self, boundary: Boundary) -> None:
        self.last(boundary)

    def last(self, boundary: Boundary) -> None:
        if boundary.kind == "write":
            raise StoreUnavailable("the store cannot be reached")


class BreakCall(Trouble):
    """One call of the cloud ends with one error; an accepted order with a lost answer."""

    error: type[ProviderError] = ProviderError

    def strike(self, boundary: Boundary) -> None:
        if boundary.kind == "order" and boundary.is_after:
            raise AnswerLost("the answer was lost")
        if boundary.kind == "order" or (boundary.kind == "read" and self.error is not AnswerLost):
            raise self.error("this call was broken", code="DBS.280446", status=500)


def _breaking(error: type[ProviderError]) -> type[BreakCall]:
    return type(f"Break{error.__name__}", (BreakCall,), {"error": error})


BROKEN_CALLS: dict[str, type[BreakCall]] = {
    one.__name__: _breaking(one)
    for one in (
        *(ProviderUnavailable, ProviderThrottled, ProviderBusy, QuotaExceeded, AnswerLost),
        *(CredentialsRejected, PermissionMissing, RequestRejected, AnswerUnreadable),
    )
}

TROUBLES: dict[str, Callable[..., Trouble]] = {
    "kill": Kill,
    "network": CutNetwork,
    "disk": FillDisk,
    "store": RestartStore,
    **BROKEN_CALLS,
}
"""Every kind of trouble by name."""
