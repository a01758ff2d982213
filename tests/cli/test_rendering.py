"""The daemon renders its report in a process of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from drill.bootstrap import House, build_house
from drill.cli import beats
from drill.cli.context import read_config
from drill.cli.rendering import NotRendered, render_apart
from tests.cli.folders import NIGHTLY, Folder, now


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    folder = Folder(tmp_path, monkeypatch)
    folder.write_plan("orders", rest=NIGHTLY)
    return folder


def house_in(folder: Folder) -> House:
    config, where = read_config(str(folder.path / "config.toml"))
    return build_house(config, [], folder=where)


def test_the_report_is_there_when_its_process_has_ended(folder: Folder):
    house = house_in(folder)

    render_apart(house, now=now() - timedelta(hours=1), plans=[folder.plan("orders")])

    assert (house.reports / "index.html").exists()
    house.close()


def test_what_went_wrong_there_is_said_here(folder: Folder):
    house = house_in(folder)
    house.reports.parent.mkdir(parents=True, exist_ok=True)
    house.reports.write_text("no folder")

    with pytest.raises(NotRendered, match=r"\w"):
        render_apart(house, now=now(), plans=[])
    house.close()


def test_a_daemon_renders_nothing_itself(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    house = house_in(folder)
    monkeypatch.setattr("drill.report.render.render_report", None)

    beats._rendering(house, lambda: [folder.plan("orders")])(now())

    assert (house.reports / "index.html").exists()
    house.close()
