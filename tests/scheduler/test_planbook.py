"""The book keeps what was valid last, plan by plan, and says what is wrong now."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from drill.errors import StoreUnavailable
from drill.plan.loader import load_config
from drill.scheduler.planbook import PlanBook
from tests.plan.conftest import CONFIG, PLAN, SOURCE_ID, TARGET_ID

OTHER_ID = "1123456789abcdef0123456789abcdefin03"


class Shelf:
    """A folder of plans and the book about them."""

    def __init__(self, folder: Path) -> None:
        (folder / "config.toml").write_text(CONFIG)
        config, problems = load_config(folder / "config.toml")
        assert config is not None
        assert not problems
        self.folder = folder / "plans"
        self.folder.mkdir()
        self.config = config
        self.book = PlanBook(self.folder, config)

    def write(
        self, name: str, *, source: str = SOURCE_ID, target: str = TARGET_ID, more: str = ""
    ) -> None:
        text = PLAN.replace('name = "orders"', f'name = "{name}"').replace(TARGET_ID, target)
        text = text.replace(SOURCE_ID, source)
        (self.folder / f"{name}.toml").write_text(more + text)

    def spoil(self, name: str) -> None:
        (self.folder / f"{name}.toml").write_text("this is = no plan [")

    @property
    def names(self) -> list[str]:
        return [one.plan.name for one in self.book.plans]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_files_that_have_not_changed_are_nothing_new(shelf):
    shelf.write("orders")

    assert shelf.book.read()
    assert not shelf.book.read()
    assert shelf.names == ["orders"]


def test_a_plan_that_is_spoilt_stands_as_it_was_and_is_reported_with_its_file(shelf):
    shelf.write("orders", more='description = "first"\n')
    shelf.write("billing")
    shelf.book.read()

    shelf.spoil("orders")

    assert shelf.book.read()
    assert shelf.names == ["billing", "orders"]
    assert [one.plan.description for one in shelf.book.plans][1] == "first"
    (problem,) = shelf.book.problems
    assert "orders.toml" in problem.file


def test_a_plan_that_is_mended_counts_again_and_the_report_ends(shelf):
    shelf.write("orders")
    shelf.book.read()
    shelf.spoil("orders")
    shelf.book.read()

    shelf.write("orders", more='description = "mended"\n')

    assert shelf.book.read()
    assert shelf.book.plans[0].plan.description == "mended"
    assert shelf.book.problems == ()


def test_a_plan_that_was_never_valid_stops_no_other(shelf):
    shelf.write("orders")
    shelf.spoil("broken")

    shelf.book.read()

    assert shelf.names == ["orders"]
    assert len(shelf.book.problems) == 1


def test_a_plan_whose_file_is_gone_is_gone(shelf):
    shelf.write("orders")
    shelf.write("billing")
    shelf.book.read()

    (shelf.folder / "orders.toml").unlink()

    assert shelf.book.read()
    assert shelf.names == ["billing"]


def test_a_folder_that_is_away_leaves_every_plan_as_it_is(shelf, tmp_path):
    shelf.write("orders")
    shelf.book.read()

    shutil.move(shelf.folder, tmp_path / "elsewhere")

    assert shelf.book.read()
    assert shelf.names == ["orders"]
    assert "cannot read this folder" in str(shelf.book.problems[0])
    shutil.move(tmp_path / "elsewhere", shelf.folder)
    assert shelf.book.read()
    assert shelf.book.problems == ()


def test_an_empty_folder_is_an_order_to_do_nothing(shelf):
    shelf.write("orders")
    shelf.book.read()

    (shelf.folder / "orders.toml").unlink()
    shelf.book.read()

    assert shelf.names == []
    assert shelf.book.problems == ()


def test_a_new_plan_that_contradicts_another_is_not_run_but_its_source_is_known(shelf):
    shelf.write("orders")
    shelf.book.read()

    shelf.write("newer", source=TARGET_ID, target=OTHER_ID)
    shelf.book.read()

    assert shelf.names == ["orders"]
    assert TARGET_ID in {one.plan.source.instance_id for one in shelf.book.known}
    assert shelf.book.problems


def test_a_change_that_contradicts_another_plan_leaves_both_as_they_were(shelf):
    shelf.write("orders")
    shelf.write("billing", source=OTHER_ID, more='description = "before"\n')
    shelf.book.read()

    shelf.write("billing", source=TARGET_ID, target=OTHER_ID)
    shelf.book.read()

    assert shelf.names == ["billing", "orders"]
    assert shelf.book.plans[0].plan.description == "before"
    assert shelf.book.problems


def test_it_reads_anyway_when_told_so(shelf):
    shelf.write("orders")
    shelf.book.read()

    assert not shelf.book.read(anyway=True)
    assert shelf.names == ["orders"]


def test_a_plan_that_was_spoilt_while_nobody_ran_stands_as_the_process_before_had_it(shelf):
    shelf.write("orders")
    shelf.write("billing", source=OTHER_ID)
    shelf.book.read()
    before = {one.plan.name: replace(one, text="") for one in shelf.book.plans}

    shelf.spoil("orders")
    shelf.spoil("never-valid")
    (shelf.folder / "billing.toml").unlink()
    shelf.book = PlanBook(shelf.folder, shelf.config, remembered=lambda file: before.get(file.stem))
    shelf.book.read()

    assert shelf.names == ["orders"]
    assert len(shelf.book.problems) == 2


def test_a_memory_that_is_away_leaves_the_folder_to_be_read_again(shelf):
    shelf.spoil("orders")
    is_away = [True]

    def remembered(file: Path) -> None:
        if is_away.pop():
            raise StoreUnavailable("the store is locked")

    shelf.book = PlanBook(shelf.folder, shelf.config, remembered=remembered)
    with pytest.raises(StoreUnavailable):
        shelf.book.read()
    is_away.append(False)

    assert shelf.book.read()
    assert len(shelf.book.problems) == 1
