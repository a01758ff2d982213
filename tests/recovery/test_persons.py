"""Another spelling of a name is no other person."""

from __future__ import annotations

import pytest

from drill.recovery.persons import is_among, same_person


@pytest.mark.parametrize(
    "other",
    [
        "ada", "ADA", " ada ", "a.da", "a d a", "Ada@example.com", "CORP\\ada", "\u00e1da",
        "a\u0301da", "\uff41\uff44\uff41", "\u0430da", "ad\u03b1", "a\u00adda", "_ada_", "a-d-a",
    ],
)  # fmt: skip
def test_another_spelling_reads_as_the_same_person(other: str):
    assert same_person("ada", other)


@pytest.mark.parametrize("other", ["grace", "adam", "ad", "\u738b\u4f1f", "", "..."])
def test_another_name_is_another_person(other: str):
    assert not same_person("ada", other)


def test_a_name_without_letters_is_only_itself():
    assert same_person("...", " ... ")
    assert not same_person("...", "??")
    assert same_person("@ada", "@ADA")


def test_a_name_is_found_among_names_with_commas():
    assert is_among("Grace", "ada, grace@example.com, schedule")
    assert not is_among("linus", "ada, grace")
    assert not is_among("ada", None)
    assert not is_among("", "ada, ,grace")
