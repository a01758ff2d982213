"""How the program writes its log: one place for our own lines and for those of every library.

JSON is one object a line. In both forms secrets are taken out, control characters are made
visible, and what is bound to the present drill (``drill_id``) is on every line.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from functools import cached_property
from typing import Literal, TextIO

from drill.plan.visible import visible

LogFormat = Literal["json", "text"]


def configure_logs(
    *,
    log_format: LogFormat | None,
    level: int,
    stream: TextIO | None = None,
    structured: bool = True,
) -> None:
    """Send every log line to standard error (or ``stream``), in one form.

    Without a form: text on a terminal, JSON elsewhere. ``structured`` is for commands that run
    something; the others have no line of their own and do not pay for the import of structlog.
    """
    out = stream or sys.stderr
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(old)
    root.addHandler(
        _Handler(out, is_json=log_format == "json" or (not log_format and not out.isatty()))
    )
    root.setLevel(level)
    # At DEBUG it writes the path of every request, and a path may be a secret (a ping, a hook).
    logging.getLogger("urllib3").setLevel(max(level, logging.INFO))
    # What it says is in the fault of the telling, without what is secret of the URL.
    logging.getLogger("apprise").propagate = False
    if structured:
        from drill.cli.log_lines import configure_structlog

        configure_structlog()


class _Handler(logging.StreamHandler[TextIO]):
    """Makes its formatter with the first line, because it is slow to import."""

    def __init__(self, stream: TextIO, *, is_json: bool) -> None:
        super().__init__(stream)
        self._is_json = is_json

    @cached_property
    def _lines(self) -> logging.Formatter:
        from drill.cli.log_lines import line_formatter

        return line_formatter(is_json=self._is_json)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return self._lines.format(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say that a line could not be written; the one of logging would show its arguments."""
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f"a log line of {visible(record.name)} could not be written\n")
