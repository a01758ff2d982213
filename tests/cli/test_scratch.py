"""``drill scratch prepare``: what it says of an instance that nobody set aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.cli.main import cli
from drill.errors import UnknownName
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
