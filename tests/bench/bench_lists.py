"""How long list calls take with 200 instances of 1,000 backups each: the target is 50 ms, median.

The client signs every call and opens a connection of its own for it, as a vendor's client does.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client, Reply
from tests.sandbox.crowd import crowd
from tests.sandbox.fake_servers import FakeServers

INSTANCES = 200
BACKUPS = 1000
RUNS = 60
TARGET_MS = 50.0


def main() -> int:
    """Print median and worst of every kind of list call; return 1 where a median is too slow."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = ThreadedSandbox(Path(folder) / "state", FakeServers())
        with sandbox:
            state = sandbox.service.context.state
            ids = crowd(state, of_instances=INSTANCES, of_backups=BACKUPS)
            medians = [_measure(*call) for call in _calls(Client(sandbox), ids)]
    return 1 if max(medians) >= TARGET_MS else 0


def _calls(client: Client, ids: list[str]) -> list[tuple[str, Callable[[int], Reply]]]:
    def backups(run: int, **query: str) -> Reply:
        return client.get("/backups", instance_id=ids[run * 7 % INSTANCES], **query)

    span = {"begin_time": "2026-01-10T00:00:00+0000", "end_time": "2026-01-20T00:00:00+0000"}
    return [
        ("instances, first page", lambda run: client.get("/instances")),
        ("instances, second page", lambda run: client.get("/instances", offset="100")),
        ("instances, by id", lambda run: client.get("/instances", id=ids[run])),
        ("instances, by tag", lambda run: client.get("/instances", tags=f"number={run}")),
        ("backups, first page", lambda run: backups(run)),
        ("backups, last page", lambda run: backups(run, offset="900")),
        ("backups, manual ones", lambda run: backups(run, backup_type="manual")),
        ("backups, of ten days", lambda run: backups(run, **span)),
        ("backups, completed ones", lambda run: backups(run, status="COMPLETED")),
        ("tags of the project", lambda run: client.get("/tags")),
    ]


def _measure(name: str, call: Callable[[int], Reply]) -> float:
    milliseconds = []
    for run in range(RUNS + 1):
        began = time.perf_counter()
        reply = call(run)
        if reply.status != 200:
            raise SystemExit(f"{name}: {reply.status} {reply.json}")
        if run:
            milliseconds.append((time.perf_counter() - began) * 1000)
    median = statistics.median(milliseconds)
    sys.stdout.write(f"{name:24} median {median:5.1f} ms, worst {max(milliseconds):5.1f} ms\n")
    return median


if __name__ == "__main__":
    sys.exit(main())
