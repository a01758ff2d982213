"""The HTTP server: uvicorn in a thread of its own, on the loopback interface alone."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from typing import cast

import uvicorn
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from drill.sandbox.answer_faults import TRANSPORT
from drill.sandbox.errors import ApiError, Origin, server_failure

HOST = "127.0.0.1"


class WebFault(Exception):
    """The HTTP server did not start; the text says why."""


class _Protocol(H11Protocol):
    """Puts the connection into the scope, so that an answer can be lost on purpose."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = cast(ASGIApp, self.app)

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = with_transport

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP at all, in the shape of the gateway instead of plain text."""
        body = json.dumps(
            ApiError(400, "APIGW.0201", "Bad request").body("unknown", Origin.GATEWAY)
        )
        head = (
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Request-Id: unknown\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body.encode())
        self.transport.close()


class WebServer:
    """Serves one application until it is stopped."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        try:
            self._socket = socket.create_server((HOST, port), backlog=128)
        except (OSError, OverflowError) as error:
            raise WebFault(f"port {port} of {HOST} cannot be used: {error}") from error
        self.port: int = self._socket.getsockname()[1]
        self.endpoint = f"http://{HOST}:{self.port}"
        config = uvicorn.Config(
            ServerErrorMiddleware(app, handler=_answer_failure),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="sandbox-web", daemon=True)

    def start(self) -> None:
        """Serve in a thread. Raise WebFault if that does not work."""
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.005)
            if not self._thread.is_alive():
                raise WebFault("the HTTP server did not start")

    def stop(self) -> None:
        """Answer what is being answered, then close everything."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(15)
        self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


async def _answer_failure(request: Request, error: Exception) -> JSONResponse:
    body = server_failure().body("", Origin.SERVICE)
    return JSONResponse(body, 500, headers={"X-Request-Id": "unknown"})
