"""A copy of this process does a part of the work, and nothing is done twice or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from drill.report.aside import Aside, HelperLost, may_be_copied
from drill.report.folder import ReportFolderUnusable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux")


def mark(folder: Path, number: int) -> tuple[int, int]:
    """Leave a file that says which process did it."""
    (folder / f"{number}-{os.getpid()}").touch()
    return number, os.getpid()


def test_every_task_is_done_once_by_one_of_two(tmp_path):
    with_help = Aside([partial(mark, tmp_path, number) for number in range(500)])

    done = list(with_help.finished())

    assert sorted(number for number, _pid in done) == list(range(500))
    assert len(list(tmp_path.iterdir())) == 500
    assert len({pid for _number, pid in done}) in {1, 2}


def test_the_copy_works_while_this_process_does_something_else(tmp_path):
    with_help = Aside([partial(mark, tmp_path, number) for number in range(3)])
    with_help._copy.join(20)

    done = list(with_help.finished())

    assert [number for number, _pid in done] == [0, 1, 2]
    assert os.getpid() not in {pid for _number, pid in done}


def fail() -> int:
    raise ReportFolderUnusable("no room", hint="make some")


def test_what_a_task_raises_is_raised_here():
    with_help = Aside([fail])
    with_help._copy.join(20)

    with pytest.raises(ReportFolderUnusable, match="no room") as raised:
        list(with_help.finished())

    assert raised.value.hint == "make some"


def die() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def test_a_copy_that_is_killed_is_told_and_not_waited_for():
    with_help = Aside([die])
    with_help._copy.join(20)

    with pytest.raises(HelperLost) as raised:
        list(with_help.finished())

    assert raised.value.hint


def test_a_copy_that_nobody_needs_any_more_is_ended(tmp_path):
    with Aside([partial(time.sleep, 600)]) as with_help:
        copy = with_help._copy

    assert not copy.is_alive()


def test_a_process_with_other_threads_is_not_copied():
    is_over = threading.Event()
    other = threading.Thread(target=is_over.wait)
    other.start()
    try:
        assert not may_be_copied()
    finally:
        is_over.set()
        other.join()


def test_a_process_without_other_threads_is_copied():
    said = subprocess.run(
        [sys.executable, "-c", "from drill.report import aside; print(aside.may_be_copied())"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert said == "True\n"
