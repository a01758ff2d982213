"""What templates call: sentences with gaps, rows that are printed once, and compiled templates."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest
from jinja2 import Environment
from markupsafe import Markup

from drill.report.environment import (
    compiled,
    environment,
    made_once,
    said,
    said_of_many,
    use,
)
from drill.report.language import speaking

HOSTILE = "<script>100 %</script>"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_fills_the_gap_of_a_sentence_is_escaped(language):
    with speaking(language):
        one = said("%(name)s in %(cloud)s", name=HOSTILE, cloud=Markup("<b>here</b>"))
        many = said_of_many("%(who)s: %(num)s", "%(who)s: %(num)s of many", 2, who=HOSTILE)

    assert "<script>" not in one + many
    assert "&lt;script&gt;100 %&lt;/script&gt;" in one
    assert "<b>here</b>" in one
    assert many.startswith("&lt;script&gt;")


def test_a_sentence_without_gaps_is_said_in_the_language_that_holds_now():
    with speaking("en"):
        english = said("Slot")
    with speaking("zh"):
        chinese = said("Slot")
    with speaking("en"):
        again = said("Slot")

    assert english == again == "Slot"
    assert chinese != english


def test_a_percent_sign_is_written_twice():
    assert said("95 %%") == "95 %"
    assert said("%(share)s of 95 %%", share=3) == "3 of 95 %"


@pytest.mark.parametrize(("number", "words"), [(1, "1 night of a"), (2, "2 nights of a")])
def test_a_number_says_which_of_two_sentences_it_is(number, words):
    singular, plural = "%(num)s night of %(who)s", "%(num)s nights of %(who)s"

    assert said_of_many(singular, plural, number, who="a") == words


def test_what_was_printed_of_a_value_is_printed_again_for_an_equal_one_alone():
    printed: list[str] = []

    def macro(value: str) -> str:
        printed.append(value)
        return f"<tr>{value}</tr>"

    once = made_once(macro, ["made-once-a", "made-once-b", "made-once-a"])  # type: ignore[arg-type]

    assert once == "".join(f"<tr>made-once-{name}</tr>\n" for name in "aba")
    assert printed == ["made-once-a", "made-once-b"]


@pytest.fixture
def anew() -> Iterator[None]:
    environment.cache_clear()
    yield
    environment.cache_clear()


@pytest.mark.usefixtures("anew")
def test_templates_that_a_copy_has_compiled_are_not_compiled_again(monkeypatch):
    theirs = pickle.loads(pickle.dumps(compiled()))  # noqa: S301 - as a copy of the process sends it
    environment.cache_clear()
    monkeypatch.setattr(Environment, "compile", None)

    use(theirs)

    names = environment().list_templates(extensions=["j2"])
    assert len(names) > 10
    assert all(environment().get_template(name) for name in names)


@pytest.mark.usefixtures("anew")
def test_a_template_that_has_changed_since_is_compiled(monkeypatch):
    theirs = compiled()
    environment.cache_clear()
    use(theirs)
    source = environment().loader.get_source  # type: ignore[union-attr]
    monkeypatch.setattr(
        environment().loader,
        "get_source",
        lambda env, name: (f"{source(env, name)[0]} changed", None, None),
    )

    assert "changed" in str(environment().get_template("navigation.html.j2").module)
