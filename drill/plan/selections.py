"""How the recovery point of a plan is chosen: one class for each policy (docs/measurement.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from drill.plan.forms import Instant, PlanPart, PositiveSpan, ProviderId, Span

Seed = Annotated[str, Field(min_length=1, max_length=200)]
TimeTurn = Literal["latest", "random", "greedy", "oldest", "edge"]
"""Policies that need no further key, and so can take turns."""
BackupTurn = Literal["newest", "random", "undrilled", "oldest"]


class Latest(PlanPart):
    """The newest instant of the newest window, or a margin before it."""

    policy: Literal["latest"]
    """How the recovery point is chosen."""
    margin: Span = timedelta(0)
    """How far before the newest instant."""


class AtInstant(PlanPart):
    """One instant that the plan names."""

    policy: Literal["instant"]
    """How the recovery point is chosen."""
    restore_time: Instant
    """The instant, with its offset: 2026-03-01T02:00:00Z."""


class RandomInstant(PlanPart):
    """A random instant of the windows, or of a period before now; the seed is recorded."""

    policy: Literal["random"]
    """How the recovery point is chosen."""
    within: PositiveSpan | None = None
    """Length of the period that ends now; without it all of the windows."""
    seed: Seed | None = None
    """A fixed seed; without it every drill has one that nobody can choose."""


class GreedyInstant(PlanPart):
    """The instant that would prove most of the window that is not proven yet."""

    policy: Literal["greedy"]
    """How the recovery point is chosen."""


class OldestInstant(PlanPart):
    """The oldest instant of the oldest window."""

    policy: Literal["oldest"]
    """How the recovery point is chosen."""


class EdgeInstant(PlanPart):
    """Just inside a border of a window, one border after the other."""

    policy: Literal["edge"]
    """How the recovery point is chosen."""


class AroundInstant(PlanPart):
    """Just before, and at the next drill just after, an event that the plan names."""

    policy: Literal["around"]
    """How the recovery point is chosen."""
    event_at: Instant
    """The instant of the event, with its offset: 2026-03-01T02:00:00Z."""
    distance: PositiveSpan = timedelta(seconds=1)
    """How far from the event."""


class RetestInstant(PlanPart):
    """The point that failed and did not pass since; or else what another policy chooses."""

    policy: Literal["retest"]
    """How the recovery point is chosen."""
    otherwise: TimeTurn = "latest"
    """The policy while nothing has failed."""


class MixedInstant(PlanPart):
    """Several policies in turn; a point that failed comes first."""

    policy: Literal["mixed"]
    """How the recovery point is chosen."""
    cycle: Annotated[tuple[TimeTurn, ...], Field(min_length=1, max_length=20)] = (
        "latest",
        "random",
        "greedy",
        "oldest",
    )
    """The policies in their order."""


class NewestBackup(PlanPart):
    """The complete backup that ended last."""

    policy: Literal["newest"]
    """How the recovery point is chosen."""


class OldestBackup(PlanPart):
    """The complete backup that ended first."""

    policy: Literal["oldest"]
    """How the recovery point is chosen."""


class OneBackup(PlanPart):
    """One backup that the plan names."""

    policy: Literal["backup"]
    """How the recovery point is chosen."""
    backup_id: ProviderId
    """Id of the backup at the provider."""


class RandomBackup(PlanPart):
    """A random complete backup, or one that ended in a period before now; the seed is recorded."""

    policy: Literal["random"]
    """How the recovery point is chosen."""
    within: PositiveSpan | None = None
    """Length of the period that ends now; without it all of them."""
    seed: Seed | None = None
    """A fixed seed; without it every drill has one that nobody can choose."""


class UndrilledBackup(PlanPart):
    """The oldest complete backup that no drill has proven."""

    policy: Literal["undrilled"]
    """How the recovery point is chosen."""


class RetestBackup(PlanPart):
    """The backup that failed and did not pass since; or else what another policy chooses."""

    policy: Literal["retest"]
    """How the recovery point is chosen."""
    otherwise: BackupTurn = "newest"
    """The policy while nothing has failed."""


class MixedBackup(PlanPart):
    """Several policies in turn; a backup that failed comes first."""

    policy: Literal["mixed"]
    """How the recovery point is chosen."""
    cycle: Annotated[tuple[BackupTurn, ...], Field(min_length=1, max_length=20)] = (
        "newest",
        "random",
        "undrilled",
        "oldest",
    )
    """The policies in their order."""


TimeSelection = Annotated[
    Latest
    | AtInstant
    | RandomInstant
    | GreedyInstant
    | OldestInstant
    | EdgeInstant
    | AroundInstant
    | RetestInstant
    | MixedInstant,
    Field(discriminator="policy"),
]
BackupSelection = Annotated[
    NewestBackup
    | OldestBackup
    | OneBackup
    | RandomBackup
    | UndrilledBackup
    | RetestBackup
    | MixedBackup,
    Field(discriminator="policy"),
]
