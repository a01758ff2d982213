"""Brings a store up to date in a process that ends itself before one of its statements.

``python -m tests.store.dying_migration FOLDER FILE AT``: a real ``kill -9`` before statement number
AT (from 0). Where it lives to the end it says how many statements there were.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import Engine, event

from drill.store import open_journal


def main() -> None:
    """Count the statements of every connection, and die at one."""
    folder, file, at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    seen = 0

    @event.listens_for(Engine, "before_cursor_execute")
    def before(*_: object) -> None:
        nonlocal seen
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    with open_journal(f"sqlite:///{file}", folder=folder):
        print(seen)  # noqa: T201


if __name__ == "__main__":
    main()
