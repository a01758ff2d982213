"""Files of plans: what is read, what is refused, and what cannot be tricked."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import unicodedata

import pytest

from drill.plan.loader import load_config, load_plans


def test_a_plan_comes_with_its_file_its_digest_and_its_text(desk):
    file = desk.plan()

    (loaded,), problems = load_plans(desk.folder)

    assert problems == []
    assert loaded.plan.name == "orders"
    assert loaded.file == file
    assert loaded.digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert loaded.text == file.read_text(encoding="utf-8")


def test_plans_come_in_the_order_of_their_names(desk):
    for name in ("c", "a", "b-2", "b"):
        desk.plan(name)

    plans, _ = load_plans(desk.folder)

    assert [loaded.plan.name for loaded in plans] == ["a", "b", "b-2", "c"]


def test_other_files_are_no_plans(desk):
    desk.plan()
    (desk.folder / ".hidden.toml").write_text("x")
    (desk.folder / "README.md").write_text("x")
    (desk.folder / "orders.toml.bak").write_text("x")
    (desk.folder / ".#lock.toml").symlink_to("nobody@nowhere")

    plans, problems = load_plans(desk.folder)

    assert len(plans) == 1
    assert problems == []


def test_only_the_plans_asked_for_are_read(desk):
    desk.plan("a")
    desk.plan("b", ("[source]", "grup = 1\n[source]"))
    (desk.folder / "BAD.toml").write_text("")

    plans, problems = load_plans(desk.folder, ["a", "a"])

    assert [loaded.plan.name for loaded in plans] == ["a"]
    assert problems == []


@pytest.mark.parametrize(
    "name", ["order", "../orders", "orders.toml", "/etc/passwd", "", "O\x1brders"]
)
def test_a_plan_that_does_not_exist_is_told_with_those_that_do(desk, name):
    desk.plan("orders")

    plans, problems = load_plans(desk.folder, [name])

    assert plans == []
    assert len(problems) == 1
    assert problems[0].message.startswith("no plan is named ")
    assert "orders" in problems[0].hint


def test_a_name_must_be_that_of_the_file_even_if_more_is_wrong(desk):
    file = desk.plan("orders", ('user = "reader"', "user = 5"))
    file.rename(desk.folder / "other.toml")

    _, problems = load_plans(desk.folder)

    assert [problem.message for problem in problems] == [
        "name: the plan is named 'orders', but its file 'other'",
        "login.user: is a whole number, and should be a text",
    ]


def test_two_files_cannot_hold_one_name(desk):
    text = desk.plan("orders").read_text(encoding="utf-8")
    (desk.folder / "copy.toml").write_text(text, encoding="utf-8")
    (desk.folder / "Orders.toml").write_text(text, encoding="utf-8")

    plans, problems = load_plans(desk.folder)

    assert len(plans) == 1
    assert [os.path.basename(problem.file) for problem in problems] == ["Orders.toml", "copy.toml"]


@pytest.mark.parametrize(
    "file_name",
    [
        "Orders.toml",
        "orders.TOML",
        "or ders.toml",
        "-orders.toml",
        "con.toml",
        "nul.toml",
        "lpt1.toml",
        "a.b.toml",
        "a\x1b[2J.toml",
        "a\n.toml",
        "x" * 64 + ".toml",
        "x" * 250 + ".toml",
        unicodedata.normalize("NFC", "é.toml"),
        unicodedata.normalize("NFD", "é.toml"),
        "о.toml",  # a Cyrillic letter that looks like a Latin one
        "$(reboot).toml",
    ],
)
def test_a_file_name_that_could_be_misread_is_refused(desk, file_name):
    text = desk.plan().read_text(encoding="utf-8")
    (desk.folder / "orders.toml").unlink()
    (desk.folder / file_name).write_text(text, encoding="utf-8")

    plans, problems = load_plans(desk.folder)

    assert plans == []
    assert len(problems) == 1
    assert problems[0].message.startswith("this file name is ")
    assert "\x1b" not in str(problems[0])


def test_a_file_name_that_is_no_utf8_is_refused_and_can_be_printed(desk):
    path = os.fsencode(desk.folder) + b"/\xff.toml"
    with open(path, "wb") as file:
        file.write(b"")

    _, problems = load_plans(desk.folder)

    assert r"\udcff.toml" in str(problems[0])


def test_a_link_that_leads_out_of_the_folder_is_refused(desk, tmp_path):
    outside = tmp_path / "outside.toml"
    desk.plan().rename(outside)
    (desk.folder / "orders.toml").symlink_to(outside)
    (desk.folder / "lost.toml").symlink_to("nowhere.toml")
    (desk.folder / "round.toml").symlink_to("round.toml")

    plans, problems = load_plans(desk.folder)

    assert plans == []
    assert [problem.message for problem in problems] == [
        "this link leads out of the folder of plans"
    ] * 3


def test_a_link_inside_the_folder_is_followed(desk):
    (desk.folder / "..data").mkdir()
    desk.plan().rename(desk.folder / "..data" / "orders.toml")
    (desk.folder / "orders.toml").symlink_to("..data/orders.toml")

    plans, problems = load_plans(desk.folder)

    assert [loaded.plan.name for loaded in plans] == ["orders"]
    assert problems == []


def test_what_is_no_regular_file_is_refused_without_waiting(desk):
    os.mkfifo(desk.folder / "pipe.toml")
    (desk.folder / "folder.toml").mkdir()

    _, problems = load_plans(desk.folder)

    assert [problem.message for problem in problems] == ["this file is no regular file"] * 2


def test_a_huge_file_is_refused_and_the_largest_is_not(desk):
    text = desk.plan().read_text(encoding="utf-8")
    (desk.folder / "huge.toml").write_text("#" * 1_000_001, encoding="utf-8")
    (desk.folder / "orders.toml").write_text(text + "#" * (1_000_000 - len(text)), encoding="utf-8")

    plans, problems = load_plans(desk.folder)

    assert len(plans) == 1
    assert [problem.message for problem in problems] == ["this file is larger than 1000000 bytes"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(desk):
    desk.plan().chmod(0)

    _, problems = load_plans(desk.folder)

    assert [problem.message for problem in problems] == ["this file may not be read by this user"]


def test_a_folder_without_plans_is_told(desk):
    assert load_plans(desk.folder)[1][0].message == "there is no plan in this folder"


@pytest.mark.parametrize("name", ["missing", "config.toml", "a\0b", "x" * 300])
def test_a_folder_that_cannot_be_read_is_told(desk, tmp_path, name):
    desk.config()

    plans, problems = load_plans(tmp_path / name)

    assert plans == []
    assert len(problems) == 1
    assert "cannot read this folder" in problems[0].message


def test_a_configuration_that_does_not_exist_is_told(tmp_path):
    config, problems = load_config(tmp_path / "config.toml")

    assert config is None
    assert [problem.message for problem in problems] == ["this file does not exist"]


HEAVY = ("tree_sitter", "requests", "sqlalchemy", "sqlmodel", "jinja2", "click", "rich", "psycopg")


def test_valid_plans_are_checked_without_heavy_imports(desk):
    desk.plan(more='[schedule]\ncron = "0 2 * * *"\n')
    script = (
        "import sys; from pathlib import Path; from drill.plan.loader import *\n"
        f"plans, problems = load_plans(Path({str(desk.folder)!r}))\n"
        f"config, more = load_config(Path({str(desk.config())!r}))\n"
        "assert not problems + more + check_plans_against(config, plans)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
