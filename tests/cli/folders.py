"""A folder with config.toml, plans and a store, and the command line in front of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from drill.plan.loader import load_plans
from drill.plan.model import Plan
from drill.store import SqlJournal, open_journal
from tests.cli.calling import Said, call

CONFIG = """\
[clouds.main]
kind = "sandbox"
region = "r-1"
endpoint = "http://127.0.0.1:9"
iam_endpoint = "http://127.0.0.1:9"
project_id = "0123456789abcdef0123456789abcdef"
allow_loopback = true
poll_every = "10ms"

[clouds.main.credentials]
kind = "keys"
access_key = "env:DRILL_TEST_ACCESS_KEY"
secret_key = "env:DRILL_TEST_SECRET_KEY"

[limits]
start_patience = "10ms"
"""

PLAN = """\
name = "{name}"
{top}

[source]
cloud = "main"
instance_id = "{source}"

[restore]
mode = "pitr"
selection = {{ policy = "latest" }}

[target]
kind = "new"
flavor = "rds.pg.n1.small"
volume = {{ type = "CLOUDSSD" }}
availability_zone = "az-1"
vpc_id = "vpc-1"
subnet_id = "subnet-1"

[[checks]]
kind = "connects"

{rest}
"""


class Folder:
    """Everything that a command needs, on disk."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        (path / "config.toml").write_text(CONFIG)
        (path / "plans").mkdir()
        for name in ("DRILL_TEST_ACCESS_KEY", "DRILL_TEST_SECRET_KEY"):
            monkeypatch.setenv(name, "K" * 20)

    def write_plan(self, name: str, *, source: str = "source-1", top: str = "", rest: str = ""):
        text = PLAN.format(name=name, source=source, top=top, rest=rest)
        (self.path / "plans" / f"{name}.toml").write_text(text)

    def plan(self, name: str) -> Plan:
        plans, problems = load_plans(self.path / "plans", [name])
        assert problems == []
        return plans[0].plan

    def store(self) -> SqlJournal:
        return open_journal("sqlite:///drill.db", folder=self.path)

    def drill(self, *words: str) -> Said:
        """Call the command line as a shell would; an error becomes its code and its words."""
        return call(self.path / "config.toml", *words)


def now() -> datetime:
    return datetime.now(UTC)


NIGHTLY = '[schedule]\ncron = "0 2 * * *"'
EVERY_MINUTE = '[schedule]\ncron = "* * * * *"'
"""Its slot is always there when a test looks."""
