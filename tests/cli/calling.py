"""Calls the command line as a shell would, in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from drill.cli.main import cli
from drill.errors import DrillError


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return the document on standard output."""
        return json.loads(self.out)


def call(config: Path, *words: str) -> Said:
    """Call ``drill`` with a configuration; our errors become their exit code and their words.

    A mistake of usage is raised on, as a ``click.ClickException``.
    """
    arguments = ["--config", str(config), *words]
    result = CliRunner().invoke(cli, arguments, standalone_mode=False)
    error = result.exception
    if isinstance(error, DrillError):
        return Said(int(error.exit_code), result.stdout, f"{result.stderr}{error.message}")
    if error is not None:
        raise error
    return Said(int(result.return_value or 0), result.stdout, result.stderr)
