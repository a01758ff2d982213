"""Time the reading and checking of 1,000 plans in a fresh process, its imports included.

Run it as a script: ``python tests/bench/bench_plan_check.py [number of plans] [rounds]``. The
target is 2 s on 2 slow cores.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from pathlib import Path
from drill.plan.loader import check_plans_against, load_config, load_plans
config, problems = load_config(Path(sys.argv[1]) / "config.toml")
plans, more = load_plans(Path(sys.argv[1]) / "plans")
problems += more + check_plans_against(config, plans)
sys.exit(f"{len(problems)} problems: {problems[0]}" if problems else len(plans) != int(sys.argv[2]))
"""


def write_plans(folder: Path, number: int) -> None:
    """Write the shipped configuration, and the shipped plans again and again under other names."""
    (folder / "config.toml").write_bytes((ROOT / "config.toml").read_bytes())
    (folder / "plans").mkdir()
    models = sorted((ROOT / "plans").glob("*.toml"))
    for index in range(number):
        model = models[index % len(models)]
        name = f"{model.stem}-{index:04}"
        text = model.read_text(encoding="utf-8").replace(model.stem, name, 1)
        text = text.replace('cron = "0 ', f'cron = "{index % 60} ')
        (folder / "plans" / f"{name}.toml").write_text(text, encoding="utf-8")


def seconds_of_check(folder: Path, number: int) -> float:
    """Return how long one fresh process takes."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", SCRIPT, str(folder), str(number)], check=True, cwd=ROOT)
    return time.perf_counter() - begun


def main() -> None:
    """Print the median and the worst of some rounds."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as name:
        write_plans(Path(name), number)
        seconds = [seconds_of_check(Path(name), number) for _ in range(rounds)]
    sys.stdout.write(
        f"plan check, {number} plans: median {statistics.median(seconds):.2f} s, "
        f"worst {max(seconds):.2f} s of {rounds} (target 2 s)\n"
    )


if __name__ == "__main__":
    main()
