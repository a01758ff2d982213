"""Measure the report of a made-up fleet: 10,000 sources and 100,000 drills of a year.

Run ``python tests/bench/bench_report.py``, or with ``--sources`` and ``--drills`` for another size.
It prints one JSON object, and says 1 if a budget of docs/report.md is not kept.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from drill.report.context import Context
from drill.report.past import read_past
from drill.report.render import RenderedReport, render_report
from tests.report import made_up

BUDGETS = {
    "whole_seconds": 60.0,
    "again_seconds": 5.0,
    "memory_mb": 600.0,
    "site_mb": 400.0,
    "largest_page_kb": 1000.0,
    "index_kb": 300.0,
}


def main() -> int:
    """Render twice and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--drills", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="write the site here and leave it")
    asked = parser.parse_args()
    known = made_up.history(asked.sources, asked.drills)
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch) / "reports"
        figures = measure(known, folder, workers=asked.workers)
    figures |= {"sources": asked.sources, "drills": asked.drills}
    missed = sorted(name for name, limit in BUDGETS.items() if figures[name] > limit)
    sys.stdout.write(json.dumps(figures | {"budgets_missed": missed}, indent=2) + "\n")
    return 1 if missed else 0


def measure(known: made_up.History, folder: Path, *, workers: int) -> dict[str, float]:
    """Return the figures of the whole report, and of the next one with 1 % more."""
    before = _memory_mb()
    whole, whole_seconds, whole_cpu = _render(known, folder, made_up.NOW, workers)
    later = made_up.NOW + timedelta(days=1)
    changed = made_up.one_percent_more(known, now=later)
    again, again_seconds, again_cpu = _render(changed, folder, later, workers)
    files = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    pages = [size for path, size in files.items() if path.suffix == ".html"]
    return {
        "whole_seconds": round(whole_seconds, 1),
        "again_seconds": round(again_seconds, 1),
        "whole_cpu_seconds": round(whole_cpu, 1),
        "again_cpu_seconds": round(again_cpu, 1),
        "memory_mb": round(_memory_mb()),
        "memory_before_mb": round(before),
        "pages": len(pages),
        "pages_written_again": len(again.written),
        "pages_skipped_again": again.skipped,
        "files_written": len(whole.written),
        "site_mb": round(sum(files.values()) / 1e6, 1),
        "largest_page_kb": round(max(pages) / 1e3, 1),
        "index_kb": round((folder / "index.html").stat().st_size / 1e3, 1),
    }


def _render(
    known: made_up.History, folder: Path, at: datetime, workers: int
) -> tuple[RenderedReport, float, float]:
    begin, cpu = time.perf_counter(), _cpu_seconds()
    past = read_past(known, at=at)  # type: ignore[arg-type]
    context = Context(at=at, tool_version="bench")
    report = render_report(past, known, folder=folder, context=context, workers=workers)
    return report, time.perf_counter() - begin, _cpu_seconds() - cpu


def _cpu_seconds() -> float:
    """Return the processor time of this process and of the workers that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _memory_mb() -> float:
    """Return the most memory of this process and of its largest worker, in megabytes."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + worker) / 1024


if __name__ == "__main__":
    raise SystemExit(main())
