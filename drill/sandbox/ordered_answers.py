"""Answers that a test orders by their code: any code of the reference can be made to occur."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from drill.sandbox.errors import ApiError, Origin, parameter_error
from drill.sandbox.fields import Members

KIND = "answer_code"
_CODE = re.compile(r"(DBS|RDS|APIGW|IAM|CBC|EPS)\.\d{4,8}", re.ASCII)
_ORIGINS = {"APIGW": Origin.GATEWAY, "IAM": Origin.IAM, "RDS": Origin.OLD}
_THROTTLED = 429


@cache
def known_codes() -> dict[str, tuple[int, str]]:
    """Return HTTP status and meaning of every code in ``codes.json`` (reference, 9.2 and 9.3)."""
    text = (files("drill.sandbox") / "codes.json").read_text(encoding="utf-8")
    return {code: (entry[0], entry[1]) for code, entry in json.loads(text).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedAnswer:
    """One code, where it is answered, and how often still."""

    code: str
    status: int
    message: str
    retry_after_seconds: int
    method: str | None
    path: re.Pattern[str] | None
    times: int

    def matches(self, method: str, path: str) -> bool:
        """Return whether this request is meant."""
        right_method = self.method is None or self.method == method
        return right_method and (self.path is None or self.path.search(path) is not None)

    def error(self) -> ApiError:
        """Return the error in the shape of who sends such codes."""
        headers = {}
        if self.status == _THROTTLED:
            headers["Retry-After"] = str(self.retry_after_seconds)
        origin = _ORIGINS.get(self.code.partition(".")[0], Origin.SERVICE)
        return ApiError(self.status, self.code, self.message, origin=origin, headers=headers)


class OrderedAnswers:
    """The answers that are waiting."""

    def __init__(self) -> None:
        self._waiting: list[OrderedAnswer] = []
        self._lock = threading.Lock()

    def add(self, answer: OrderedAnswer) -> None:
        """Answer the next requests that match like this."""
        with self._lock:
            self._waiting.append(answer)

    def raise_waiting(self, method: str, path: str) -> None:
        """Raise the ApiError that waits for this request, if one does, and use it up once."""
        with self._lock:
            for position, answer in enumerate(self._waiting):
                if answer.matches(method, path):
                    if answer.times > 1:
                        self._waiting[position] = replace(answer, times=answer.times - 1)
                    else:
                        del self._waiting[position]
                    raise answer.error()

    def clear(self) -> None:
        """Forget all that wait."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[OrderedAnswer]:
        """Return what has not happened yet."""
        with self._lock:
            return list(self._waiting)


def read_order(body: Members) -> OrderedAnswer:
    """Read the body of an admin call. Raise ApiError (400).

    Members: ``code``; ``status`` and ``message`` where they are not those of the reference;
    ``method`` and ``path`` (a regular expression) where not every call is meant; ``times``;
    ``seconds``, which ``Retry-After`` states with a 429.
    """
    code = body.text("code")
    if _CODE.fullmatch(code) is None:
        raise parameter_error("code must look like DBS.200011")
    status, message = known_codes().get(code, (None, "An error that was ordered."))
    status = body.optional_integer("status") or status
    if status is None or not 400 <= status <= 599:
        raise parameter_error("status must be from 400 to 599")
    times = body.optional_integer("times")
    seconds = body.optional_number("seconds")
    if not 1 <= (1 if times is None else times) <= 1000 or not 0 <= (seconds or 0) <= 3600:
        raise parameter_error("times must be from 1 to 1000, seconds from 0 to 3600")
    pattern = body.optional_text("path")
    try:
        path = re.compile(pattern) if pattern else None
    except re.error as error:
        raise parameter_error("path is not a regular expression") from error
    return OrderedAnswer(
        code=code,
        status=status,
        message=body.optional_text("message") or message,
        retry_after_seconds=max(1, round(seconds or 1)),
        method=body.optional_text("method"),
        path=path,
        times=1 if times is None else times,
    )
