"""What a log line is: one event with its names, cleaned of secrets, as JSON or as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from drill.plan.redacted import MASK, is_secret_name, redacted
from drill.plan.visible import visible

_DEEPEST = 6

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


def line_formatter(*, is_json: bool) -> structlog.stdlib.ProcessorFormatter:
    """Return what formats our own records and those of libraries in the same way."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            cleaned,
            _as_json if is_json else _as_text,
        ],
    )


def configure_structlog() -> None:
    """Hand what structlog is told to the logging of Python, where levels and handlers are."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def cleaned(logger: Any, method: str, event: EventDict) -> EventDict:
    """Take secrets and control characters out of every name and every value."""
    return {visible(str(name)): _clean(str(name), value, 0) for name, value in event.items()}


def _clean(name: str, value: Any, depth: int) -> Any:
    if is_secret_name(name) and value is not None:
        return MASK
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {visible(str(key)): _clean(str(key), one, depth + 1) for key, one in value.items()}
    if depth < _DEEPEST and isinstance(value, (list, tuple, set, frozenset)):
        return [_clean("", one, depth + 1) for one in value]
    return visible(redacted(value if isinstance(value, str) else str(value)))


def _as_json(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    first = {name: event.pop(name, None) for name in ("timestamp", "level", "logger", "event")}
    return json.dumps({**first, **event}, ensure_ascii=False, default=str, allow_nan=True)


def _as_text(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    first = [str(event.pop(name, "")) for name in ("timestamp", "level", "logger", "event")]
    first[1] = first[1].upper()
    return " ".join([*first, *(f"{name}={value}" for name, value in sorted(event.items()))])
