"""Faults that a test orders beforehand: each happens a given number of times, then is used up."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, replace
from enum import StrEnum

_IAM = ("/v3/auth/", "/v3/projects", "/v3.0/")


class FaultKind(StrEnum):
    """What goes wrong."""

    FAIL_NEXT_RESTORE = "fail_next_restore"
    """The restore is accepted; its job fails."""
    SLOW_NEXT_RESTORE = "slow_next_restore"
    """The restore is accepted; its job takes ``seconds`` longer."""
    LOSE_NEXT_ANSWER = "lose_next_answer"
    """The call is accepted and carried out; the connection is closed without an answer."""
    THROTTLE_NEXT = "throttle_next"
    ERROR_NEXT = "error_next"
    DELAY = "delay"
    """The answer comes ``seconds`` later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, how often it still happens, and where."""

    kind: FaultKind
    path: re.Pattern[str] | None = None
    method: str | None = None
    times: int = 1
    seconds: float = 1.0
    reason: str = "the storage of the instance is full"

    def matches(self, method: str, path: str) -> bool:
        """Return whether this request is meant.

        Without a method, an answer is lost for a write only: losing that of a read is harmless.
        Without a path, the calls of IAM are left alone.
        """
        if self.kind is FaultKind.LOSE_NEXT_ANSWER and self.method is None and method == "GET":
            return False
        if self.method is not None and self.method != method:
            return False
        if self.path is None:
            return not path.startswith(_IAM)
        return self.path.search(path) is not None


class Faults:
    """The faults that are waiting."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let it happen to the next requests that match."""
        with self._lock:
            self._waiting.append(fault)

    def take(self, kind: FaultKind, *, method: str, path: str) -> Fault | None:
        """Return the first waiting fault of a kind that matches, and use it up once."""
        with self._lock:
            for position, fault in enumerate(self._waiting):
                if fault.kind is kind and fault.matches(method, path):
                    if fault.times > 1:
                        self._waiting[position] = replace(fault, times=fault.times - 1)
                    else:
                        del self._waiting[position]
                    return fault
        return None

    def clear(self) -> None:
        """Forget all that wait."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """Return what has not happened yet."""
        with self._lock:
            return list(self._waiting)
