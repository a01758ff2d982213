"""Fake servers that can also be asked for databases and accounts."""

from __future__ import annotations

from dataclasses import dataclass

from drill.sandbox.administration import Account, DatabaseEntry
from drill.sandbox.servers import ServerFault
from tests.sandbox.fake_servers import FakeInstance, FakeServers


@dataclass
class FakeAdministration:
    """Keeps five databases, three accounts and the passwords that were set."""

    instance: FakeInstance
    passwords: dict[str, str]
    is_broken: bool = False

    def databases(self) -> list[DatabaseEntry]:
        self._fail()
        return [
            DatabaseEntry(
                name=f"shop{number}",
                owner="root",
                character_set="UTF8",
                collation="C",
                size_bytes=1000 * number,
                comment="",
            )
            for number in range(1, 6)
        ]

    def accounts(self) -> list[Account]:
        self._fail()
        return [Account(name=name, databases=(("shop1", True),)) for name in ("a", "b", "root")]

    def set_password(self, user: str, password: str) -> None:
        self._fail()
        self.passwords[user] = password

    def _fail(self) -> None:
        if self.is_broken:
            raise ServerFault("the server does not answer")


class AdministeredServers(FakeServers):
    """Follows ``Servers`` and ``Administered``."""

    def __init__(self) -> None:
        super().__init__()
        self.passwords: dict[str, str] = {}
        self.refuses_administration = False

    def administration(self, instance_id: str) -> FakeAdministration | None:
        instance = self.instances.get(instance_id)
        if instance is None or instance.port is None:
            return None
        return FakeAdministration(instance, self.passwords, self.refuses_administration)
