"""The front of the service: reads a request, checks the credentials, calls a handler, answers."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from drill.sandbox.answer_faults import (
    Ending,
    Ordeal,
    begin_ordeal,
    close_without_answer,
    padded,
    reset_inside_body,
)
from drill.sandbox.authentication import authenticate_account, authenticate_project
from drill.sandbox.call import Answer, Call
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, Origin, no_such_api, too_large
from drill.sandbox.fields import Query
from drill.sandbox.identities import Identity
from drill.sandbox.list_faults import answer_list
from drill.sandbox.routes import Door, Route, find_route
from drill.sandbox.signatures import SignedRequest

_MOST_DRAINED = 16 * 1024 * 1024


class Gateway:
    """The ASGI application."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = secrets.token_hex(16)
        found = find_route(scope["method"], scope["raw_path"])
        origin = found[0].origin if found else Origin.GATEWAY
        try:
            response, ending = await self._answer(scope, receive, found)
        except ApiError as error:
            body = error.body(request_id, origin)
            response = JSONResponse(body, error.status, headers=error.headers)
            ending = Ending.SENT
        if ending is Ending.LOST:
            await close_without_answer(scope, receive)
            return
        response.headers["X-Request-Id"] = request_id
        if ending is Ending.RESET:
            await reset_inside_body(response, scope, receive, send)
            return
        await response(scope, receive, send)

    async def _answer(
        self, scope: Scope, receive: Receive, found: tuple[Route, Any] | None
    ) -> tuple[Response, Ending]:
        body = await self._read_body(receive)
        if found is None:
            raise no_such_api()
        route, parameters = found
        ordeal = Ordeal()
        if route.door is not Door.ADMIN:
            text = f"{scope['query_string'].decode('latin-1')} {body.decode('utf-8', 'replace')}"
            ordeal = await begin_ordeal(
                self._context, method=scope["method"], path=scope["path"], text=text
            )
        if ordeal.instead is not None and not ordeal.is_handled:
            return ordeal.instead, Ending.SENT
        request = SignedRequest(
            method=scope["method"],
            raw_path=scope["raw_path"],
            raw_query=scope["query_string"],
            headers=tuple((name.lower(), value) for name, value in scope["headers"]),
            body=body,
        )
        try:
            answer = await run_in_threadpool(self._handle, route, parameters, request)
        except ApiError:
            if ordeal.ending is Ending.LOST:
                return Response(), Ending.LOST
            raise
        if ordeal.instead is not None:
            return ordeal.instead, Ending.SENT
        return _render(padded(answer, ordeal.padding_bytes)), ordeal.ending

    def _handle(self, route: Route, parameters: dict[str, str], request: SignedRequest) -> Answer:
        identity = self._admit(route, parameters, request)
        text = request.raw_path.decode("latin-1")
        query = parse_qsl(request.raw_query.decode("latin-1"), keep_blank_values=True)
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers
        }
        call = Call(
            method=request.method,
            path=text,
            version=text.split("/")[1] if route.door is Door.PROJECT else "",
            parameters=parameters,
            query=Query(query),
            headers=headers,
            body=request.body,
            identity=identity,
            endpoint=f"http://{headers.get('host', '')}",
        )
        return answer_list(self._context, route.handler, call, query)

    def _admit(
        self, route: Route, parameters: dict[str, str], request: SignedRequest
    ) -> Identity | None:
        if route.door is Door.ADMIN:
            sent = b"".join(request.values("authorization"))
            expected = f"Bearer {self._context.admin_token}".encode()
            if not hmac.compare_digest(sent, expected):
                raise ApiError(401, "SANDBOX.0401", "The admin token is wrong.")
            return None
        if route.door is Door.ACCOUNT:
            return authenticate_account(self._context, request)
        if route.door is Door.PROJECT:
            # One call of the service has no project in its path (reference, section 3.6).
            project_id = parameters.get("project_id", self._context.project_id)
            identity = authenticate_project(self._context, request, project_id, route.action)
            self._context.limits.count(f"{route.method} {route.template}", identity.user)
            return identity
        return None

    async def _read_body(self, receive: Receive) -> bytes:
        settings = self._context.settings
        chunks, size = [], 0
        try:
            async with asyncio.timeout(settings.body_deadline.total_seconds()):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ApiError(400, "APIGW.0201", "Bad request", origin=Origin.GATEWAY)
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size <= settings.largest_body:
                        chunks.append(chunk)
                    # Reading on for a while lets the client see the answer instead of a reset.
                    if not message.get("more_body", False) or size > _MOST_DRAINED:
                        break
        except TimeoutError as error:
            text = "Bad request: the body did not arrive in time"
            raise ApiError(400, "APIGW.0201", text, origin=Origin.GATEWAY) from error
        if size > settings.largest_body:
            raise too_large()
        return b"".join(chunks)


def _render(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    return JSONResponse(answer.body, answer.status, headers=headers)
