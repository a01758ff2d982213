"""``drill history``: what somebody needs to go on with a drill, in every width."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import a_record
from tests.cli.folders import NIGHTLY, Folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    folder = Folder(tmp_path, monkeypatch)
    folder.write_plan("orders", rest=NIGHTLY)
    return folder


@pytest.mark.parametrize("columns", ["80", "200", None])
def test_the_id_that_other_commands_take_is_there_whole(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, columns: str | None
):
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    with folder.store() as journal:
        (record,) = journal.enlist([a_record(plan=folder.plan("orders"))])

    said = folder.drill("history")

    assert record.id in said.out
    assert len(said.out.splitlines()) == 2  # nothing is wrapped


def test_a_name_that_no_plan_has_is_said(folder: Folder):
    assert "no such plan: odrers" in folder.drill("history", "--plan", "odrers").err


def test_a_plan_without_a_drill_says_how_to_start_one(folder: Folder):
    assert "drill run orders" in folder.drill("history", "--plan", "orders").err


def test_drills_of_a_plan_that_is_gone_are_still_listed(folder: Folder):
    with folder.store() as journal:
        journal.enlist([a_record(plan=folder.plan("orders"))])
    (folder.path / "plans" / "orders.toml").unlink()

    assert "orders" in folder.drill("history", "--plan", "orders").out
