"""What can be set about the service; the tests make some of it shorter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Spans and limits."""

    job_hidden_for: timedelta = timedelta(milliseconds=500)
    """How long a new job id is unknown (reference, section 6.1: several seconds)."""
    token_life: timedelta = timedelta(hours=24)
    instance_quota: int = 50
    databases_quota: int = 100
    """``rds_databases_quota``: databases of one SQL Server instance."""
    largest_body: int = 1024 * 1024
    """Bytes."""
    body_deadline: timedelta = timedelta(seconds=20)
    """How long a client may take to send a body."""
    enlarging_takes: timedelta = timedelta(milliseconds=500)
    """How long an instance is MODIFYING: the disk is a number here, so the wait is simulated."""
    calls_per_minute: int | None = None
    """How often one user may call one API (reference, section 10.3: 60); None is without limit."""
    heartbeat_every: timedelta = timedelta(milliseconds=500)
    order_every: timedelta = timedelta(seconds=2)
