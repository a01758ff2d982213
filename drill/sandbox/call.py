"""One request on its way to a handler, and the answer on its way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drill.sandbox.fields import Members, Query, read_object
from drill.sandbox.identities import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that was authenticated."""

    method: str
    path: str
    version: str
    """``v3`` or ``v3.1`` for the calls of the service, otherwise empty."""
    parameters: Mapping[str, str]
    """The parts of the path that vary."""
    query: Query
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    body: bytes = field(repr=False)
    identity: Identity | None
    """None for the calls that need no credentials, and for the admin calls."""
    endpoint: str
    """What the client calls this service, such as ``http://127.0.0.1:8080``."""

    def json(self) -> Members:
        """Read the body. Raise ApiError (400) if it is not a JSON object."""
        return read_object(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler says: a status, a JSON value (None: no body) and extra headers."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
