"""A span on the command line, written as in a plan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click


class SpanParam(click.ParamType[timedelta]):
    """A span on the command line, written as in a plan."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the span, or fail with what is wrong with it."""
        from drill.plan.forms import parse_span

        try:
            return parse_span(value)
        except ValueError as error:
            self.fail(f"{error}; write it like 36h or 2d", param, ctx)
