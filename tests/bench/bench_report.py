"""Measure the report of a made-up fleet: 10,000 sources and 100,000 drills of a year.

Run ``python tests/bench/bench_report.py``, or with ``--sources`` and ``--drills`` for another size.
It prints one JSON object, and says 1 if a budget of docs/report.md is not kept.

Three reports are rendered, one over the other: the whole one; ``again``, an hour later, when one
source in a hundred was drilled once more and read again; and ``night``, a day after the first, when
that has happened once more and the proofs of many other sources have run out meanwhile: it has no
budget. All three are rendered twice: once for the time, once for the memory, because every look at
it holds up the processes that are looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from argparse import SUPPRESS
from datetime import timedelta
from pathlib import Path

from drill.report.collector import collector_resting
from drill.report.context import Context
from drill.report.past import read_past
from drill.report.render import render_report
from tests.report import made_up

BUDGETS = {
    "whole_seconds": 60.0,
    "again_seconds": 5.0,
    "whole_memory_mb": 600.0,
    "again_memory_mb": 600.0,
    "site_mb": 400.0,
    "largest_page_kb": 1000.0,
    "index_kb": 300.0,
}


LOOK_EVERY = 0.1
"""Seconds between looks at the memory. At this pace a report of 5 s takes 6."""

KEPT = "kept"
"""The file of the cards."""
NAMES = ("whole", "again", "night")
AGAIN_HOURS = (1, 24)
"""When a report is rendered over the first one, in hours after it."""


def main() -> int:
    """Render and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--drills", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="write the site here and leave it")
    parser.add_argument("--report", nargs=3, metavar=("HISTORY", "FOLDER", "HOURS"), help=SUPPRESS)
    parser.add_argument("--make", type=Path, help=SUPPRESS)
    asked = parser.parse_args()
    if asked.report:
        history, folder, hours = asked.report
        one_report(Path(history), Path(folder), hours=int(hours), workers=asked.workers)
        return 0
    if asked.make:
        make(asked.make, asked.sources, asked.drills)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        size = ["--sources", str(asked.sources), "--drills", str(asked.drills)]
        _python("--make", scratch, *size)
        folder = asked.keep or Path(scratch) / "reports"
        figures = measure(Path(scratch), folder, workers=asked.workers)
    figures |= {"sources": asked.sources, "drills": asked.drills}
    missed = sorted(name for name, limit in BUDGETS.items() if figures[name] > limit)
    sys.stdout.write(json.dumps(figures | {"budgets_missed": missed}, indent=2) + "\n")
    return 1 if missed else 0


def make(folder: Path, sources: int, drills: int) -> None:
    """Write what is known at each report, for a process to read that holds nothing else."""
    known = made_up.history(sources, drills)
    made_up.save(known, folder / "0")
    for number, hours in enumerate(AGAIN_HOURS, start=1):
        later = made_up.NOW + timedelta(hours=hours)
        known = made_up.one_percent_more(known, now=later, seed=10 + number)
        made_up.save(known, folder / str(hours))


def measure(scratch: Path, folder: Path, *, workers: int) -> dict[str, float]:
    """Return the figures of the whole report, and of those that are rendered over it."""
    found: dict[str, dict[str, float]] = {}
    most: dict[str, float] = {}
    for name, hours in zip(NAMES, (0, *AGAIN_HOURS), strict=True):
        found[name] = _python(*_report(scratch, folder, hours, workers))
    (scratch / KEPT).unlink()
    for name, hours in zip(NAMES, (0, *AGAIN_HOURS), strict=True):
        most[name] = _memory_of(*_report(scratch, scratch / "watched", hours, workers))
    files = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    pages = [size for path, size in files.items() if path.suffix == ".html"]
    return {
        **{f"{name}_{key}": value for name, one in found.items() for key, value in one.items()},
        **{f"{name}_memory_mb": round(one) for name, one in most.items()},
        "pages": len(pages),
        "site_mb": round(sum(files.values()) / 1e6, 1),
        "largest_page_kb": round(max(pages) / 1e3, 1),
        "index_kb": round((folder / "index.html").stat().st_size / 1e3, 1),
    }


def _report(scratch: Path, folder: Path, hours: int, workers: int) -> tuple[str, ...]:
    history = str(scratch / str(hours))
    return ("--workers", str(workers), "--report", history, str(folder), str(hours))


def one_report(history: Path, folder: Path, *, hours: int, workers: int) -> None:
    """Render one report out of a saved history, and print what it took as JSON."""
    at = made_up.NOW + timedelta(hours=hours)
    begin, cpu = time.perf_counter(), _cpu_seconds()
    with collector_resting():  # as while a store is read
        known = made_up.Saved(history)
    past = read_past(known, at=at)  # type: ignore[arg-type]
    context = Context(at=at, tool_version="bench", regions=made_up.REGIONS)
    report = render_report(
        past, known, folder=folder, context=context, looks_of=known.looks_of, workers=workers,
        kept=history.parent / KEPT,
    )  # fmt: skip
    figures = {
        "seconds": round(time.perf_counter() - begin, 1),
        "cpu_seconds": round(_cpu_seconds() - cpu, 1),
        "written": len(report.written),
        "skipped": report.skipped,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def _python(*arguments: str) -> dict[str, float]:
    """Run this file in a new process, and return what it prints."""
    os.sync()  # an hour or a day lies before each report: what was written is on the disk
    done = subprocess.run(
        [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    printed: dict[str, float] = json.loads(done.stdout or "{}")
    return printed


def _memory_of(*arguments: str) -> float:
    """Run this file in a new process; return the most memory of it and its workers together at one
    time, in megabytes."""
    command = [sys.executable, __file__, *arguments]
    most = 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, _tree_mb(process.pid))
            time.sleep(LOOK_EVERY)
    if process.returncode:
        raise SystemExit(process.returncode)
    return most


def _tree_mb(root: int) -> float:
    """Return the private and shared memory that a process and its children hold (PSS)."""
    total = 0.0
    for pid in (root, *_children(root)):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue  # it has ended
        total += sum(float(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return total


def _children(root: int) -> list[int]:
    try:
        listed = Path(f"/proc/{root}/task/{root}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(pid) for pid in listed.split()]


def _cpu_seconds() -> float:
    """Return the processor time of this process and of the workers that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    raise SystemExit(main())
