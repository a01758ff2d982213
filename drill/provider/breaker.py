"""A circuit breaker for each endpoint of a cloud: a dead one is asked seldom, by one caller.

After so many failures in a row the circuit opens: every call fails at once, without touching the
network. When the pause is over one read is let through as a probe; any answer closes the circuit,
and another failure doubles the pause. What the states mean is decided by pure functions on a
frozen value; ``Breaker`` only keeps the value and its lock, for all threads together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from drill.clock import Clock
from drill.errors import CircuitOpen


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRules:
    """When a circuit opens, and how long it stays so."""

    opens_after: int = 8
    """Failures in a row, of all threads."""
    pause: timedelta = timedelta(seconds=20)
    longest_pause: timedelta = timedelta(minutes=2)
    probe_lasts: timedelta = timedelta(seconds=90)
    """Longer than any exchange: a probe that is silent for longer has died with its thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What is known about one endpoint. Instants are monotonic, from the start of the process."""

    failures: int = 0
    """In a row."""
    open_since: timedelta | None = None
    """When it opened; None while it is closed."""
    probe_at: timedelta | None = None
    """From when on one call may try; set while it is open."""
    probe_began: timedelta | None = None
    """When the present probe was let through."""
    pause: timedelta = timedelta(0)
    """The present pause between two probes."""
    why: str = ""
    """What the last failure was."""


class Leave(StrEnum):
    """Whether a call may be made."""

    GO = "go"
    PROBE = "probe"
    STOP = "stop"


def leave_for(
    circuit: Circuit, rules: BreakerRules, *, now: timedelta, write: bool
) -> tuple[Leave, Circuit]:
    """Say whether a call may be made now, and what is then known.

    A write is never a probe: its answer could be lost in a cloud that is only half alive.
    """
    if circuit.open_since is None:
        return Leave.GO, circuit
    began = circuit.probe_began
    is_probed = began is not None and now - began < rules.probe_lasts
    is_paused = circuit.probe_at is not None and now < circuit.probe_at
    if write or is_probed or is_paused:
        return Leave.STOP, circuit
    return Leave.PROBE, replace(circuit, probe_began=now)


def after_answer(circuit: Circuit) -> Circuit:
    """Return the circuit after any answer of a living endpoint: closed."""
    return Circuit()


def after_failure(
    circuit: Circuit, rules: BreakerRules, *, now: timedelta, why: str, probe: bool
) -> Circuit:
    """Return the circuit after a failure: one more, open, or open for longer.

    Failures of calls that were under way when it opened do not prolong the pause.
    """
    failures = circuit.failures + 1
    if circuit.open_since is None:
        if failures < rules.opens_after:
            return replace(circuit, failures=failures, why=why)
        return Circuit(
            failures=failures,
            open_since=now,
            probe_at=now + rules.pause,
            pause=rules.pause,
            why=why,
        )
    if not probe:
        return replace(circuit, failures=failures)
    pause = min(circuit.pause * 2, rules.longest_pause)
    return replace(
        circuit,
        failures=failures,
        probe_at=now + pause,
        probe_began=None,
        pause=pause,
        why=why,
    )


class Breaker:
    """The circuit of one endpoint. Safe between threads, and shared by them."""

    def __init__(self, name: str, clock: Clock, rules: BreakerRules | None = None) -> None:
        self._name = name
        self._clock = clock
        self._rules = rules or BreakerRules()
        self._lock = threading.Lock()
        self._circuit = Circuit()
        self._opened_at: datetime | None = None

    @property
    def circuit(self) -> Circuit:
        """Return what is known right now."""
        with self._lock:
            return self._circuit

    def enter(self, *, write: bool, asked: str) -> Call:
        """Return the call that may be made now. Raise CircuitOpen, before anything is sent."""
        with self._lock:
            now = self._now()
            leave, self._circuit = leave_for(self._circuit, self._rules, now=now, write=write)
            if leave is Leave.STOP:
                raise self._open_error(asked)
        return Call(self, probe=leave is Leave.PROBE)

    def answered(self) -> None:
        """Note an answer."""
        with self._lock:
            self._circuit = after_answer(self._circuit)
            self._opened_at = None

    def failed(self, why: str, *, probe: bool) -> None:
        """Note a failure."""
        with self._lock:
            self._circuit = after_failure(
                self._circuit, self._rules, now=self._now(), why=why, probe=probe
            )
            if self._circuit.open_since is not None and self._opened_at is None:
                self._opened_at = self._clock.now()

    def _now(self) -> timedelta:
        return timedelta(seconds=self._clock.monotonic())

    def _open_error(self, asked: str) -> CircuitOpen:
        circuit = self._circuit
        since = "" if self._opened_at is None else f" since {self._opened_at:%Y-%m-%d %H:%M:%SZ}"
        pause = circuit.pause // timedelta(seconds=1)
        return CircuitOpen(
            f"{asked}: {self._name} does not answer{since}, {circuit.failures} failures in a row: "
            f"{circuit.why}",
            hint="Look at the status page of the cloud and at the network. Nothing was sent: after "
            f"so many failures one request tries for all, every {pause} seconds.",
        )


class Call:
    """One call that the breaker let through; its end is to be told, once."""

    def __init__(self, breaker: Breaker, *, probe: bool) -> None:
        self._breaker = breaker
        self._probe = probe

    def answered(self) -> None:
        """Note that the endpoint is alive, whatever it said."""
        self._breaker.answered()

    def failed(self, why: str) -> None:
        """Note that the endpoint could not be reached, or that it is failing."""
        self._breaker.failed(why, probe=self._probe)


class Breakers:
    """One breaker for each endpoint of the house, by service and address."""

    def __init__(self, clock: Clock, rules: BreakerRules | None = None) -> None:
        self._make: Callable[[str], Breaker] = lambda name: Breaker(name, clock, rules)
        self._lock = threading.Lock()
        self._breakers: dict[tuple[str, str], Breaker] = {}

    def of(self, service: str, base_url: str) -> Breaker:
        """Return the breaker of an endpoint; two accounts of one cloud share it."""
        with self._lock:
            key = (service, base_url)
            if key not in self._breakers:
                self._breakers[key] = self._make(f"{service} at {base_url}")
            return self._breakers[key]
