"""What the structure promises, beyond the arrows that lint-imports holds."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = PROJECT / "drill"
ADMISSIONS = {
    "AdmittedRestore",
    "AdmittedCreate",
    "AdmittedReset",
    "AdmittedDeletion",
    "AdmittedTagging",
    "AdmittedSettingAside",
    "AdmittedBackup",
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Yield every file of the package by its path, parsed."""
    for file in sorted(PACKAGE.rglob("*.py")):
        yield str(file.relative_to(PROJECT)), ast.parse(file.read_text(encoding="utf-8"))


def test_only_the_guard_holds_the_seal_that_makes_an_admission():
    holders = {
        path
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.alias)
        and (node.id if isinstance(node, ast.Name) else node.name) == "SEAL"
    }

    assert holders
    assert all(path.startswith("drill/guard/") for path in holders)


def test_only_the_guard_calls_an_admission_into_being():
    makers = {
        path
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ADMISSIONS
    }

    assert makers == {"drill/guard/rules.py"}


@pytest.mark.parametrize("room", ["recovery", "guard"])
def test_deciding_rooms_read_no_clock(room):
    for path, tree in sources():
        if path.startswith(f"drill/{room}/"):
            calls = {
                ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)
            }
            clocks = ("now", "today", "utcnow", "time", "monotonic")
            assert not {call for call in calls if call.rpartition(".")[2] in clocks}, path


def test_no_file_has_grown_beyond_reading_in_one_sitting():
    too_long = {
        path: lines
        for path, lines in (
            (str(file.relative_to(PROJECT)), len(file.read_text(encoding="utf-8").splitlines()))
            for file in PACKAGE.rglob("*.py")
        )
        if lines > 400
    }

    assert too_long == {}


def test_no_restore_of_tables_or_databases_is_known_to_the_client():
    texts = "\n".join(
        file.read_text(encoding="utf-8") for file in (PACKAGE / "provider").rglob("*.py")
    )

    assert not re.search(r"restore/tables|restore/databases|fast-restore|replay", texts)
