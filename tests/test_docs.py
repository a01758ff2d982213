"""The documents say what the program does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from drill.cli.main import COMMANDS, cli
from drill.errors import ExitCode

PROJECT = Path(__file__).resolve().parents[1]
DOCS = sorted((PROJECT / "docs").rglob("*.md"))
PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *DOCS]


def every_command() -> list[list[str]]:
    """Return the words of every command."""
    found = []
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            found += [[name, sub] for sub in command.list_commands(context)]
        else:
            found.append([name])
    return found


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_has_help_with_an_example(words):
    result = CliRunner().invoke(cli, [*words, "--help"])

    assert result.exit_code == 0
    assert "Example: drill " in result.output
    assert len(result.output.splitlines()) > 6


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_stands_in_the_documents(words):
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert f"drill {' '.join(words)}" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


def test_every_exit_code_is_documented():
    text = (PROJECT / "docs" / "exit-codes.md").read_text(encoding="utf-8")

    assert {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.M)} == set(ExitCode)


def test_help_imports_nothing_heavy():
    program = (
        "import sys\nfrom click.testing import CliRunner\nfrom drill.cli.main import cli\n"
        "CliRunner().invoke(cli, ['--help'])\n"
        "print([name for name in ('sqlmodel', 'alembic', 'requests', 'pydantic', 'rich', 'jinja2')"
        " if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT
    )

    assert done.stdout.strip() == "[]"
