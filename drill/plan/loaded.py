"""A plan together with the file that it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from drill.plan.model import Plan


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """One valid plan, and what exactly it was read from."""

    plan: Plan
    file: Path
    digest: str
    """SHA-256 of the bytes of the file, in hexadecimal digits."""
    text: str = field(repr=False)
