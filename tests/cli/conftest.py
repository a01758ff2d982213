"""A folder as a user has it, beside a sandbox that runs in this process with fake servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from drill.sandbox import catalogue
from drill.sandbox.threaded import ThreadedSandbox
from drill.store import SqlJournal, open_journal
from tests.cli.calling import Said, call
from tests.sandbox.fake_servers import FakeServers

CONFIG = """
[clouds.sandbox]
kind = "sandbox"
region = "{region}"
endpoint = "{endpoint}"
iam_endpoint = "{endpoint}"
project_id = "{project_id}"
allow_loopback = true
[clouds.sandbox.credentials]
kind = "keys"
access_key = "env:TEST_ACCESS_KEY"
secret_key = "env:TEST_SECRET_KEY"
"""

PLAN = """
name = "orders"
[source]
cloud = "sandbox"
instance_id = "{source_id}"
[restore]
mode = "pitr"
selection = {{ policy = "latest" }}
[target]
kind = "new"
flavor = "rds.pg.n1.small"
volume = {{ type = "CLOUDSSD" }}
availability_zone = "{zone}"
vpc_id = "{vpc}"
subnet_id = "{subnet}"
[objectives]
rpo = "10d"
[login]
user = "reader"
password = "env:TEST_READER"
database = "shop"
[[checks]]
kind = "connects"
"""


@dataclass
class Desk:
    """The folder, the sandbox, and a way to give commands."""

    folder: Path
    sandbox: ThreadedSandbox
    servers: FakeServers
    source_id: str

    def drill(self, *words: str) -> Said:
        try:
            return call(self.folder / "config.toml", *words)
        except click.ClickException as error:
            return Said(error.exit_code, "", error.format_message())

    def journal(self) -> closing[SqlJournal]:
        return closing(open_journal("sqlite:///drill.db", folder=self.folder))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    servers = FakeServers()
    with ThreadedSandbox(tmp_path / "state", servers) as sandbox:
        keys = sandbox.credentials
        monkeypatch.setenv("TEST_ACCESS_KEY", keys.access_key)
        monkeypatch.setenv("TEST_SECRET_KEY", keys.secret_key)
        monkeypatch.setenv("TEST_READER", "reader-password")
        made = sandbox.admin.create_instance("orders-prod", password="drill-Test-0001")
        folder = tmp_path / "desk"
        (folder / "plans").mkdir(parents=True)
        (folder / "config.toml").write_text(
            CONFIG.format(
                region=catalogue.REGION, endpoint=sandbox.endpoint, project_id=keys.project_id
            )
        )
        (folder / "plans" / "orders.toml").write_text(
            PLAN.format(
                source_id=made["id"],
                zone=catalogue.ZONE,
                vpc=catalogue.VPC_ID,
                subnet=catalogue.SCRATCH_SUBNET_ID,
            )
        )
        yield Desk(folder, sandbox, servers, str(made["id"]))
