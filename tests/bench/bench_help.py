"""How long ``drill --help`` takes as a whole process: the target is 150 ms on two slow cores."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15


def main() -> None:
    """Print the median and the worst of several runs, after one that does not count."""
    milliseconds = []
    for run in range(RUNS + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "drill", "--help"], check=True, capture_output=True)
        if run:
            milliseconds.append((time.perf_counter() - began) * 1000)
    median = statistics.median(milliseconds)
    sys.stdout.write(f"drill --help: median {median:.0f} ms, worst {max(milliseconds):.0f} ms\n")


if __name__ == "__main__":
    main()
