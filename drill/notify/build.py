"""Puts herald, meter and dead-man switch together from the configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from drill.engine.archive import Archive
from drill.engine.control import Control
from drill.engine.notices import NoticeBook
from drill.engine.ports import Journal
from drill.notify.apprise_sender import sender_of
from drill.notify.channel import Channel, log_channel
from drill.notify.conditions import Manner
from drill.notify.deadman import DeadManSwitch
from drill.notify.herald import Herald, Promises
from drill.notify.known import Promise, promise_of
from drill.notify.meter import Meter
from drill.plan.config import Config
from drill.plan.model import Plan
from drill.plan.references import resolve_secret
from drill.plan.telling import NoticeChannel

if TYPE_CHECKING:
    from pydantic import SecretStr


Plans = Callable[[], Sequence[Plan]]
"""Returns the plans as they are now."""


def build_herald(
    config: Config,
    plans: Plans,
    *,
    folder: Path,
    archive: Archive,
    book: NoticeBook,
    control: Control,
) -> Herald:
    """Return the one who tells people. Secrets are read when a message is sent, not before."""
    return Herald(
        promises=_promises_of(plans, control),
        drills=lambda since: archive.drill_facts(since=since),
        book=book,
        channels=(log_channel(), *channels_of(config, folder=folder)),
        manner=manner_of(config),
        give_up_after=config.notices.give_up_after,
        pages=config.report.base_url or str(folder / config.folders.reports),
    )


def build_meter(
    config: Config,
    plans: Plans,
    *,
    journal: Journal,
    archive: Archive,
    book: NoticeBook,
    control: Control,
) -> Meter:
    """Return the one who makes the figures."""
    return Meter(
        promises=_promises_of(plans, control),
        drills=lambda since: archive.drill_facts(since=since),
        book=book,
        journal=journal,
        manner=manner_of(config),
        clouds=sorted(config.clouds),
    )


def build_deadman(config: Config, *, folder: Path) -> DeadManSwitch | None:
    """Return the dead-man switch, if one is configured."""
    if config.deadman is None:
        return None
    return DeadManSwitch(
        partial(resolve_secret, config.deadman.url, folder=folder),
        allow_private_addresses=config.deadman.allow_private_addresses,
        allow_loopback=config.deadman.allow_loopback,
        every=config.deadman.every,
    )


def channels_of(config: Config, *, folder: Path) -> tuple[Channel, ...]:
    """Return the channels of the configuration."""
    return tuple(
        _channel(entry, partial(resolve_secret, entry.url, folder=folder))
        for entry in config.notify
    )


def manner_of(config: Config) -> Manner:
    """Return when something is told, and how often."""
    notices = config.notices
    return Manner(
        repeat_every=notices.repeat_every,
        not_operated_after=notices.not_operated_after,
        proof_warning=notices.proof_warning,
    )


def _promises_of(plans: Plans, control: Control) -> Promises:
    def promises() -> list[Promise]:
        seen = {name: one.first_seen_at for name, one in control.plans_seen().items()}
        return [promise_of(plan, seen_at=seen.get(plan.name)) for plan in plans()]

    return promises


def _channel(entry: NoticeChannel, secret: Callable[[], SecretStr]) -> Channel:
    return Channel(
        name=entry.name,
        sender=partial(
            sender_of,
            secret,
            allow_private_addresses=entry.allow_private_addresses,
            allow_loopback=entry.allow_loopback,
        ),
        kinds=frozenset(entry.kinds),
        least_severity=entry.least_severity,
        groups=frozenset(entry.groups),
    )
