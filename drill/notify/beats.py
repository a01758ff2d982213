"""What `drill serve` does on its beats for people and machines, beside its work and never in it.

The daemon calls ``beat`` of what ``attach`` returns; it returns at once. The work is done on
threads of its own, and a beat that finds the last one still at it is left out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from drill.notify.deadman import DeadManSwitch
from drill.notify.exposition import Board
from drill.notify.herald import Herald
from drill.notify.known import DaemonStart
from drill.notify.listening import Listener
from drill.notify.meter import Meter

OnBeat = Callable[[datetime], None]

LOOK_EVERY = timedelta(minutes=1)
MEASURE_EVERY = timedelta(seconds=30)


class Aside:
    """Does something beside the work: at most one at a time, and not more often than told."""

    def __init__(self, name: str, work: OnBeat, *, every: timedelta) -> None:
        self._name = name
        self._work = work
        self._every = every
        self._last_at: datetime | None = None
        self._thread: threading.Thread | None = None

    def __call__(self, now: datetime) -> None:
        """Begin, unless it is too early or the last time still lasts."""
        if self._thread is not None and self._thread.is_alive():
            return
        if self._last_at is not None and now - self._last_at < self._every:
            return
        self._last_at = now
        self._thread = threading.Thread(target=self._do, args=(now,), name=self._name, daemon=True)
        self._thread.start()

    def wait(self, at_most: timedelta) -> None:
        """Wait until what was begun has ended, but not longer than this."""
        if self._thread is not None:
            self._thread.join(at_most.total_seconds())

    def _do(self, now: datetime) -> None:
        try:
            self._work(now)
        except Exception as error:  # noqa: BLE001  telling must never end the daemon
            structlog.get_logger("drill.notify").error(
                "telling has failed", task=self._name, fault=f"{type(error).__name__}: {error}"
            )


@dataclass(slots=True, kw_only=True)
class Attached:
    """What was attached to a daemon."""

    asides: tuple[Aside, ...]
    listener: Listener | None = None
    deadman: DeadManSwitch | None = None

    def beat(self, now: datetime) -> None:
        """Begin what has to be done now, and return at once."""
        for aside in self.asides:
            aside(now)

    @property
    def trouble(self) -> str | None:
        """Return what cannot be done for machines just now; None if all is well."""
        return self.listener.trouble if self.listener is not None else None

    def close(self, *, at_most: timedelta = timedelta(seconds=15)) -> None:
        """Let what is under way end, and hang up."""
        for aside in self.asides:
            aside.wait(at_most)
        if self.listener is not None:
            self.listener.close()
        if self.deadman is not None:
            self.deadman.close()


def attach(
    *,
    herald: Herald,
    meter: Meter,
    listen: str | None,
    deadman: DeadManSwitch | None,
    start: Callable[[], DaemonStart | None] = lambda: None,
    is_healthy: Callable[[], bool] = lambda: True,
) -> Attached:
    """Return what a daemon beats. Raise ConfigInvalid if ``listen`` can never work.

    ``start`` tells how the daemon before this one ended; ``is_healthy`` is asked before a ping: a
    daemon whose schedule does not work falls silent, and the alarm is raised outside.
    """
    asides = [Aside("notices", _looking(herald, start), every=LOOK_EVERY)]
    listener = None
    if listen is not None:
        board = Board()
        listener = Listener(listen, board)
        asides.append(Aside("metrics", _measuring(listener, board, meter), every=MEASURE_EVERY))
    if deadman is not None:
        asides.append(Aside("deadman", _pinging(deadman, is_healthy), every=timedelta(0)))
    return Attached(asides=tuple(asides), listener=listener, deadman=deadman)


def _looking(herald: Herald, start: Callable[[], DaemonStart | None]) -> OnBeat:
    def look(now: datetime) -> None:
        herald.look(now=now, start=start())

    return look


def _measuring(listener: Listener, board: Board, meter: Meter) -> OnBeat:
    def measure(now: datetime) -> None:
        listener.ensure()
        if listener.trouble is None:  # figures that nobody can ask for are not made
            board.show(meter.measure(now=now, beat_at=now))

    return measure


def _pinging(deadman: DeadManSwitch, is_healthy: Callable[[], bool]) -> OnBeat:
    def ping(now: datetime) -> None:
        if is_healthy():
            deadman.beat("drill serve is healthy", now=now)

    return ping
