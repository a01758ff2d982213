"""All that the handlers work with, in one value."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drill.sandbox.catalogue import ENGINE
from drill.sandbox.changes import Changes
from drill.sandbox.engines import Engines
from drill.sandbox.faults import Faults
from drill.sandbox.identities import Keyring
from drill.sandbox.limits import Limits
from drill.sandbox.operations import Operations
from drill.sandbox.ordered_answers import OrderedAnswers
from drill.sandbox.personalities import Personality
from drill.sandbox.servers import Servers
from drill.sandbox.settings import Settings
from drill.sandbox.state import State
from drill.sandbox.times import now
from drill.sandbox.tokens import Tokens


class GatewayClock:
    """The clock that signatures are checked against; it can be set wrong for a test."""

    def __init__(self) -> None:
        self._skew = timedelta(0)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the time that the gateway believes in."""
        with self._lock:
            return now() + self._skew

    def shift(self, skew: timedelta) -> None:
        """Let the gateway be this much ahead of the real time."""
        with self._lock:
            self._skew = skew


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The parts of one running sandbox."""

    state: State
    engines: Engines
    operations: Operations
    changes: Changes
    keyring: Keyring
    tokens: Tokens
    faults: Faults
    ordered: OrderedAnswers
    limits: Limits
    clock: GatewayClock
    personality: Personality
    settings: Settings
    project_id: str
    admin_token: str = field(repr=False)

    @property
    def servers(self) -> Servers:
        """Return the servers of PostgreSQL. Raise ServerFault where there are none."""
        return self.engines.need(ENGINE)
