"""A sandbox in threads of this process, with given servers: for tests."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from drill.sandbox.admin_client import AdminClient
from drill.sandbox.engines import Engines
from drill.sandbox.folder import Credentials, make_folder, read_or_make_credentials
from drill.sandbox.personalities import PERSONALITIES
from drill.sandbox.servers import Servers
from drill.sandbox.service import Service
from drill.sandbox.settings import Settings


class ThreadedSandbox:
    """Serves on a free loopback port while the ``with`` block runs."""

    def __init__(
        self,
        folder: Path,
        servers: Servers | Engines,
        *,
        settings: Settings | None = None,
        personality: str = "sandbox",
        port: int = 0,
    ) -> None:
        make_folder(folder)
        self.credentials: Credentials = read_or_make_credentials(folder)
        self.service = Service(
            folder,
            servers,
            self.credentials,
            personality=PERSONALITIES[personality],
            settings=settings or Settings(),
            port=port,
        )
        self.endpoint = self.service.endpoint
        self.admin = AdminClient(self.endpoint, self.credentials.admin_token)

    def __enter__(self) -> ThreadedSandbox:
        """Start serving."""
        try:
            self.service.start()
        except BaseException:
            self.service.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving, and stop the servers."""
        self.service.stop()
