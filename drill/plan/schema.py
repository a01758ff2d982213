"""The JSON Schema of a plan, for editors: what ``drill plan schema`` prints."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from drill.plan.forms import format_span
from drill.plan.model import Plan


class _TomlSchema(GenerateJsonSchema):
    """Writes the defaults of spans as a plan would."""

    def encode_default(self, dft: Any) -> Any:
        return format_span(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a plan file; the same for every call and machine.

    It knows the keys, their forms and their meaning. What it cannot say (a cron expression, a
    time zone, a name that agrees with the file) only the loader checks.
    """
    schema = Plan.model_json_schema(mode="validation", schema_generator=_TomlSchema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **{key: _tidy(value) for key, value in schema.items() if key != "title"},
        "title": "Restore plan",
    }


def plan_schema_text() -> str:
    """Return the schema as the text of docs/plan.schema.json."""
    return json.dumps(plan_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _tidy(part: Any) -> Any:
    """Return a part without what only OpenAPI knows, and without null, which TOML has not.

    The default of a whole table goes too: its keys have their own.
    """
    if isinstance(part, list):
        return [_tidy(element) for element in part]
    if not isinstance(part, dict):
        return part
    choices = part.get("anyOf", [])
    if {"type": "null"} in choices:
        left = [choice for choice in choices if choice != {"type": "null"}]
        rest = {key: value for key, value in part.items() if key not in ("anyOf", "default")}
        part = {**rest, **(left[0] if len(left) == 1 else {"anyOf": left})}
    return {
        key: " ".join(value.split())
        if key == "description" and isinstance(value, str)
        else _tidy(value)
        for key, value in part.items()
        if not (key in ("discriminator", "default") and isinstance(value, dict))
    }
