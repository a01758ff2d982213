"""One running sandbox: the parts put together, started and stopped in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from drill.sandbox.changes import Changes
from drill.sandbox.context import Context, GatewayClock
from drill.sandbox.engines import Engines
from drill.sandbox.faults import Faults
from drill.sandbox.folder import Credentials
from drill.sandbox.gateway import Gateway
from drill.sandbox.limits import Limits
from drill.sandbox.operations import Operations
from drill.sandbox.ordered_answers import OrderedAnswers
from drill.sandbox.personalities import Personality
from drill.sandbox.resume import resume
from drill.sandbox.servers import Servers
from drill.sandbox.settings import Settings
from drill.sandbox.state import State
from drill.sandbox.tokens import Tokens
from drill.sandbox.web import WebServer
from drill.sandbox.workers import Workers
from drill.sandbox.writers import Writers

_PATIENCE = timedelta(seconds=15)


class Service:
    """The sandbox without its folder: everything that lives while it serves."""

    def __init__(
        self,
        folder: Path,
        servers: Servers | Engines,
        credentials: Credentials,
        *,
        personality: Personality,
        settings: Settings,
        port: int = 0,
    ) -> None:
        self.credentials = credentials
        self._engines = engines = Engines.around(servers)
        self._state = State(folder / "state.sqlite")
        self._workers = Workers()
        if not personality.job_ids_lag:
            settings = replace(settings, job_hidden_for=timedelta())
        keyring = credentials.keyring()
        self.context = Context(
            state=self._state,
            engines=engines,
            operations=Operations(self._state, engines, self._workers, settings, personality),
            changes=Changes(self._state, engines, self._workers, settings),
            keyring=keyring,
            tokens=Tokens(self._state, keyring, settings.token_life),
            faults=Faults(),
            ordered=OrderedAnswers(),
            limits=Limits(settings.calls_per_minute),
            clock=GatewayClock(),
            personality=personality,
            settings=settings,
            project_id=credentials.project_id,
            admin_token=credentials.admin_token,
        )
        self.writers = Writers(
            engines,
            password=credentials.writer_password,
            heartbeat_every=settings.heartbeat_every,
            order_every=settings.order_every,
        )
        try:
            self._web = WebServer(Gateway(self.context), port)
        except BaseException:
            self._workers.stop()
            self._state.close()
            raise
        self.endpoint = self._web.endpoint

    def start(self) -> None:
        """Take up what an earlier service left, then serve. Raise WebFault."""
        resume(self._state, self._engines, self._workers)
        self.writers.resume(self._state)
        self._web.start()

    def stop(self) -> None:
        """Stop serving, let running operations end, and stop every database server.

        What still runs after a while loses its servers, fails and is written down as failed.
        """
        self._web.stop()
        self.writers.stop()
        self.context.operations.stop()
        self.context.changes.stop()
        self._workers.wait(_PATIENCE)
        self._engines.shutdown()
        self._workers.stop()
        self._state.close()
