"""Where notices go: what a channel is, whom it listens to, and the one that is always there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from drill.notify.transitions import Notice
from drill.notify.words import Message
from drill.plan.telling import LOG_CHANNEL, NoticeKind, Severity


class ChannelTrouble(Exception):
    """a channel did not take a message

    The message names no secret and fits into one line.
    """


class Sender(Protocol):
    """Sends one message."""

    def send(self, message: Message) -> None:
        """Send it, or raise ChannelTrouble, and nothing else."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One place where notices go, and which ones."""

    name: str
    sender: Callable[[], Sender]
    """Makes the sender when it is needed. Raises ChannelTrouble if it cannot be made."""
    kinds: frozenset[NoticeKind] = frozenset()
    least_severity: Severity = Severity.INFO
    groups: frozenset[str] = frozenset()

    def takes(self, notice: Notice) -> bool:
        """Tell whether a notice belongs here; a daemon is of no group, and is told everywhere."""
        condition = notice.condition
        is_wanted = not self.kinds or notice.kind in self.kinds
        is_of_group = (
            not self.groups or condition.plan_name is None or condition.group in self.groups
        )
        is_grave = (
            notice.kind is NoticeKind.RECOVERED
            or condition.severity.rank >= self.least_severity.rank
        )
        return is_wanted and is_of_group and is_grave


class LogSender:
    """Writes a message as one line of the log."""

    def send(self, message: Message) -> None:
        """Write it."""
        log = structlog.get_logger("drill.notify")
        write = {
            Severity.INFO: log.info,
            Severity.WARNING: log.warning,
            Severity.CRITICAL: log.error,
        }[message.severity]
        write("notice", title=message.title, body=message.body)


def log_channel() -> Channel:
    """Return the channel that is always there."""
    return Channel(name=LOG_CHANNEL, sender=LogSender)
