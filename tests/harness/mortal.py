"""The command ``drill``, in a process that kills itself at one boundary: a real ``kill -9``.

``python -m tests.harness.mortal AT DELAY SEED COUNT-FILE ARGUMENTS…``: dies at boundary number AT
(from 0), sleeps up to DELAY seconds at each boundary, drawn by SEED, and writes into COUNT-FILE how
many boundaries it has passed, so that a run that does not die says how many there are.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.harness.boundaries import Boundary, gated_journal, gated_provider


class Executioner:
    """Counts boundaries of all threads, and ends the process at one of them."""

    def __init__(self, at: int, delay: float, seed: str, count_file: Path) -> None:
        self._at = at
        self._delay = delay
        self._lots = random.Random(seed)
        self._count_file = count_file
        self._passed = 0
        self._lock = threading.Lock()

    def __call__(self, boundary: Boundary) -> None:
        with self._lock:
            if self._passed == self._at:
                self._count_file.write_text(f"{self._passed} {boundary}")
                os.kill(os.getpid(), signal.SIGKILL)
            self._passed += 1
            self._count_file.write_text(str(self._passed))
            pause = self._lots.random() * self._delay
        if pause:
            time.sleep(pause)


def main() -> None:
    """Put the gate around journal and clouds of every house, then be ``drill``."""
    at, delay, seed, count_file, *arguments = sys.argv[1:]
    gate = Executioner(int(at), float(delay), seed, Path(count_file))

    import drill.bootstrap as bootstrap

    build = bootstrap.build_house

    def build_mortal(*args: Any, **kwargs: Any) -> bootstrap.House:
        house = build(*args, **kwargs)
        clouds = {
            name: replace(cloud, provider=gated_provider(cloud.provider, gate))
            for name, cloud in house.parts.clouds.items()
        }
        journal = gated_journal(house.parts.journal, gate)
        return replace(house, parts=replace(house.parts, journal=journal, clouds=clouds))

    bootstrap.build_house = build_mortal
    sys.argv = ["drill", *arguments]
    from drill.cli.main import main as drill

    drill()


if __name__ == "__main__":
    main()
