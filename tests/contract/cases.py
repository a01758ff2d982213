"""The engines that every provider is tried with."""

from __future__ import annotations

from dataclasses import dataclass

from drill.guard.facts import CloudRules
from drill.provider.clouds import find_cloud_kind
from drill.recovery.values import Engine
from drill.sandbox import catalogue


@dataclass(frozen=True, slots=True)
class EngineCase:
    """One engine that the guard admits on a cloud."""

    engine: Engine
    version: str
    suffix: str
    """How the ids of its instances end."""
    flavor: str
    members: tuple[tuple[str, object], ...] = ()
    """What the admin call needs besides, to make an instance of this engine."""
    cloud: str = "sandbox"
    """The kind of a cloud that has this engine."""

    @property
    def rules(self) -> CloudRules:
        """Return what such a cloud can do."""
        return find_cloud_kind(self.cloud).rules

    @property
    def is_simulated(self) -> bool:
        """Tell whether the sandbox has no server behind it."""
        return ("simulated", True) in self.members


MARIADB_VERSION = "10.11"
IN_BOTH = (
    EngineCase(Engine.POSTGRESQL, "18", "03", catalogue.DEFAULT_FLAVOR),
    EngineCase(
        Engine.MARIADB,
        MARIADB_VERSION,
        "01",
        catalogue.family_of(catalogue.MARIADB).default_flavor,
        (("engine", "MariaDB"),),
    ),
    EngineCase(
        Engine.SQLSERVER,
        "2019_SE",
        "04",
        "rds.mssql.n1.medium",
        (
            ("engine", "SQLServer"),
            ("simulated", True),
            ("version", "2019_SE"),
            ("databases", ["shop"]),
        ),
    ),
)
"""One line for each engine with servers, or with simulated instances that restore."""
IN_MEMORY = (*IN_BOTH, EngineCase(Engine.MYSQL, "8.0", "01", "rds.mysql.n1.medium", (), "huawei"))
"""The sandbox has servers of MariaDB where a cloud has MySQL."""
