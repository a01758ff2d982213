"""Metrics at an address that is taken, comes free, or can never be had."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from structlog.testing import capture_logs

from drill.errors import ConfigInvalid
from drill.notify.exposition import Board
from drill.notify.listening import Listener, can_never_work


@contextmanager
def somebody_else() -> Iterator[str]:
    """Hold a port of the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield f"127.0.0.1:{other.getsockname()[1]}"


def test_an_address_that_is_taken_is_said_once_with_a_hint_and_is_tried_again():
    with capture_logs() as lines:
        with somebody_else() as listen:
            listener = Listener(listen, Board())
            listener.ensure()
            listener.ensure()
            trouble, port = listener.trouble, listener.port
        listener.ensure()
    try:
        answer = requests.get(f"http://{listen}/metrics", timeout=5)
    finally:
        listener.close()

    assert trouble == f"metrics are not served at {listen}: address already in use"
    assert port is None
    assert answer.status_code == 200
    assert listener.trouble is None
    assert [line["event"] for line in lines] == ["metrics are not served", "metrics are served"]
    assert "metrics.listen" in lines[0]["hint"]


def test_what_is_closed_does_not_begin_to_serve_any_more():
    with somebody_else() as listen:
        listener = Listener(listen, Board())
    listener.close()

    listener.ensure()

    assert listener.port is None


@pytest.mark.parametrize("listen", ["192.0.2.1:9410", "no-such-host.invalid:9410"])
def test_an_address_that_this_host_does_not_have_is_a_mistake_of_the_configuration(listen):
    with pytest.raises(ConfigInvalid, match="cannot be served") as caught:
        Listener(listen, Board())

    assert "metrics.listen" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("error", "never"),
    [
        (OSError(errno.EADDRINUSE, "in use"), False),
        (OSError(errno.EMFILE, "too many open files"), False),
        (OSError(errno.EACCES, "permission denied"), True),
        (OSError(errno.EADDRNOTAVAIL, "not ours"), True),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), False),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), True),
    ],
)
def test_only_what_trying_again_cannot_mend_is_fatal(error, never):
    assert can_never_work(error) is never
