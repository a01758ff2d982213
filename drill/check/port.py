"""How the engine asks questions to a restored copy, and what an answer looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol

from pydantic import SecretStr

from drill.plan.model import Check
from drill.recovery.values import Engine


class CheckAnswer(StrEnum):
    """What one check found out. "No data" is never a pass and never a failure of the copy."""

    PASSED = "passed"
    FAILED = "failed"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the copy listens, from the provider's own answer, never from a file alone."""

    engine: Engine
    host: str
    port: int
    user: str
    password: SecretStr
    database: str
    tls: Literal["verify", "require", "off"] = "verify"
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """What a check needs to know about the drill."""

    point_at: datetime
    """Instant of the recovery point."""
    point_resolution: timedelta
    """How exactly that instant is known."""
    recorded_counts: Mapping[str, int]
    """Name of the check -> row count in the last passed drill of the same plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One answered check. ``observed`` holds counts, bounds, instants and digests, never rows."""

    name: str
    kind: str
    answer: CheckAnswer
    reason: str
    """One plain sentence."""
    expected: str | None = None
    observed: str | None = None
    row_count: int | None = None
    """For row_count: what later drills compare with."""
    newest_at: datetime | None = None
    """For heartbeat and newest_row: the newest instant found in the copy."""
    began_at: datetime
    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptiness:
    """What a reset scratch instance was seen to hold."""

    is_empty: bool | None
    """None where it could not be seen."""
    reason: str


class Prober(Protocol):
    """Connects to a scratch instance, asks, and hangs up. Never connects to a source."""

    def why_unreachable(self, endpoint: Endpoint) -> str | None:
        """Try one login; return None if it works, or one sentence why it does not."""
        ...

    def run(
        self, checks: Sequence[tuple[str, Check]], endpoint: Endpoint, context: CheckContext
    ) -> Sequence[CheckResult]:
        """Answer every check, in order; a fault of one is its own answer. Never raises."""
        ...

    def see_emptiness(self, endpoint: Endpoint) -> Emptiness:
        """Look whether the instance holds no database, schema or table of a user. Never raises."""
        ...
