"""Admin calls about answers: the limit of calls, and the description of the API."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from drill.sandbox.call import Answer, Call
from drill.sandbox.context import Context
from drill.sandbox.errors import parameter_error
from drill.sandbox.fields import Members
from drill.sandbox.ordered_answers import read_order


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI description of everything that the sandbox answers."""
    document: dict[str, Any] = json.loads(
        (files("drill.sandbox") / "openapi.json").read_text(encoding="utf-8")
    )
    return document


def show_description(context: Context, call: Call) -> Answer:
    """Return the OpenAPI description; needs no credentials."""
    return Answer(200, description())


def set_limits(context: Context, call: Call) -> Answer:
    """Change how often one user may call one API in a minute; 0 is without limit."""
    calls = call.json().integer("calls_per_minute")
    if not 0 <= calls <= 10**6:
        raise parameter_error("calls_per_minute must be from 0 to 1000000")
    context.limits.set(calls or None)
    return Answer(200, {})


def order_answer(context: Context, body: Members) -> Answer:
    """Order a code for the requests to come."""
    context.ordered.add(read_order(body))
    return Answer(201, {})
