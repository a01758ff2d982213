"""``drill scratch prepare``: what it says of an instance that nobody set aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.cli.main import cli
from drill.cli.scratch import _say_aside
from drill.engine.preparing import Aside
from drill.errors import UnknownName
from drill.guard.admission import Refusal
from drill.guard.facts import Role
from tests.builders import a_backup, an_instance
from tests.cli.folders import NIGHTLY, Folder

PROTECTED = '\n[[protected]]\ncloud = "main"\ninstance_ids = ["kept-1"]\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    folder = Folder(tmp_path, monkeypatch)
    folder.write_plan("orders", rest=NIGHTLY)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text() + PROTECTED)
    return folder


@pytest.mark.parametrize(
    ("instance_id", "hint"),
    [
        ("kept-1", "It is protected"),
        ("source-1", "It is the source of a plan"),
        ("other-1", "add it to [[scratch]]"),
    ],
)
def test_nobody_is_advised_to_set_production_aside(folder: Folder, instance_id: str, hint: str):
    words = ["scratch", "prepare", instance_id, "--cloud", "main"]

    with pytest.raises(UnknownName) as raised:
        cli.main(["--config", str(folder.path / "config.toml"), *words], standalone_mode=False)

    assert "listed neither" in raised.value.message
    assert hint in (raised.value.hint or "")
    assert ("[[scratch]]" in (raised.value.hint or "")) is (instance_id == "other-1")


SCRATCH = """
[[scratch]]
cloud = "main"
instance_id = "scratch-1"
baseline = "drill-baseline"
user = "root"
password = "env:DRILL_TEST_ACCESS_KEY"
"""


def test_a_cloud_that_is_away_is_not_taken_for_an_empty_list(folder: Folder):
    config = folder.path / "config.toml"
    nothing = folder.drill("scratch", "list")
    config.write_text(config.read_text() + SCRATCH)

    away = folder.drill("scratch", "list")

    assert (nothing.code, "nothing is set aside" in nothing.err) == (0, True)
    assert (away.code, "nothing is set aside" in away.err) == (4, False)
    assert "no data: cloud main could not be asked" in away.err
    assert "hint: Check host and port of the endpoint" in away.err


def test_an_invalid_plan_is_said_and_the_list_is_there_all_the_same(folder: Folder):
    folder.write_plan("broken", top="flavour = 1")

    said = folder.drill("scratch", "list")
    found = folder.drill("scratch", "list", "--output", "json").json()

    assert "plan invalid: " in said.err
    assert "broken.toml" in said.err
    assert "nothing is set aside" in said.err
    assert said.code == 3
    assert [(one["file"].endswith("broken.toml")) for one in found["problems"]] == [True]


def test_an_invalid_plan_hides_no_cloud_that_is_away(folder: Folder):
    config = folder.path / "config.toml"
    config.write_text(config.read_text() + SCRATCH)
    for file in (folder.path / "plans").glob("*.toml"):
        file.write_text("no plan")

    said = folder.drill("scratch", "list")

    assert "plan invalid: " in said.err
    assert "no data: cloud main could not be asked" in said.err
    assert said.code == 4


@pytest.mark.parametrize("is_refused", [True, False])
def test_what_was_refused_is_not_said_to_be_ready(is_refused, capsys):
    refusal = Refusal(rule="empty", message="nobody could look into it", hint="Check the user.")
    backups = (a_backup(name="drill-baseline"),)
    aside = Aside(
        cloud="main",
        instance_id="scratch-1",
        role=Role.TARGET,
        baseline_name="drill-baseline",
        instance=an_instance(id="scratch-1", tags={"drill-scratch": "yes"}),
        backups=backups,
        held_by=None,
        blank=None,
        seen=None,
        refusals=(refusal,) if is_refused else (),
        lacks=(),
    )

    _say_aside(aside, applied=False)

    said = capsys.readouterr().err
    assert ("ready" in said) is not is_refused
    assert ("refused: nobody could look" in said) is is_refused
