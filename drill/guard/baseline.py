"""Rules that prove a way back: the target's own empty baseline backup can be restored to it.

They hold before a restore (else a copy of production data would stay behind) and before a reset.
Whether the baseline is really empty no fact of the API can say: the reset looks afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from drill.guard.admission import Refusal
from drill.guard.facts import Blank, CloudRules
from drill.guard.words import label, refuse
from drill.recovery.values import Backup, BackupKind, Instance

_HINT_BASELINE = (
    "Run drill scratch prepare: it makes one manual backup of the empty instance under the name "
    "that baseline has in config.toml."
)


class BaselineFacts(Protocol):
    """What is known about the way back."""

    @property
    def target(self) -> Instance | None:
        """Return the target as read again."""
        ...

    @property
    def target_backups(self) -> tuple[Backup, ...]:
        """Return the backups of the target as read again."""
        ...

    @property
    def blank(self) -> Blank | None:
        """Return the blank instance whose backup the baseline is; None for the target's own."""
        ...

    @property
    def baseline_name(self) -> str | None:
        """Return the name of the baseline in config.toml."""
        ...

    @property
    def cloud(self) -> CloudRules:
        """Return what the kind of cloud allows."""
        ...


def _backups(facts: BaselineFacts) -> tuple[Backup, ...]:
    return facts.target_backups if facts.blank is None else facts.blank.backups


def only_baseline(facts: BaselineFacts) -> Backup | None:
    """Return the backup that bears the baseline's name, or None unless there is exactly one."""
    if not facts.baseline_name:
        return None
    named = [backup for backup in _backups(facts) if backup.name == facts.baseline_name]
    return named[0] if len(named) == 1 else None


def cloud_restores_to_current(facts: BaselineFacts) -> Refusal | None:
    """Refuse an engine that this cloud cannot restore to the current instance (reference 1.4).

    A target that comes back by the backup of a blank instance does not need it.
    """
    target = facts.target
    if target is None or facts.blank is not None or target.engine in facts.cloud.restore_to_current:
        return None
    return refuse(
        "cloud-restores-to-current",
        f"cloud {target.cloud} ({facts.cloud.kind}) cannot restore {target.engine} to the current "
        f"instance, so target {label(target)} could not be emptied again",
        "Use a new target for this engine on this cloud, or set a blank instance aside "
        "(baseline_instance_id).",
    )


def baseline_exists_once(facts: BaselineFacts) -> Refusal | None:
    """Refuse unless exactly one backup bears the name of the baseline."""
    if facts.target is None or only_baseline(facts) is not None:
        return None
    if not facts.baseline_name:
        problem = "has no baseline in config.toml"
    else:
        number = sum(1 for backup in _backups(facts) if backup.name == facts.baseline_name)
        whose = "has" if facts.blank is None else f"comes back by {facts.blank.configured_id}, with"
        problem = f"{whose} {number} backups named {facts.baseline_name!r}, not one"
    return refuse("baseline-exists-once", f"target {label(facts.target)} {problem}", _HINT_BASELINE)


def baseline_is_of_the_target(facts: BaselineFacts) -> Refusal | None:
    """Refuse a baseline that is a backup of another instance."""
    baseline = only_baseline(facts)
    if facts.target is None or facts.blank is not None or baseline is None:
        return None
    if baseline.instance_id == facts.target.id:
        return None
    return refuse(
        "baseline-is-of-the-target",
        f"baseline {baseline.id} is a backup of {baseline.instance_id}, not of target "
        f"{label(facts.target)}",
        _HINT_BASELINE,
    )


def baseline_is_manual(facts: BaselineFacts) -> Refusal | None:
    """Refuse a baseline that nobody made on purpose: automatic ones hold what was restored."""
    baseline = only_baseline(facts)
    if baseline is None or baseline.kind is BackupKind.MANUAL:
        return None
    return refuse(
        "baseline-is-manual",
        f"baseline {baseline.id} of {baseline.instance_id} is of kind {baseline.kind}, not manual",
        _HINT_BASELINE,
    )


def baseline_is_complete(facts: BaselineFacts) -> Refusal | None:
    """Refuse a baseline that is not finished."""
    baseline = only_baseline(facts)
    if baseline is None or baseline.is_complete:
        return None
    return refuse(
        "baseline-is-complete",
        f"baseline {baseline.id} of {baseline.instance_id} is {baseline.status}, not complete",
        "Wait until the backup is finished, or make it again.",
    )


BASELINE_RULES: tuple[Callable[[BaselineFacts], Refusal | None], ...] = (
    cloud_restores_to_current,
    baseline_exists_once,
    baseline_is_of_the_target,
    baseline_is_manual,
    baseline_is_complete,
)
