"""One kind of mistake has one exit code, whichever command it is made in (docs/exit-codes.md)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click
import pytest

from drill.cli.main import COMMANDS
from drill.engine.record import Outcome, State, Teardown
from tests.builders import a_record
from tests.cli.calling import Said, call
from tests.cli.folders import NIGHTLY, Folder, now

NOTIFY = '\n[[notify]]\nname = "on-call"\nurl = "env:TEST_HOOK"\nallow_loopback = true\n'
FINDING = ("exception", "open", "--kind", "finding", "--reason", "gone", "--owner", "ada")
PERIOD = ("--from", "2020-01-01", "--to", "2020-02-01")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    folder = Folder(tmp_path, monkeypatch)
    folder.write_plan("orders", top='group = "shop"', rest=NIGHTLY)
    with (tmp_path / "config.toml").open("a") as config:
        config.write(NOTIFY)
    with folder.store() as journal:
        plan = folder.plan("orders")
        journal.enlist(
            [
                a_record(id="ambiguous-1", plan=plan),
                a_record(id="ambiguous-2", plan=plan, scheduled_for=now()),
            ]
        )
    return folder


def said_by(config: Path, *words: str) -> Said:
    """Call the command line; a mistake of usage becomes its code and its words, too."""
    try:
        return call(config, *words)
    except click.ClickException as error:
        return Said(error.exit_code, "", error.format_message())


@pytest.mark.parametrize(
    "words",
    [
        ("run", "ordres"),
        ("run", "--dry-run", "ordres"),
        ("status", "ordres"),
        ("plan", "show", "ordres"),
        ("history", "--plan", "ordres"),
        ("pause", "ordres", "--reason", "x"),
        ("resume", "ordres"),
        (*FINDING, "--plan", "ordres"),
        ("pause", "--group", "bank", "--reason", "x"),
        ("resume", "--group", "bank"),
        ("pause", "--cloud", "elsewhere", "--reason", "x"),
        ("resume", "--cloud", "elsewhere"),
        ("scratch", "prepare", "i-1", "--cloud", "elsewhere"),
        (*FINDING, "--source", "elsewhere", "i-1"),
        ("show", "20990101"),
        ("abort", "20990101"),
        ("abort", "20990101", "--dry-run"),
        (*FINDING, "--drill", "20990101"),
        ("exception", "close", "E-1", "--reason", "x", "--retest", "20990101"),
        ("exception", "close", "E-1", "--reason", "x"),
        ("review", "sign", "--verdict", "accepted", "--drill", "20990101"),
        ("review", "sign", "--verdict", "accepted", *PERIOD),
        ("report", "--single-file", "one.html", "--source", "i-1"),
        ("scratch", "prepare", "i-1", "--cloud", "main"),
        ("notify", "test", "of-call"),
    ],
    ids=" ".join,
)
def test_a_name_that_nothing_has_is_exit_code_3(folder: Folder, words: tuple[str, ...], tmp_path):
    words = tuple(str(tmp_path / word) if word == "one.html" else word for word in words)

    said = said_by(folder.path / "config.toml", *words)

    assert said.code == 3, said
    assert not (tmp_path / "one.html").exists()


@pytest.mark.parametrize("word", ["show", "abort"])
def test_a_beginning_that_several_drills_have_is_exit_code_3(folder: Folder, word: str):
    said = said_by(folder.path / "config.toml", word, "ambiguous")

    assert (said.code, "2 drills begin with 'ambiguous'" in said.err) == (3, True)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--due", "orders"),
        ("run", "--output", "yaml"),
        ("run", "--junit"),
        ("status", "--max-age", "soon"),
        ("pause", "--all", "--reason", "x", "--for", "soon"),
        ("pause", "--reason", "x"),
        ("pause", "--all"),
        ("resume", "orders", "--all"),
        ("drain", "now"),
        ("abort",),
        ("serve", "--sweep-every", "0"),
        ("serve", "--drain-timeout", "soon"),
        ("history", "--limit", "0"),
        ("history", "--limit", "many"),
        ("report", "--since", "soon"),
        ("report", "--lang", "tlh"),
        ("report", "--source", "i-1"),
        ("observe", "--no-backup-for", "soon"),
        ("scratch", "prepare", "i-1"),
        ("notify", "list", "--limit", "0"),
        ("sandbox", "serve", "--personality", "aws"),
        ("sandbox", "serve", "--port", "70000"),
        (*FINDING,),
        (*FINDING, "--plan", "orders", "--expires", "2020-01-01"),
        ("review", "sign", "--verdict", "accepted"),
        ("review", "sign", "--verdict", "rejected", *PERIOD),
        ("no-such-command",),
        ("plan", "no-such-command"),
    ],
    ids=" ".join,
)
def test_a_command_line_that_is_wrong_in_itself_is_exit_code_2(folder: Folder, words):
    assert said_by(folder.path / "config.toml", *words).code == 2


WITHOUT_CONFIG = ("sandbox", "plan schema")
"""Commands that read no configuration."""
WITH_WORDS = {
    "pause": ("--all", "--reason", "x"),
    "resume": ("--all",),
    "abort": ("20260301",),
    "show": ("20260301",),
    "plan": ("check",),
    "scratch": ("list",),
    "notify": ("test",),
    "exception": ("list",),
    "review": ("list",),
}


@pytest.mark.parametrize("name", [one for one in COMMANDS if one not in WITHOUT_CONFIG])
@pytest.mark.parametrize("text", [None, "[clouds.main\n"], ids=["missing", "broken"])
def test_a_configuration_that_is_missing_or_broken_is_exit_code_3(tmp_path, name, text):
    config = tmp_path / "config.toml"
    if text is not None:
        config.write_text(text)

    said = said_by(config, name, *WITH_WORDS.get(name, ()))

    assert said.code == 3, said
    assert "config.toml" in said.err
    assert {one.name for one in tmp_path.iterdir()} <= {"config.toml"}  # nothing was begun


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("abort", "over"), "is finished"),
        (("review", "sign", "--verdict", "accepted", "--drill", "open"), "is not finished"),
    ],
    ids=["abort", "review"],
)
def test_what_is_there_and_does_not_fit_is_exit_code_1(folder: Folder, words, says):
    done = {"state": State.FINISHED, "outcome": Outcome.PASSED, "teardown": Teardown.CLEAN}
    at = now() - timedelta(days=1)
    with folder.store() as journal:
        plan = folder.plan("orders")
        journal.enlist(
            [
                a_record(id="over", plan=plan, scheduled_for=at, finished_at=at, **done),
                a_record(id="open", plan=plan, scheduled_for=at - timedelta(days=1)),
            ]
        )

    said = said_by(folder.path / "config.toml", *words)

    assert (said.code, says in said.err) == (1, True)
