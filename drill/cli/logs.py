"""How the program writes its log: one place for our own lines and for those of every library.

JSON is one object a line. In both forms secrets are taken out, control characters are made
visible, and what is bound to the present drill (``drill_id``) is on every line.
"""

from __future__ import annotations

import contextlib
import json
import logging
import logging.config
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor

from drill.plan.redacted import MASK, is_secret_name, redacted
from drill.plan.visible import visible

LogFormat = Literal["json", "text"]

_DEEPEST = 6


def configure_logs(
    *, log_format: LogFormat | None, level: int, stream: TextIO | None = None
) -> None:
    """Send every log line to standard error (or ``stream``), in one form.

    Without a form: text on a terminal, JSON elsewhere.
    """
    out = stream or sys.stderr
    is_json = log_format == "json" or (log_format is None and not out.isatty())
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            cleaned,
            _as_json if is_json else _as_text,
        ],
    )
    handler = _Handler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    # At DEBUG it writes the path of every request, and a path may be a secret (a ping, a hook).
    logging.getLogger("urllib3").setLevel(max(level, logging.INFO))
    # What it says is in the fault of the telling, without what is secret of the URL.
    logging.getLogger("apprise").propagate = False
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


class _Handler(logging.StreamHandler[TextIO]):
    """Says that a line could not be written; the one of logging would show its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f"a log line of {visible(record.name)} could not be written\n")


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


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
