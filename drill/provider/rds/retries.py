"""What the log says when a read is about to be asked again."""

from __future__ import annotations

import stamina.instrumentation
import structlog


def log_retries() -> None:
    """Have every retry logged: which one, after what wait, and why.

    By default each is printed on stdout, in the middle of what a program may be reading; and the
    line of the library has everything but its name in fields that only it knows.
    """
    stamina.instrumentation.set_on_retry_hooks([_log])


def _log(details: stamina.instrumentation.RetryDetails) -> None:
    structlog.get_logger("drill.provider").warning(
        "cloud did not answer, asks again",
        retry=details.retry_num,
        wait_seconds=round(details.wait_for, 2),
        reason=str(details.caused_by),
    )
