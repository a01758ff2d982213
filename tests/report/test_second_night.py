"""A report is the same bytes, whether it is rendered over the one of last night or from nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.engine.record import Outcome
from drill.plan.model import Objectives
from drill.recovery.facts import ExceptionNote, Review
from drill.report.aside import Aside
from drill.report.context import Context
from drill.report.manifest import NAME
from drill.report.past import read_past
from drill.report.render import render_report
from drill.report.view.standing import Promises
from tests.report import made_up
from tests.report.builders import DAY

FIRST = made_up.NOW
SECOND = FIRST + DAY


class Fleet(made_up.History):
    """A made-up history with reviews."""

    def reviews(self) -> list[Review]:
        """Return one review of a month that has passed."""
        return [
            Review(
                id="r1", reviewer="ann", verdict="accepted", signed_at=FIRST - DAY,
                period_from=FIRST - 90 * DAY, period_to=FIRST - 60 * DAY,
                facts={"drills": "1", "sha256": "0" * 64},
            )
        ]  # fmt: skip


def exclusion(known: made_up.History, place: int, **ends: object) -> ExceptionNote:
    """Return an approved exclusion of a source that begins long ago."""
    cloud, source_id = sorted(known.observations)[place]
    note = ExceptionNote(
        id=f"e{place}", kind="exclusion", cloud=cloud, source_id=source_id, reason="moved",
        owner="ann", approver="bob", opened_at=FIRST - 40 * DAY, opened_by="ann",
    )  # fmt: skip
    return replace(note, **ends)  # type: ignore[arg-type]


def first_night() -> Fleet:
    """Return a fleet with drills under way, leftovers, simulated drills, and exclusions."""
    base = made_up.history(60, 700)
    drills = list(base.drills)
    for place in (-1, -2, -3):
        drills[place] = replace(
            drills[place], outcome=None, state="restoring", finished_at=None, checked_at=None,
            rta=None, rpa=None, level=0, checks=(), failing=(), teardown="pending", reason=None,
        )  # fmt: skip
    drills[-5] = replace(drills[-5], teardown="leaked")
    drills[10] = replace(drills[10], is_simulated=True)
    fleet = Fleet(drills=drills, observations=base.observations)
    fleet.notes = [
        exclusion(fleet, 3, expires_at=FIRST + timedelta(hours=5)),
        exclusion(fleet, 4, closed_at=FIRST + timedelta(hours=6), closed_by="bob"),
        exclusion(fleet, 5),
    ]
    return fleet


def second_night() -> Fleet:
    """Return the same fleet a day later: what was under way has ended, and there is news."""
    first = first_night()
    later = made_up.one_percent_more(first, now=SECOND)
    ended = {one.id: one for one in first.drills[-3:]}
    drills = [
        replace(
            one, outcome=Outcome.FAILED_CHECK, state="finished", level=2,
            finished_at=FIRST + timedelta(hours=1), teardown="clean", failing=("row-count",),
        )
        if one.id in ended
        else replace(one, teardown="clean")
        if one.teardown == "leaked"
        else one
        for one in later.drills
    ]  # fmt: skip
    return Fleet(drills=drills, observations=later.observations, notes=first.notes)


def promises(fleet: made_up.History, days: int) -> Promises:
    """Return a validity for every third source."""
    validity = Objectives(proof_validity=timedelta(days=days))
    return dict.fromkeys(sorted(fleet.observations)[::3], validity)


def render(
    folder: Path,
    fleet: Fleet,
    *,
    second: bool,
    days: int = 20,
    workers: int = 1,
    version: str = "1",
) -> None:
    at = SECOND if second else FIRST
    render_report(
        read_past(fleet, at=at),  # type: ignore[arg-type]
        fleet,
        folder=folder,
        context=Context(at=at, tool_version=version),
        promises=promises(fleet, days),
        workers=workers,
        kept=folder.with_suffix(".cards"),
    )


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file but the manifest."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def ensure_same(over: Path, anew: Path) -> None:
    """What was rendered over an older report is what is rendered from nothing; what else lies
    there is named as gone."""
    one, other = files_of(over), files_of(anew)
    left = json.loads((over / NAME).read_text())
    made = json.loads((anew / NAME).read_text())
    assert {name: one.get(name) for name in other} == other
    assert left["files"] == made["files"]
    assert set(one) - set(other) <= set(left["gone"])


@pytest.fixture(scope="module")
def anew(tmp_path_factory):
    folder = tmp_path_factory.mktemp("anew")
    render(folder, second_night(), second=True)
    return folder


def test_a_second_night_over_the_first_is_the_same_as_from_nothing(tmp_path, anew):
    render(tmp_path, first_night(), second=False)
    before = files_of(tmp_path)

    render(tmp_path, second_night(), second=True)

    ensure_same(tmp_path, anew)
    after = files_of(tmp_path)
    assert any(before[name] == after[name] for name in before if name.startswith("i/"))
    assert any(before[name] != after[name] for name in before if name.startswith("i/"))


def test_a_helper_changes_no_byte_of_a_second_night(tmp_path, anew, monkeypatch):
    monkeypatch.setattr("drill.report.render.LONG", 10)
    render(tmp_path, first_night(), second=False, workers=2)

    render(tmp_path, second_night(), second=True, workers=2)

    ensure_same(tmp_path, anew)


def test_a_copy_of_the_process_changes_no_byte_of_a_second_night(tmp_path, anew, monkeypatch):
    monkeypatch.setattr("drill.report.render.LONG", 10)
    monkeypatch.setattr("drill.report.render.may_be_copied", lambda: True)
    made = []

    def aside(tasks: Sequence[Callable[[], Any]], **options: Any) -> Aside[Any]:
        made.append(len(tasks))
        return Aside(tasks, **options)

    monkeypatch.setattr("drill.report.render.Aside", aside)
    render(tmp_path, first_night(), second=False, workers=1)

    render(tmp_path, second_night(), second=True, workers=2)

    ensure_same(tmp_path, anew)
    assert made


def test_a_plan_that_promises_something_else_is_seen_the_next_night(tmp_path, anew):
    render(tmp_path, first_night(), second=False, days=90)

    render(tmp_path, second_night(), second=True)

    ensure_same(tmp_path, anew)


def test_a_report_of_another_version_leaves_nothing_behind(tmp_path, anew):
    render(tmp_path, first_night(), second=False, version="0")

    render(tmp_path, second_night(), second=True)

    ensure_same(tmp_path, anew)


def cut(folder: Path) -> None:
    """Leave half of the manifest."""
    whole = (folder / NAME).read_bytes()
    (folder / NAME).write_bytes(whole[: len(whole) // 2])


def forget(folder: Path) -> None:
    """Leave no manifest."""
    (folder / NAME).unlink()


def lie(folder: Path) -> None:
    """Leave the manifest of other pages."""
    document = json.loads((folder / NAME).read_text())
    document["files"] = {name: ["", 1, "0" * 64] for name in document["files"]}
    (folder / NAME).write_text(json.dumps(document))


def spoil(folder: Path) -> None:
    """Write something else of the same size."""
    for path in (folder / "i").iterdir():
        path.write_bytes(b"x" * path.stat().st_size)


def lose(folder: Path) -> None:
    """Leave no page of a source."""
    for path in (folder / "i").iterdir():
        path.unlink()


@pytest.mark.parametrize("harm", [cut, forget, lie, spoil, lose])
def test_a_folder_that_somebody_touched_is_mended(tmp_path, anew, harm: Callable[[Path], None]):
    render(tmp_path, first_night(), second=False)
    harm(tmp_path)

    render(tmp_path, second_night(), second=True)

    one, other = files_of(tmp_path), files_of(anew)
    assert {name: one.get(name) for name in other} == other
