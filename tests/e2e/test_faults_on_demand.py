"""Drills under every fault that the sandbox can be told to have (docs/sandbox-faults.md).

Trouble of the infrastructure is waited for or ends as inconclusive; a recovery point that cannot be
restored is failed_restore with the reason. Whatever happens, nothing is ordered twice, nothing is
left, and the fault is told in plain words.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drill.engine.record import Outcome, Teardown
from tests.e2e.inside import BOTH, EXISTING, NEW, ORDER, run, short, workshop

KEYS = """kind = "keys"
access_key = "file:.sandbox/access-key"
secret_key = "file:.sandbox/secret-key"
"""
PASSWORD = """kind = "password"
user = "file:.sandbox/user"
domain = "file:.sandbox/domain"
password = "file:.sandbox/password"
"""


PASSING_READS: list[tuple[str, dict[str, Any]]] = [
    ("delay", {"seconds": 0.3, "times": 5}),
    ("reset_body", {"method": "GET", "times": 2}),
    ("throttle_next", {"seconds": 1, "times": 2}),
    ("error_next", {"method": "GET", "status": 500, "times": 4}),
    ("error_next", {"method": "GET", "status": 503, "body": "empty", "times": 4}),
    ("html_next", {"method": "GET", "status": 502, "times": 4}),
    ("html_next", {"path": "/jobs$", "status": 200, "times": 2}),
    ("huge_answer", {"path": "/jobs$", "times": 2}),
    ("short_pages", {"times": 100}),
    ("repeat_items", {"method": "GET", "times": 2}),
    ("reorder_items", {"method": "GET", "times": 3}),
    ("odd_objects", {"path": "/(instances|backups|tasklist)$", "times": 100}),
    ("shrink_windows", {"seconds": 0.5, "times": 1}),
]
PASSING_ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("reset_body", ORDER),
    ("throttle_next", ORDER),
    ("error_next", {**ORDER, "status": 503, "body": "text", "accepted": True}),
    ("error_next", {**ORDER, "status": 409, "code": "DBS.201202"}),
    ("html_next", {**ORDER, "status": 200, "accepted": True}),
    ("huge_answer", ORDER),
]
WAYS = [
    *((fault, (NEW, EXISTING)[number % 2]) for number, fault in enumerate(PASSING_READS)),
    *((fault, name) for fault in PASSING_ORDERS for name in (NEW, EXISTING)),
    (("error_next", {**ORDER, "status": 413, "code": "DBS.200046"}), NEW),
]


def _id(value: object) -> str:
    if isinstance(value, str):
        return value
    kind, members = value if isinstance(value, tuple) else (str(value), {})
    return "-".join([kind, *(str(each) for name, each in members.items() if name != "path")])


@pytest.mark.parametrize(("fault", "name"), WAYS, ids=_id)
def test_trouble_that_passes_is_waited_for_and_nothing_is_ordered_twice(shop, name, fault):
    kind, members = fault
    shop.admin.add_fault(kind, **members)

    record = run(shop, short(shop, name))

    assert record.outcome is Outcome.PASSED, (record.reason, record.hint)
    untouched = {"kind": kind, "times": members.get("times", 1)}
    assert untouched not in shop.admin.state()["faults"]


def test_pages_that_are_short_and_repeat_themselves_are_read_again(shop):
    shop.admin.add_fault("short_pages", times=100)
    shop.admin.add_fault("repeat_items", times=4, path="/instances$")

    record = run(shop, short(shop, NEW))

    assert record.outcome is Outcome.PASSED, record.reason


def test_lists_that_never_stand_still_are_inconclusive(shop):
    shop.admin.add_fault("short_pages", times=1000)
    shop.admin.add_fault("repeat_items", times=1000)

    record = run(shop, short(shop, NEW), creations=0)

    assert record.outcome is Outcome.INCONCLUSIVE
    assert "the list changed each time it was read" in str(record.reason)


@pytest.mark.parametrize(
    ("kind", "members", "words"),
    [
        ("html_next", {"times": 100}, "no JSON object"),
        ("huge_answer", {"times": 100}, "larger than"),
        ("error_next", {"times": 1000, "status": 503, "body": "empty"}, "HTTP 503"),
        ("error_next", {"times": 1000, "status": 403, "code": "DBS.280015"}, "DBS.280015"),
        ("hide_windows", {"times": 100}, "window"),
        ("shrink_windows", {"times": 100, "seconds": 86400}, "window"),
    ],
)
def test_trouble_that_stays_before_the_order_is_inconclusive_and_orders_nothing(
    shop, kind, members, words
):
    shop.admin.add_fault(kind, **members)

    record = run(shop, short(shop, NEW), creations=0, start_patience=timedelta(seconds=2))

    assert record.outcome is Outcome.INCONCLUSIVE
    assert words in str(record.reason)
    assert record.hint
    assert record.teardown is Teardown.NOT_NEEDED


def test_window_that_vanishes_between_choice_and_order_orders_nothing(shop):
    shop.admin.add_fault("hide_windows", after=1, times=100)

    record = run(shop, short(shop, NEW), creations=0)

    assert record.outcome in {Outcome.REFUSED, Outcome.INCONCLUSIVE}
    assert "window" in str(record.reason)


@BOTH
def test_order_that_a_balancer_swallowed_is_never_repeated(shop, name):
    shop.admin.add_fault("error_next", **ORDER, status=503, body="empty")

    record = run(shop, short(shop, name), creations=0, recoveries=0)

    assert record.outcome is Outcome.INCONCLUSIVE
    assert "was lost" in str(record.reason)


def test_tokens_that_expire_on_the_way_are_renewed(inside, tmp_path):
    with workshop(inside, tmp_path, [(KEYS, PASSWORD)]) as shop:
        shop.admin.add_fault("expire_tokens", path="/instances$")
        shop.admin.add_fault("expire_tokens", path="/instances$", method="POST")
        shop.admin.add_fault("expire_tokens", path="/jobs$")

        assert run(shop, short(shop, NEW)).outcome is Outcome.PASSED
        assert shop.admin.state()["faults"] == []


def test_tokens_that_are_never_good_are_no_endless_loop(inside, tmp_path):
    with workshop(inside, tmp_path, [(KEYS, PASSWORD)]) as shop:
        shop.admin.add_fault("expire_tokens", path="/instances$", times=1000)

        record = run(shop, short(shop, NEW), creations=0)

        assert record.outcome is Outcome.INCONCLUSIVE
        assert "credentials" in str(record.reason)
        shop.admin.clear_faults()
