"""Workers that stop at every boundary and go on when they are told: any interleaving, repeatable.

Each runs in a thread, but only one thread ever runs: whoever was told to.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from drill.clock import Clock
from drill.engine.ports import Parts
from drill.engine.runner import advance
from drill.errors import AnswerLost, DrillError, StoreError
from drill.provider.memory import MemoryProvider
from drill.provider.port import Accepted
from tests.engine.scene import Scene
from tests.harness.boundaries import Boundary, gated_journal, gated_provider
from tests.harness.troubles import Killed

PATIENCE = 60.0
"""Real seconds after which a thread that does not answer is a deadlock."""


class Ledger:
    """Counts the restores that a cloud takes, by the drill that ordered them."""

    def __init__(self, provider: MemoryProvider) -> None:
        self.accepted: Counter[str] = Counter()
        self.current = ""
        """The drill that is being worked on: only one ever is."""
        accept = provider._accept

        def counted(method: str, instance_id: str, **more: Any) -> Accepted:
            if method in {"restore", "create"}:
                self.accepted[self.current] += 1
            return accept(method, instance_id, **more)

        provider._accept = counted  # type: ignore[method-assign]


class SkewedClock:
    """The clock of a machine that is wrong by a fixed span."""

    def __init__(self, clock: Clock, ahead: timedelta) -> None:
        self._clock = clock
        self._ahead = ahead

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, span: timedelta) -> None:
        self._clock.sleep(span)


class SteppedWorker:
    """A process with one thread that does what a dispatcher does, one boundary at a time.

    ``ahead`` is how far the clock of its machine is before the right time.
    """

    def __init__(
        self, scene: Scene, name: str, ledger: Ledger, *, ahead: timedelta = timedelta(0)
    ) -> None:
        self.name = name
        self.scene = scene
        self.passed = 0
        """Boundaries that it has stopped at."""
        self.drill_id: str | None = None
        self.at: Boundary | None = None
        self.fault: Exception | None = None
        """Raised at the next boundary where it can happen."""
        self.surprise: BaseException | None = None
        """What came out of a step and should not have."""
        self._ledger = ledger
        self._killed = False
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        scene.worker = name
        parts = scene.parts_with(
            gated_journal(scene.journal, self._gate), gated_provider(scene.provider, self._gate)
        )
        self.parts: Parts = replace(parts, clock=SkewedClock(scene.clock, ahead))

    @property
    def is_busy(self) -> bool:
        """Tell whether it is in the middle of something."""
        return self._thread is not None

    @property
    def lease(self) -> timedelta:
        """Return how long its leases are."""
        return self.parts.lease

    def begin(self, drill_id: str) -> None:
        """Begin to advance a drill, and stop at the first boundary."""
        self.drill_id = drill_id
        self.begin_to(lambda: advance(drill_id, self.parts, held=lambda record: None))

    def begin_to(self, do: Callable[[], object]) -> None:
        """Begin to do something with these parts, and stop at the first boundary."""
        self._thread = threading.Thread(target=self._do, args=(do,), name=self.name)
        self._thread.start()
        self._wait()

    def step(self, times: int = 1) -> None:
        """Go on to the next boundary, so many times, or to the end."""
        for _ in range(times):
            if self._thread is None:
                return
            self._go.release()
            self._wait()

    def kill(self) -> None:
        """End it where it stands: what was written is written, and it hears of nothing more."""
        self._killed = True
        while self._thread is not None:
            self.step()

    def _wait(self) -> None:
        if not self._stopped.acquire(timeout=PATIENCE):
            raise AssertionError(f"{self.name} neither stopped nor ended after {self.at}")
        if self.at is None and self._thread is not None:
            self._thread.join(PATIENCE)
            self._thread = None

    def _do(self, do: Callable[[], object]) -> None:
        try:
            do()
        except (Killed, DrillError):
            pass  # a dispatcher logs it; the drill stays leased until the lease ends
        except BaseException as error:  # noqa: BLE001  told to the test, which fails by it
            self.surprise = error
        finally:
            self.at = None
            self._stopped.release()

    def _gate(self, boundary: Boundary) -> None:
        self._ledger.current = self.drill_id or ""
        if not self._killed:
            self.at = boundary
            self.passed += 1
            self._stopped.release()
            self._go.acquire()
        if self._killed:
            raise Killed
        fault = self.fault
        if fault is not None and _can_happen(fault, boundary):
            self.fault = None
            raise fault


def _can_happen(fault: Exception, boundary: Boundary) -> bool:
    if isinstance(fault, StoreError):
        return boundary.kind == "write"
    if boundary.kind == "order" and boundary.is_after:
        return isinstance(fault, AnswerLost)
    if isinstance(fault, AnswerLost):
        return boundary.kind == "order"
    return boundary.kind in {"read", "order"}
