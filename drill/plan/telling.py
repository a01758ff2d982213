"""Who is told, and how, in config.toml: channels of notices, the dead-man ping, metrics, links."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from drill.plan.forms import Name, PlanPart, PositiveSpan, SecretReference, Span, Whole, YesOrNo
from drill.plan.mistake import Mistake, raise_all

LOG_CHANNEL = "log"
"""The channel that is always there: every notice is a line of the log."""


class NoticeKind(StrEnum):
    """What a notice says."""

    FAILED = "failed"
    STILL_FAILING = "still_failing"
    RECOVERED = "recovered"
    NOT_OPERATED = "not_operated"
    OVERDUE = "overdue"
    LEAKED = "leaked"
    STALE_PROOF = "stale_proof"
    PROOF_ENDING = "proof_ending"
    CRASHED = "crashed"
    TEST = "test"


class Severity(StrEnum):
    """How much a notice matters."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return a number that grows with what is at stake."""
        return list(Severity).index(self)


class NoticeChannel(PlanPart):
    """One place where notices go, through Apprise."""

    name: Name
    """Name of the channel: what was told is remembered under it."""
    url: SecretReference
    """Where the Apprise URL of the service is; such a URL holds a secret."""
    kinds: tuple[NoticeKind, ...] = ()
    """Kinds of notices that go here; without it all."""
    least_severity: Severity = Severity.INFO
    """Notices below this are left out here."""
    groups: tuple[Name, ...] = ()
    """Groups whose plans are told about here; without it all plans."""
    allow_private_addresses: YesOrNo = False
    """Allow a service of your own that has a private address."""
    allow_loopback: YesOrNo = False
    """Allow a service on this very machine, and plain HTTP to it."""


def _have_names_of_their_own(channels: tuple[NoticeChannel, ...]) -> tuple[NoticeChannel, ...]:
    names = [channel.name for channel in channels]
    mistakes = [
        Mistake(
            f"two channels are named {name!r}",
            hint="Give each channel a name of its own: what was told is remembered under it.",
            at=(index, "name"),
        )
        for index, name in enumerate(names)
        if name in names[:index]
    ]
    mistakes += [
        Mistake(
            f"{LOG_CHANNEL!r} is the channel that is always there",
            hint="Choose another name.",
            at=(index, "name"),
        )
        for index, name in enumerate(names)
        if name == LOG_CHANNEL
    ]
    raise_all(mistakes)
    return channels


NoticeChannels = Annotated[tuple[NoticeChannel, ...], AfterValidator(_have_names_of_their_own)]


class NoticeSettings(PlanPart):
    """When something is told, and how often."""

    repeat_every: PositiveSpan = timedelta(hours=24)
    """How long something goes on before it is told again."""
    not_operated_after: Annotated[Whole, Field(ge=1, le=100)] = 2
    """Drills in a row without an answer that are told as "the control did not operate"."""
    proof_warning: Span = timedelta(days=3)
    """How long before a proof ends it is told; a quarter of the validity at most."""
    give_up_after: PositiveSpan = timedelta(days=3)
    """How long a channel that does not work is tried with one notice."""


class DeadMan(PlanPart):
    """A service that raises the alarm when drill falls silent (the protocol of Healthchecks)."""

    url: SecretReference
    """Where the ping URL is; who knows it can ping in our place."""
    every: PositiveSpan = timedelta(minutes=5)
    """How often `drill serve` pings while it is healthy."""
    allow_private_addresses: YesOrNo = False
    """Allow a service of your own that has a private address."""
    allow_loopback: YesOrNo = False
    """Allow a service on this very machine, and plain HTTP to it."""


def _is_place_to_listen(value: str) -> str:
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})", value, re.ASCII)
    if match is None or int(match[2]) > 65_535:
        raise Mistake(
            f"{value[:64]!r} is no address to listen at",
            hint='Write host and port, such as "127.0.0.1:9410".',
        )
    return value


class MetricsSettings(PlanPart):
    """Metrics for Prometheus."""

    textfile: Annotated[str, Field(min_length=1)] | None = None
    """File that every run writes, for the textfile collector of the node exporter."""
    listen: Annotated[str, AfterValidator(_is_place_to_listen)] | None = None
    """Host and port where `drill serve` answers /metrics; there is no password on it."""


def _is_web_address(value: str) -> str:
    try:
        url = urlsplit(value)
        fit = url.scheme in ("https", "http") and bool(url.hostname) and not url.query
    except ValueError:
        fit = False
    if not fit or "@" in value or "#" in value or not value.isprintable() or " " in value:
        raise Mistake(
            "this is no URL of a folder of reports",
            hint='Write it like "https://reports.example.org/drill", without name and password.',
        )
    return value.rstrip("/")


class ReportSettings(PlanPart):
    """Where others find the reports."""

    base_url: Annotated[str, AfterValidator(_is_web_address)] | None = None
    """URL under which the folder of reports is served; notices link to it."""
