"""Parts of plans that say the same are one part."""

from __future__ import annotations

from drill.plan.loader import load_plans
from drill.plan.model import Plan, SqlCheck


def test_plans_share_the_parts_that_say_the_same(desk):
    desk.plan("a")
    desk.plan("b")

    (one, other), _ = load_plans(desk.folder)

    assert one.plan.target is other.plan.target
    assert one.plan.restore is other.plan.restore
    assert one.plan.checks[0] is other.plan.checks[0]


def test_a_plan_that_is_read_back_shares_its_parts_with_that_of_the_file(desk):
    desk.plan("a")
    (loaded,), _ = load_plans(desk.folder)

    read_back = Plan.model_validate_json(loaded.plan.model_dump_json())

    assert read_back == loaded.plan
    assert read_back.target is loaded.plan.target


def test_values_that_are_equal_and_not_the_same_stay_apart(desk):
    for name, expected in (("a", "1"), ("b", "true"), ("c", "1.0")):
        desk.plan(name, more=f'[[checks]]\nkind = "sql"\nquery = "q"\nexpected = {expected}\n')

    plans, _ = load_plans(desk.folder)

    checks = [loaded.plan.checks[1] for loaded in plans]
    values = [check.expected for check in checks if isinstance(check, SqlCheck)]
    assert [type(value) for value in values] == [int, bool, float]
