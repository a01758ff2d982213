"""Plans that are valid alone are held against the configuration and against each other."""

from __future__ import annotations

import re
from typing import Any

import pytest

from drill.plan.loader import check_plans_against, load_config, load_plans
from drill.plan.problems import Problem

NEW_TARGET = """\
kind = "new"
flavor = "rds.pg.n1.small"
availability_zone = "eu-de-01"
vpc_id = "vpc"
subnet_id = "subnet"
volume = { type = "CLOUDSSD" }
"""
LOGIN = (
    '[login]\nuser = "reader"\npassword = "env:DRILL_TEST_PASSWORD"\ndatabase = "shop"\n',
    "",
)


@pytest.fixture
def ids(desk):
    """Return the ids of the source and of the target of the valid plan."""
    file = desk.plan()
    found = re.findall(r'instance_id = "(\w+)"', file.read_text(encoding="utf-8"))
    file.unlink()
    return found


@pytest.fixture
def new_target(ids):
    """Return the change that gives a plan a new target."""
    return (f'kind = "existing"\ninstance_id = "{ids[1]}"\n', NEW_TARGET)


def _told(desk: Any, *changes_of_config: tuple[str, str], more: str = "") -> list[Problem]:
    config, problems = load_config(desk.config(*changes_of_config, more=more))
    assert config is not None, problems
    plans, problems = load_plans(desk.folder)
    assert problems == []
    return check_plans_against(config, plans)


def test_a_plan_that_agrees_has_no_problem(desk):
    desk.plan()

    assert _told(desk) == []


def test_a_plan_may_have_a_new_target_and_no_login(desk, new_target):
    desk.plan("orders", new_target, LOGIN)

    assert _told(desk) == []


def test_a_cloud_must_be_in_the_configuration(desk, new_target):
    desk.plan("orders", ('cloud = "main"', 'cloud = "mane"'), new_target)

    (problem,) = _told(desk)

    assert (problem.line, problem.column) == (4, 1)
    assert problem.message == "source.cloud: no cloud of config.toml is named 'mane'"
    assert problem.hint == 'Did you mean "main"?'


def test_an_existing_target_must_be_on_the_allow_list(desk, ids):
    desk.plan()

    (problem,) = _told(desk, (ids[1], "another"))

    assert (problem.line, problem.column) == (13, 1)
    assert "is not on the scratch allow-list" in problem.message
    assert f'cloud = "main", instance_id = "{ids[1]}"' in problem.hint


def test_being_allowed_in_another_cloud_is_not_enough(desk):
    desk.plan()
    cloud = desk.config().read_text(encoding="utf-8")
    second = cloud[: cloud.index("[[scratch]]")].replace("clouds.main", "clouds.second")

    (problem,) = _told(
        desk, ('[[scratch]]\ncloud = "main"', '[[scratch]]\ncloud = "second"'), more=second
    )

    assert "is not on the scratch allow-list" in problem.message


def test_a_protected_target_is_told_whatever_the_case_of_its_letters(desk, ids):
    desk.plan()
    more = f'[[protected]]\ncloud = "main"\ninstance_ids = ["{ids[1].upper()}"]\n'

    (problem,) = _told(desk, (ids[1], "another"), more=more)

    assert "is protected" in problem.message


def test_a_source_on_the_allow_list_is_told(desk, ids, new_target):
    desk.plan("orders", (ids[0], ids[1]), (new_target[0].replace(ids[1], ids[1]), new_target[1]))

    (problem,) = _told(desk)

    assert problem.line == 5
    assert "is on the scratch allow-list" in problem.message


def test_a_target_that_is_the_source_of_another_plan_is_told(desk, ids, new_target):
    desk.plan("a")
    desk.plan("b", (ids[0], ids[1]), new_target)

    told = [(problem.file[-6:], problem.message.split(" the ", 2)[-1]) for problem in _told(desk)]

    assert len(told) == 2
    assert any("source of the plan b" in message for _, message in told)


def test_checks_on_an_existing_target_need_a_login(desk):
    desk.plan("orders", LOGIN)

    (problem,) = _told(desk)

    assert problem.line == 12
    assert problem.message == "target.kind: the checks have no login"


def test_a_cloud_without_new_instances_takes_no_new_target(desk, new_target):
    desk.plan("orders", new_target)

    (problem,) = _told(desk, ('region = "r-1"', 'region = "r-1"\nnew_instances_at_most = 0'))

    assert "allows no new instance" in problem.message


def test_all_disagreements_of_all_plans_are_told_at_once(desk, ids):
    desk.plan("a", ('cloud = "main"', 'cloud = "x"'), LOGIN)
    desk.plan("b", (ids[1], "another"))

    told = [(problem.file[-6:], problem.line) for problem in _told(desk)]

    assert told == [("a.toml", 4), ("a.toml", 12), ("a.toml", 13), ("b.toml", 13)]
