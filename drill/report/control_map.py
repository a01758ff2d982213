"""Which clause of which framework the records support: data, because editions move.

The report says "supports evidence for" and never "complies with".
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from drill.errors import DrillError
from drill.recovery.coverage.register import METRICS
from drill.report.language import N_

RECORDS = {
    "drills": (N_("records of all restore drills"), "data/drills.csv"),
    "checks": (N_("answers of the checks of each drill"), "data/drills.csv"),
    "target": (N_("where each copy was restored"), "data/drills.csv"),
    "teardown": (N_("what became of each copy"), "data/drills.csv"),
    "reviews": (N_("review and sign-off log"), "compliance.html#reviews"),
    "exceptions": (N_("register of exceptions"), "exceptions.html"),
    "sample": (N_("sampled drills"), "compliance.html#sample"),
    "reconciliation": (N_("reconciliation"), "compliance.html#reconciliation"),
}
"""Records that answer a clause: what they are called, and where they are."""

READ = {
    "official": N_("official text read"),
    "quoted": N_("held against public quotations: check the text"),
}
"""What the words of a clause were held against; what was held against nothing is not listed."""


class ControlsUnusable(DrillError):
    """a file of controls cannot be used"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One clause, in our own words."""

    id: str
    title: str
    answers: tuple[str, ...]
    """Ids of metrics, and keys of ``RECORDS``."""
    limits: str
    read: str
    """A key of ``READ``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """One edition of one framework."""

    name: str
    edition: str
    clauses: tuple[Clause, ...]


@lru_cache(maxsize=1)
def frameworks() -> tuple[Framework, ...]:
    """Return every framework of the package, by name. Raise ControlsUnusable."""
    folder = files("drill.report").joinpath("controls")
    found = [
        _framework(one.name, tomllib.loads(one.read_text(encoding="utf-8")))
        for one in folder.iterdir()
        if one.name.endswith(".toml")
    ]
    return tuple(sorted(found, key=lambda one: one.name))


def _framework(file: str, table: Mapping[str, Any]) -> Framework:
    try:
        return Framework(
            name=str(table["framework"]),
            edition=str(table["edition"]),
            clauses=tuple(_clause(file, one) for one in table["clause"]),
        )
    except KeyError as error:
        raise ControlsUnusable(f"{file} has no {error}") from error


def _clause(file: str, table: Mapping[str, Any]) -> Clause:
    answers = tuple(str(one) for one in table["answers"])
    unknown = [one for one in answers if one not in METRICS and one not in RECORDS]
    if unknown or not answers or table["read"] not in READ:
        raise ControlsUnusable(f"{file}: clause {table['id']} names {unknown or table['read']!r}")
    return Clause(
        id=str(table["id"]),
        title=str(table["title"]),
        answers=answers,
        limits=str(table["limits"]),
        read=str(table["read"]),
    )
