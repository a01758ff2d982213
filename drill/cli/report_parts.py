"""What a report is made of beside the past: configuration, plans, and files beside config.toml."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from drill.errors import DrillError

if TYPE_CHECKING:
    from drill.plan.config import Config
    from drill.report.context import Context
    from drill.report.looks import LooksOf
    from drill.report.past import Scope
    from drill.report.view.standing import Promises
    from drill.store.journal import SqlJournal

KEY_FILE = ".drill-pseudonyms.key"
CARDS_FILE = ".drill-cards-{language}.json"
DEFAULT_SAMPLE = 25
"""Drills that are drawn for an auditor."""


def regions_in(config: Config, folder: Path) -> dict[str, str]:
    """Return the region of each configured cloud. One behind a reference that cannot be read is
    left out: not known to the report, which asks no cloud anything."""
    from drill.errors import SecretUnavailable
    from drill.plan.references import resolve

    found = {}
    for name, cloud in config.clouds.items():
        with suppress(SecretUnavailable):
            found[name] = resolve(cloud.region, folder=folder)
    return found


def prices_in(config: Config) -> dict[str, Mapping[str, float]]:
    """Return the prices of each configured cloud, by flavor and hour."""
    return {name: cloud.prices for name, cloud in config.clouds.items()}


def looks_in(journal: SqlJournal) -> LooksOf:
    """Return what reads the looks at a source when its page is rendered."""
    return lambda key, since, until: journal.archive.looks_of(key, since=since, until=until)


def narrowed(scope: Scope) -> Iterator[str]:
    """Yield how the report is narrowed, as a reader types it."""
    if scope.since is not None:
        yield f"--since {scope.since.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    yield from (f"--scope {one}" for one in scope.patterns)
    yield from (f"--cloud {one}" for one in sorted(scope.clouds))
    yield from (f"--group {one}" for one in sorted(scope.groups))


def options_of(context: Context, scope: Scope) -> Iterator[str]:
    """Yield what has to be typed to get the same report again, the instant to the microsecond."""
    yield from ("--at", context.at.astimezone(UTC).isoformat())
    if scope.since is not None:
        yield from ("--since", scope.since.astimezone(UTC).isoformat())
    if not context.is_redacted:
        for name, values in (
            ("--scope", scope.patterns),
            ("--cloud", sorted(scope.clouds)),
            ("--group", sorted(scope.groups)),
        ):
            for one in values:
                yield from (name, one)
    if context.language != "en":
        yield from ("--lang", context.language)
    if context.is_redacted:
        yield "--redact"
    if context.sample_seed is not None:
        yield from ("--sample-seed", context.sample_seed)
    if context.sample_size != DEFAULT_SAMPLE:
        yield from ("--sample-size", str(context.sample_size))


def promises_in(config: Config, folder: Path) -> Promises:
    """Return what the plans promise. A plan that cannot be read promises nothing here: the report
    is about the past, and ``drill plan check`` is about plans."""
    from drill.plan.loader import load_plans
    from drill.recovery.coverage.promises import promises_of

    plans, _problems = load_plans(folder / config.folders.plans)
    return promises_of(loaded.plan for loaded in plans)


def cards_in(folder: Path, language: str) -> Path:
    """Return where the cards of the sources are kept for the next report about everything."""
    return folder / CARDS_FILE.format(language=language)


def key_in(folder: Path) -> bytes:
    """Return the key of the pseudonyms, made once and readable for its owner alone."""
    import secrets

    from drill.report.pseudonyms import KEY_BYTES

    path = folder / KEY_FILE
    try:
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(KEY_BYTES))
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise DrillError(
            f"the key of the pseudonyms in {path} cannot be used: {error}",
            hint="Remove the file to have a new key; the pseudonyms then change.",
        ) from error
