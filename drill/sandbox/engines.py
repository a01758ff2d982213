"""Which servers stand behind which engine."""

from __future__ import annotations

from collections.abc import Mapping

from drill.sandbox.catalogue import ENGINE
from drill.sandbox.errors import ApiError
from drill.sandbox.instances import Instance
from drill.sandbox.servers import ServerFault, Servers


class Engines:
    """The servers of every engine, by the type of the datastore, such as ``MariaDB``."""

    def __init__(
        self, servers: Mapping[str, Servers], *, absent: Mapping[str, str] | None = None
    ) -> None:
        """``absent`` says of engines without servers why there are none."""
        self._servers = dict(servers)
        self._absent = dict(absent or {})

    @classmethod
    def around(cls, servers: Servers | Engines) -> Engines:
        """Return the engines as they are, or those of the one engine that needs no name."""
        return servers if isinstance(servers, Engines) else cls({ENGINE: servers})

    def servers_of(self, engine: str) -> Servers | None:
        """Return the servers of an engine, or None where the sandbox has none."""
        return self._servers.get(engine)

    def need(self, engine: str) -> Servers:
        """Return the servers of an engine. Raise ServerFault that says why there are none."""
        servers = self.servers_of(engine)
        if servers is None:
            raise ServerFault(self._reason(engine))
        return servers

    def port_of(self, instance: Instance | None) -> int | None:
        """Return the port of the server behind an instance, or None where none listens."""
        if instance is None or instance.simulated:
            return None
        servers = self.servers_of(instance.engine)
        return servers.port_of(instance.id) if servers is not None else None

    def ensure_server(self, instance: Instance) -> None:
        """Raise ApiError (400) where an instance is meant to have a server and cannot have one.

        The order is refused, so that nobody takes it for a backup that could not be restored. The
        code is a guess: no cloud lacks its servers.
        """
        if not instance.simulated and self.servers_of(instance.engine) is None:
            raise ApiError(400, "DBS.280238", f"The sandbox has {self._reason(instance.engine)}.")

    def shutdown(self) -> None:
        """Stop all servers cleanly."""
        for servers in self._servers.values():
            servers.shutdown()

    def _reason(self, engine: str) -> str:
        return self._absent.get(engine, f"no server here for {engine}")
