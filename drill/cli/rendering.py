"""Render the report in a process of its own, so that a daemon does not keep for months what that
takes: templates, pages and the past of every source.

The process is told everything through its standard input, and what it says is said in an error.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drill.bootstrap import House
    from drill.plan.model import Plan

_LAST_WORDS = 500


class NotRendered(Exception):
    """the process that renders the report has failed"""


def render_apart(house: House, *, now: datetime, plans: Sequence[Plan]) -> None:
    """Render the whole report, as ``drill.cli.report.render`` does, and wait for it.

    Raise NotRendered.
    """
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "drill.cli.rendering"],
        input=pickle.dumps((house.config, house.folder, tuple(plans), now)),
        capture_output=True,
        check=False,
    )
    if ended.returncode != 0:
        said = ended.stderr.decode(errors="replace").strip()
        raise NotRendered(said[-_LAST_WORDS:] or f"it ended with {ended.returncode}")


def main() -> None:
    """Render what standard input says."""
    from drill.bootstrap import open_store
    from drill.cli.report import render_store

    config, folder, plans, now = pickle.loads(sys.stdin.buffer.read())  # noqa: S301  from above
    with open_store(config, folder) as journal:
        render_store(journal, config, Path(folder), now=now, plans=plans)


if __name__ == "__main__":
    main()
