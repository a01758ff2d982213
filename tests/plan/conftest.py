"""A valid plan and a valid configuration as texts, to spoil in one place each."""

from __future__ import annotations

from pathlib import Path

import pytest

SOURCE_ID = "0123456789abcdef0123456789abcdefin03"
TARGET_ID = "fedcba9876543210fedcba9876543210in03"

PLAN = f"""\
name = "orders"

[source]
cloud = "main"
instance_id = "{SOURCE_ID}"

[restore]
mode = "pitr"
selection = {{ policy = "latest" }}

[target]
kind = "existing"
instance_id = "{TARGET_ID}"

[login]
user = "reader"
password = "env:DRILL_TEST_PASSWORD"
database = "shop"

[[checks]]
kind = "connects"
"""

CONFIG = f"""\
[clouds.main]
kind = "huawei"
region = "r-1"
endpoint = "https://rds.r-1.myhuaweicloud.com"
iam_endpoint = "https://iam.r-1.myhuaweicloud.com"
project_id = "0123456789abcdef0123456789abcdef"

[clouds.main.credentials]
kind = "keys"
access_key = "env:DRILL_TEST_ACCESS_KEY"
secret_key = "env:DRILL_TEST_SECRET_KEY"

[[scratch]]
cloud = "main"
instance_id = "{TARGET_ID}"
baseline = "empty"
user = "root"
password = "env:DRILL_TEST_SCRATCH_PASSWORD"
"""


class Desk:
    """A folder of plans and a config.toml, and short words to write into them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "plans"
        self.folder.mkdir()
        self.config_file = folder / "config.toml"

    def plan(self, name: str = "orders", *changes: tuple[str, str], more: str = "") -> Path:
        """Write the valid plan under a name, with texts exchanged and more at its end."""
        file = self.folder / f"{name}.toml"
        text = _changed(PLAN, changes).replace('name = "orders"', f'name = "{name}"', 1)
        file.write_text(text + more, encoding="utf-8")
        return file

    def config(self, *changes: tuple[str, str], more: str = "") -> Path:
        """Write the valid configuration, with texts exchanged and more at its end."""
        self.config_file.write_text(_changed(CONFIG, changes) + more, encoding="utf-8")
        return self.config_file


def _changed(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return an empty desk."""
    return Desk(tmp_path)
