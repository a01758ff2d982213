"""Faults of the wire: what happens to a request before it is handled, and to its answer after."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from drill.sandbox.call import Answer
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, Origin, throttled
from drill.sandbox.faults import Fault, FaultKind

TRANSPORT = "sandbox.transport"
"""Where the protocol puts the connection, so that an answer can be lost on purpose."""
_MEGABYTE = 1024 * 1024
_PAGE = """<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><h1>Welcome</h1><p>Please sign in to continue.</p></body></html>
"""
_HELD_BACK = 64
"""How many bytes an answer without a body promises where it is to be broken off."""


class Ending(Enum):
    """How the answer leaves."""

    SENT = "whole"
    LOST = "not at all"
    RESET = "half, then the connection is reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordeal:
    """What is still to happen to one request once it was handled."""

    instead: Response | None = None
    """Given in place of the true answer."""
    is_handled: bool = True
    """False where the request never gets to the API."""
    padding_bytes: int = 0
    ending: Ending = Ending.SENT


async def begin_ordeal(context: Context, *, method: str, path: str, text: str) -> Ordeal:
    """Let the faults happen that come before the API; return what is left for after it.

    Raise ApiError for an error of the cloud that takes the place of the call.
    """

    def take(kind: FaultKind) -> Fault | None:
        return context.faults.take(kind, method=method, path=path, text=text)

    context.ordered.raise_waiting(method, path)
    delay = take(FaultKind.DELAY)
    if delay:
        await asyncio.sleep(delay.seconds)
    if take(FaultKind.EXPIRE_TOKENS):
        context.tokens.forget_all()
    throttle = take(FaultKind.THROTTLE_NEXT)
    if throttle:
        raise throttled(max(1, round(throttle.seconds)))
    wrong = take(FaultKind.ERROR_NEXT) or take(FaultKind.HTML_NEXT)
    if wrong:
        return Ordeal(instead=_wrong_answer(wrong), is_handled=wrong.accepted)
    huge = take(FaultKind.HUGE_ANSWER)
    ending = Ending.SENT
    if take(FaultKind.RESET_BODY):
        ending = Ending.RESET
    elif take(FaultKind.LOSE_NEXT_ANSWER):
        ending = Ending.LOST
    return Ordeal(padding_bytes=huge.megabytes * _MEGABYTE if huge else 0, ending=ending)


def _wrong_answer(fault: Fault) -> Response:
    if fault.kind is FaultKind.HTML_NEXT:
        return HTMLResponse(_PAGE, fault.status)
    if fault.body == "empty":
        return Response(status_code=fault.status)
    if fault.body == "text":
        return Response("upstream request failed\n", fault.status, media_type="text/plain")
    plain = Fault(kind=fault.kind)
    message = "Internal server error." if fault.reason == plain.reason else fault.reason
    error = ApiError(fault.status, fault.code, message, origin=Origin.SERVICE)
    return JSONResponse(error.body("", Origin.SERVICE), fault.status)


def padded(answer: Answer, padding_bytes: int) -> Answer:
    """Return the answer with a member that nobody asked for and that is very long."""
    if not padding_bytes:
        return answer
    members = answer.body if isinstance(answer.body, Mapping) else {}
    body = {**members, "padding": "x" * padding_bytes}
    return Answer(answer.status, body, answer.headers)


async def close_without_answer(scope: Scope, receive: Receive) -> None:
    """Close the connection without a word, and wait until the server has noticed."""
    scope["extensions"][TRANSPORT].abort()
    await _noticed(receive)


async def reset_inside_body(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the head and half of the body, then reset the connection."""
    body = bytes(response.body) or b" " * _HELD_BACK
    headers = [each for each in response.raw_headers if each[0] != b"content-length"]
    head: Message = {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": [*headers, (b"content-length", str(len(body)).encode())],
    }
    await send(head)
    half = body[: len(body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    transport = scope["extensions"][TRANSPORT]
    # Without lingering the kernel ends the connection with a reset, not with a goodbye.
    lingering = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
    transport.abort()
    await _noticed(receive)


async def _noticed(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
