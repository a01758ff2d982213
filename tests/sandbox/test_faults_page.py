"""docs/sandbox-faults.md and the code know the same faults, members and defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drill.sandbox.faults import ADDRESS, KINDS, Fault, FaultKind

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox-faults.md").read_text()
ROWS = {
    row[0]: row[1:]
    for row in re.findall(
        r"^\| `(\w+)` \| (.*?) ?\| (.*?) \| (real|simulated) \|$", PAGE, re.MULTILINE
    )
}


def test_page_and_code_have_the_same_kinds():
    assert set(ROWS) == {kind.value for kind in FaultKind} == {kind.value for kind in KINDS}


@pytest.mark.parametrize("kind", list(FaultKind))
def test_row_says_members_and_nature_of_its_kind(kind):
    members, what, nature = ROWS[kind.value]

    assert tuple(re.findall(r"`(\w+)`", members)) == KINDS[kind].members
    assert (nature == "real") is KINDS[kind].real
    assert what


@pytest.mark.parametrize("kind", list(FaultKind))
def test_defaults_of_the_page_are_those_of_the_code(kind):
    fault = Fault(kind=kind)
    told = dict(re.findall(r"`(\w+)` \((.*?)\)", ROWS[kind.value][0]))
    if kind in (FaultKind.HTML_NEXT, FaultKind.STICK_INSTANCE):
        told.pop("status")  # chosen where the fault is read; tests/sandbox/test_faults_on_demand
    told.pop("at_once", None)

    for name, value in told.items():
        assert str(getattr(fault, name)).lower().removesuffix(".0") == value.lower()


def test_address_of_a_fault_is_on_the_page():
    section = PAGE.split("## Which requests are meant")[1].split("## What can go wrong")[0]

    assert tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == ADDRESS
