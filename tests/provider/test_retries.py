"""What the log says of a read that is asked again."""

from __future__ import annotations

import stamina
from structlog.testing import capture_logs

from drill.provider.rds.retries import log_retries


def test_a_retry_is_logged_with_its_number_and_its_reason():
    log_retries()
    tries: list[int] = []

    def attempt() -> str:
        tries.append(1)
        if len(tries) < 2:
            raise OSError("connection refused")
        return "answer"

    caller = stamina.RetryingCaller(attempts=3, wait_initial=0, wait_max=0, wait_jitter=0)
    with stamina.set_testing(False), capture_logs() as lines:
        assert caller(OSError, attempt) == "answer"

    (line,) = lines
    assert line["log_level"] == "warning"
    assert line["retry"] == 1
    assert "connection refused" in line["reason"]
