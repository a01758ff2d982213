"""What a command says goes to a disk that is full; what it does goes on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import pytest
from rich.console import Console

from drill.cli.progress import Progress
from drill.engine.ports import Journal
from drill.errors import StoreUnavailable
from tests.builders import a_record
from tests.e2e.world import PROJECT, environment

FULL = Path("/dev/full")

needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")


@needs_full
@pytest.mark.parametrize(
    "words", [("plan", "list"), ("history", "--output", "json"), ("status",), ("--help",)]
)
def test_output_that_cannot_be_written_is_said_plainly(tmp_path: Path, words: tuple[str, ...]):
    shutil.copy(PROJECT / "config.toml", tmp_path)
    shutil.copytree(PROJECT / "plans", tmp_path / "plans")
    with FULL.open("w") as full:
        finished = subprocess.run(
            [sys.executable, "-m", "drill", *words],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert finished.returncode == 1
    assert finished.stderr.startswith("error: the output cannot be written: no space left")
    assert "Traceback" not in finished.stderr


class AJournal:
    """Finds one drill, or has the trouble that it is told to have."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None

    def find(self, drill_id: str) -> object:
        if self.trouble is not None:
            raise self.trouble
        return a_record(id=drill_id)


def test_progress_waits_for_a_store_that_is_away(capsys: pytest.CaptureFixture[str]):
    journal = AJournal()
    progress = a_progress(journal, Console(force_terminal=False))
    journal.trouble = StoreUnavailable("the store cannot be reached")
    progress.refresh()
    assert capsys.readouterr().out == ""

    journal.trouble = None
    progress.refresh()

    assert "queued" in capsys.readouterr().out


def test_progress_that_cannot_be_written_does_not_end_the_batch():
    written: list[str] = []
    progress = a_progress(AJournal(), Console(file=cast("IO[str]", Full(written.append))))

    progress.refresh()
    progress.refresh()

    assert len(written) == 1


class Full:
    """A file on a full disk."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note

    def write(self, text: str) -> int:
        self._note(text)
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        return

    def isatty(self) -> bool:
        return False


def a_progress(journal: AJournal, terminal: Console) -> Progress:
    return Progress(cast("Journal", journal), ["one"], terminal, quiet=False)
