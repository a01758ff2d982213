"""The forms of single values in a plan: spans, instants, names, references, schedules.

Each is a type that pydantic reads and that the JSON Schema shows; what is wrong is said by
``Mistake`` with a hint.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from drill.plan.mistake import Mistake

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_SPAN_HINT = 'Write a span as a text with units, such as "250ms", "30s", "15m", "1h30m" or "7d".'
_LONGEST_SPAN = timedelta(days=36_525)
"""A century: an instant minus a longer span may be no instant any more."""

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_INSTANT_HINT = "Write an instant with its offset, such as 2026-03-01T02:00:00Z."

DEVICE_NAMES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
"""Names that Windows takes for devices, whatever follows their dot."""


def parse_span(value: object) -> timedelta:
    """Return the span of a text such as ``90s``, ``15m``, ``1h30m``, ``7d`` or ``250ms``.

    Raise Mistake (a ValueError) for a bare number, because nobody can see whether 900 means
    seconds, and for a span longer than a century.
    """
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise Mistake("a span is a text with units", hint=_SPAN_HINT)
    match = _SPAN.fullmatch(value) if 0 < len(value) <= 32 else None
    if match is None:
        raise Mistake(f"{value[:32]!r} is no span", hint=_SPAN_HINT)
    days, hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups())
    try:
        span = timedelta(
            days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds
        )
    except OverflowError:
        span = timedelta.max
    if span > _LONGEST_SPAN:
        raise Mistake(f"{value!r} is longer than a century", hint="Give a shorter span.")
    return span


def format_span(span: timedelta) -> str:
    """Return the shortest text that ``parse_span`` reads back as this span."""
    milliseconds = span // timedelta(milliseconds=1)
    parts = []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _is_positive(span: timedelta) -> timedelta:
    if span <= timedelta(0):
        raise Mistake("this span must be longer than zero", hint=_SPAN_HINT)
    return span


Span = Annotated[
    timedelta,
    BeforeValidator(parse_span),
    PlainSerializer(format_span, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$",
            "examples": ["250ms", "30s", "15m", "1h30m", "7d"],
        }
    ),
]
PositiveSpan = Annotated[Span, AfterValidator(_is_positive)]


def _parse_instant(value: object) -> datetime:
    """Return the instant in UTC. pydantic alone would take 1234 for seconds since 1970."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            value = datetime.fromisoformat(value.upper())
        except ValueError as error:
            raise Mistake(f"{value!r} is no instant", hint=_INSTANT_HINT) from error
    if not isinstance(value, datetime):
        raise Mistake("this is no date with time and offset", hint=_INSTANT_HINT)
    if value.utcoffset() is None:
        raise Mistake("an instant needs its offset from UTC", hint=_INSTANT_HINT)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise Mistake("this instant is outside the calendar", hint=_INSTANT_HINT) from error


Instant = Annotated[AwareDatetime, BeforeValidator(_parse_instant)]

Whole = Annotated[int, Field(strict=True)]
"""A whole number: neither ``"5"`` nor ``true`` stands for one."""

YesOrNo = Annotated[bool, Field(strict=True)]
"""``true`` or ``false``: neither ``"yes"`` nor ``1`` stands for one."""


def _is_no_device(value: str) -> str:
    if DEVICE_NAMES.fullmatch(value):
        raise Mistake(
            f"{value!r} is the name of a device on Windows",
            hint="Choose another name: this one could not become a file everywhere.",
        )
    return value


NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
Name = Annotated[str, Field(pattern=NAME_PATTERN), AfterValidator(_is_no_device)]
"""Names that become file names: nothing that a path, a shell or a terminal could misread."""

PROVIDER_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
ProviderId = Annotated[str, Field(pattern=PROVIDER_ID_PATTERN)]
"""Ids of the provider: they go into URLs."""

REFERENCE_PATTERN = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"
SecretReference = Annotated[str, Field(pattern=REFERENCE_PATTERN)]
"""``env:NAME`` or ``file:PATH``; a literal secret is refused."""

IDENTIFIER_PATTERN = r"^[A-Za-z_][A-Za-z0-9_$]{0,62}$"
Identifier = Annotated[str, Field(pattern=IDENTIFIER_PATTERN)]

QUALIFIED_NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_$]{0,62}\.[A-Za-z_][A-Za-z0-9_$]{0,62}$"
QualifiedName = Annotated[str, Field(pattern=QUALIFIED_NAME_PATTERN)]
"""``schema.name``."""


def _is_time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise Mistake(
            f"{value[:64]!r} is no time zone",
            hint='Write its IANA name, such as "Asia/Shanghai", "Europe/Berlin" or "UTC".',
        ) from error
    return value


@lru_cache(maxsize=4096)
def _is_cron(value: str) -> str:
    from cronsim import CronSim, CronSimError  # only plans with a schedule pay for the import

    hint = 'Five fields: minute, hour, day, month, weekday; "30 2 * * *" is every night at 02:30.'
    if len(value.split()) != 5:  # a sixth field would be seconds, and no slot is that exact
        raise Mistake(f"{value[:64]!r} is no cron expression: it needs five fields", hint=hint)
    try:
        next(CronSim(value, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise Mistake(f"{value[:64]!r} is no cron expression: {error}", hint=hint) from error
    except StopIteration as error:
        raise Mistake(
            f"{value[:64]!r} never comes due",
            hint="No date has this day and month; choose ones that the calendar knows.",
        ) from error
    return value


TimeZone = Annotated[str, AfterValidator(_is_time_zone)]
"""An IANA name."""

Cron = Annotated[str, AfterValidator(_is_cron)]
"""Five fields of cron."""


class PlanPart(BaseModel):
    """Everything in a plan is frozen, and an unknown key is an error.

    What was given is kept out of pydantic's own messages: it may be a secret in the wrong place.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )
