"""The demo world on real servers: what is in it, that it lives, and that it survives a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from drill.sandbox.admin_client import AdminClient
from drill.sandbox.planting import id_of
from tests.sandbox.client import eventually
from tests.sandbox.mariadb_rows import WHY_MISSING, needs_mariadb

pytestmark = pytest.mark.servers

PROGRAM = """
import sys
from pathlib import Path
from drill.sandbox.serve import serve
serve(Path(sys.argv[1]), seed=True)
"""
MARIADB_NAMES = {"invoices-prod", "drill-scratch-m"}
NAMES = {"orders-prod", "billing-prod", "drill-scratch-a", "drill-scratch-b"} | MARIADB_NAMES


def start(state: Path) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(state)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )

    def ready() -> bool:
        assert process.poll() is None, "the sandbox ended before it was ready"
        # A killed sandbox leaves its own file behind.
        mark = state / "ready"
        return mark.exists() and mark.read_text().strip() == str(process.pid)

    eventually(ready, within=60)
    return process


def read(state: Path, name: str) -> str:
    return (state / name).read_text().strip()


def look(state: Path) -> dict[str, dict[str, Any]]:
    admin = AdminClient(read(state, "endpoint"), read(state, "admin-token"))
    return {each["name"]: each for each in admin.state()["instances"]}


def ask(state: Path, instance: dict[str, Any], question: str) -> Any:
    with psycopg.connect(
        host="127.0.0.1",
        port=instance["port"],
        dbname="shop",
        user="drill_check",
        password=read(state, "check-password"),
    ) as connection:
        row = connection.execute(question).fetchone()
        return row[0] if row else None


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("world") / "state"
    process = start(folder)
    try:
        yield folder
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_sources_have_a_choice_of_backups_and_scratch_instances_an_empty_baseline(state):
    world = look(state)

    assert set(world) == NAMES
    for name, instance in world.items():
        family = "in01" if name in MARIADB_NAMES else "in03"
        assert instance["id"] == id_of(name, family)
        backups = instance["backups"]
        if WHY_MISSING is not None and name in MARIADB_NAMES:
            assert (backups, instance["private_ips"]) == ([], [])  # listed, and no more
            continue
        assert {each["status"] for each in backups} == {"COMPLETED"}
        if name.startswith("drill-scratch"):
            assert instance["tags"] == [{"key": "drill-scratch", "value": "yes"}]
            assert [(each["name"], each["type"]) for each in backups] == [
                ("drill-baseline", "manual")
            ]
        else:
            assert len(backups) >= 2
    sources = [world["orders-prod"], world["billing-prod"]]
    smallest = min(world[name]["volume"]["size"] for name in NAMES if "scratch" in name)
    assert max(each["volume"]["size"] for each in sources) <= smallest


@pytest.mark.parametrize("name", ["orders-prod", "billing-prod"])
def test_a_source_holds_a_shop_that_the_checking_account_can_examine(state, name):
    source = look(state)[name]

    assert ask(state, source, "select count(*) from shop.orders") >= 10_000
    assert ask(state, source, "select count(*) from shop.order_items") >= 20_000
    assert ask(state, source, "select shop.order_total(1)") > 0
    assert ask(state, source, "select bt_index_check('shop.orders_pkey', true)::text") == ""
    assert ask(state, source, "select count(*) from verify_heapam('shop.orders')") == 0
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        ask(state, source, "insert into shop.heartbeat (at) values (now()) returning id")


@needs_mariadb
def test_the_mariadb_source_lives_and_its_checking_account_can_only_read(state):
    source = look(state)["invoices-prod"]
    with (
        closing(
            pymysql.connect(
                host="127.0.0.1",
                port=source["port"],
                user="drill_check",
                password=read(state, "check-password"),
                database="shop",
                autocommit=True,
            )
        ) as connection,
        connection.cursor() as cursor,
    ):

        def answer(question: str) -> Any:
            cursor.execute(question)
            return cursor.fetchone()

        before = answer("select count(*) from heartbeat")[0]
        assert answer("select count(*) from orders")[0] >= 8_000
        assert answer("select order_total(1)")[0] > 0
        assert answer("check table orders")[-1] == "OK"
        with pytest.raises(pymysql.OperationalError, match="denied"):
            answer("insert into heartbeat (at) values (now())")
        eventually(lambda: answer("select count(*) from heartbeat")[0] >= before + 2)


def test_heartbeats_come_twice_a_second_and_orders_keep_coming(state):
    source = look(state)["orders-prod"]
    beats = "select count(*) from shop.heartbeat"
    orders = "select count(*) from shop.orders"
    before, orders_before = ask(state, source, beats), ask(state, source, orders)
    began = time.monotonic()

    eventually(lambda: ask(state, source, orders) > orders_before)
    eventually(lambda: ask(state, source, beats) >= before + 4)
    rate = (ask(state, source, beats) - before) / (time.monotonic() - began)
    assert 1.0 < rate < 3.5


def test_a_killed_world_comes_back_as_it_was_and_goes_on(tmp_path):
    state = tmp_path / "state"
    process = start(state)
    try:
        before = look(state)
        newest = ask(state, before["orders-prod"], "select max(at) from shop.heartbeat")
        process.kill()
        process.wait()

        process = start(state)
        after = look(state)
        assert {name: each["id"] for name, each in after.items()} == {
            name: each["id"] for name, each in before.items()
        }
        assert {each["status"] for each in after.values()} == {"ACTIVE"}
        source = after["orders-prod"]
        assert [each["id"] for each in source["backups"]] == [
            each["id"] for each in before["orders-prod"]["backups"]
        ]
        question = "select max(at) from shop.heartbeat"
        eventually(lambda: ask(state, source, question) > newest)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
