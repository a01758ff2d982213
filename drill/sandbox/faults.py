"""Faults that a test orders beforehand: each happens a given number of times, then is used up.

The page docs/sandbox-faults.md has them all in one table; a test holds it to ``KINDS``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

_IAM = ("/v3/auth/", "/v3/projects", "/v3.0/")


class FaultKind(StrEnum):
    """What goes wrong."""

    DELAY = "delay"
    """The answer comes ``seconds`` later."""
    LOSE_NEXT_ANSWER = "lose_next_answer"
    """The call is accepted and carried out; the connection is closed without an answer."""
    RESET_BODY = "reset_body"
    """The call is carried out; the connection is reset after half of the answer."""
    THROTTLE_NEXT = "throttle_next"
    ERROR_NEXT = "error_next"
    HTML_NEXT = "html_next"
    """A page for people comes instead of JSON, as from a proxy or a portal."""
    HUGE_ANSWER = "huge_answer"
    EXPIRE_TOKENS = "expire_tokens"
    """Every IAM token is forgotten right before the call is authenticated."""
    SHORT_PAGES = "short_pages"
    REPEAT_ITEMS = "repeat_items"
    REORDER_ITEMS = "reorder_items"
    ODD_OBJECTS = "odd_objects"
    SHRINK_WINDOWS = "shrink_windows"
    HIDE_WINDOWS = "hide_windows"
    FAIL_NEXT_RESTORE = "fail_next_restore"
    """The restore is accepted; its job fails."""
    FAIL_NEXT_JOB = "fail_next_job"
    SLOW_NEXT_RESTORE = "slow_next_restore"
    """The restore is accepted; its job takes ``seconds`` longer."""
    HANG_NEXT_JOB = "hang_next_job"
    DISK_FULL = "disk_full"
    STICK_INSTANCE = "stick_instance"
    LOSE_LOG_SEGMENT = "lose_log_segment"
    CORRUPT_BACKUP = "corrupt_backup"


ADDRESS = ("path", "method", "instance", "times", "after")
"""The members that every kind has: which requests are meant, how often, and after how many."""


@dataclass(frozen=True, slots=True)
class KindFacts:
    """What one kind takes, and whether it really happens."""

    members: tuple[str, ...] = ()
    real: bool = False
    """True where the thing itself happens (on the wire or on disk), not only its sign."""


KINDS: Mapping[FaultKind, KindFacts] = {
    FaultKind.DELAY: KindFacts(("seconds",), real=True),
    FaultKind.LOSE_NEXT_ANSWER: KindFacts(real=True),
    FaultKind.RESET_BODY: KindFacts(real=True),
    FaultKind.THROTTLE_NEXT: KindFacts(("seconds",)),
    FaultKind.ERROR_NEXT: KindFacts(("status", "code", "reason", "body", "accepted")),
    FaultKind.HTML_NEXT: KindFacts(("status", "accepted")),
    FaultKind.HUGE_ANSWER: KindFacts(("megabytes",), real=True),
    FaultKind.EXPIRE_TOKENS: KindFacts(real=True),
    FaultKind.SHORT_PAGES: KindFacts(("items",)),
    FaultKind.REPEAT_ITEMS: KindFacts(),
    FaultKind.REORDER_ITEMS: KindFacts(),
    FaultKind.ODD_OBJECTS: KindFacts(),
    FaultKind.SHRINK_WINDOWS: KindFacts(("seconds", "border")),
    FaultKind.HIDE_WINDOWS: KindFacts(),
    FaultKind.FAIL_NEXT_RESTORE: KindFacts(("reason",)),
    FaultKind.FAIL_NEXT_JOB: KindFacts(("reason",)),
    FaultKind.SLOW_NEXT_RESTORE: KindFacts(("seconds",)),
    FaultKind.HANG_NEXT_JOB: KindFacts(),
    FaultKind.DISK_FULL: KindFacts(),
    FaultKind.STICK_INSTANCE: KindFacts(("status", "at_once")),
    FaultKind.LOSE_LOG_SEGMENT: KindFacts(("at_once",), real=True),
    FaultKind.CORRUPT_BACKUP: KindFacts(("backup", "at_once"), real=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, how often it still happens, and where."""

    kind: FaultKind
    path: re.Pattern[str] | None = None
    method: str | None = None
    instance: str | None = None
    """An id that the request must mention: in its path, its query or its body."""
    times: int = 1
    after: int = 0
    """How many requests that match are left alone first."""
    seconds: float = 1.0
    reason: str = "the storage of the instance is full"
    status: int = 500
    code: str = "DBS.200005"
    body: str = "cloud"
    accepted: bool = False
    """Whether the call is carried out before the wrong answer is given."""
    megabytes: int = 16
    items: int = 1
    border: str = "end"
    stuck: str = "RESTORING"

    def matches(self, method: str, path: str, text: str) -> bool:
        """Return whether this request is meant; ``text`` is its query and its body.

        Without a method, an answer is lost for a write only: losing that of a read is harmless.
        Without a path, the calls of IAM are left alone.
        """
        if self.kind is FaultKind.LOSE_NEXT_ANSWER and self.method is None and method == "GET":
            return False
        if self.method is not None and self.method != method:
            return False
        if self.instance is not None and self.instance not in path and self.instance not in text:
            return False
        if self.path is None:
            return not path.startswith(_IAM)
        return self.path.search(path) is not None


class Faults:
    """The faults that are waiting, and the gates that hanging work waits at."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._gates: list[threading.Event] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let it happen to the next requests that match."""
        with self._lock:
            self._waiting.append(fault)

    def take(self, kind: FaultKind, *, method: str, path: str, text: str = "") -> Fault | None:
        """Return the first waiting fault of a kind that matches, and use it up once."""
        with self._lock:
            for position, fault in enumerate(self._waiting):
                if fault.kind is not kind or not fault.matches(method, path, text):
                    continue
                if fault.after > 0:
                    self._waiting[position] = replace(fault, after=fault.after - 1)
                    continue
                if fault.times > 1:
                    self._waiting[position] = replace(fault, times=fault.times - 1)
                else:
                    del self._waiting[position]
                return fault
        return None

    def give_back(self, fault: Fault) -> None:
        """Let a fault that was taken wait again, once: its request was refused before it."""
        with self._lock:
            self._waiting.insert(0, replace(fault, times=1))

    def gate(self) -> threading.Event:
        """Return a new gate that ``clear`` opens: hanging work waits at it."""
        gate = threading.Event()
        with self._lock:
            self._gates.append(gate)
        return gate

    def clear(self) -> None:
        """Forget all that wait, and let everything go on that hangs."""
        with self._lock:
            self._waiting.clear()
            gates, self._gates = self._gates, []
        for gate in gates:
            gate.set()

    def waiting(self) -> list[Fault]:
        """Return what has not happened yet."""
        with self._lock:
            return list(self._waiting)
