"""The plans as they were valid last, for commands that must not wait until a file is mended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drill.cli.output import say
from drill.errors import PlanInvalid
from drill.plan.loaded import LoadedPlan
from drill.plan.loader import load_plans
from drill.scheduler.planbook import PlanBook

if TYPE_CHECKING:
    from drill.engine.control import Control
    from drill.plan.config import Config


def book_of(config: Config, folder: Path, control: Control) -> PlanBook:
    """Return a book, not read yet, that recalls from the store what was valid last."""

    def remembered(file: Path) -> LoadedPlan | None:
        plan, seen = control.last_valid(file.stem), control.plans_seen().get(file.stem)
        return LoadedPlan(plan, file, seen.digest, "") if plan and seen else None

    return PlanBook(folder / config.folders.plans, config, remembered=remembered)


def read_book(config: Config, folder: Path, control: Control) -> PlanBook:
    """Return the book, read once, after saying what is wrong with the files.

    Raise PlanInvalid if there is no plan at all: an empty folder is more often a share that is
    away than an order.
    """
    book = book_of(config, folder, control)
    book.read(anyway=True)
    if not book.known:
        from drill.cli.context import problems_text

        problems = book.problems or load_plans(folder / config.folders.plans)[1]
        raise PlanInvalid(problems_text(problems))
    say_problems(book)
    return book


def say_problems(book: PlanBook) -> None:
    """Say what is wrong with the files of plans, and what that means for the command."""
    for problem in book.problems:
        say(f"plan invalid: {problem.location}: {problem.message}")
        say(f"  hint: {problem.hint}")
    if book.problems:
        say("what is invalid now stands as it was valid last; without that it is left out")
