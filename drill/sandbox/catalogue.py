"""What can be ordered: the engines, a few flavors and storage types, one zone, one network."""

from __future__ import annotations

from dataclasses import dataclass

ENGINE = "PostgreSQL"
MARIADB = "MariaDB"
REGION = "sandbox-1"
ZONE = "sandbox-1a"
ADMIN_USER = "root"
STORAGE_TYPES = ("CLOUDSSD", "ESSD")
DEFAULT_STORAGE = "CLOUDSSD"
BACKUP_WINDOW = "19:00-20:00"
BACKUP_PERIOD = "1,2,3,4,5,6,7"
VPC_ID = "5a9d0000-0000-4000-8000-00000000001a"
SOURCE_SUBNET_ID = "5a9d0000-0000-4000-8000-00000000002a"
SCRATCH_SUBNET_ID = "5a9d0000-0000-4000-8000-00000000002b"
SOURCE_SECURITY_GROUP_ID = "5a9d0000-0000-4000-8000-00000000003a"
SCRATCH_SECURITY_GROUP_ID = "5a9d0000-0000-4000-8000-00000000003b"


@dataclass(frozen=True, slots=True)
class Flavor:
    """One size of machine."""

    spec_code: str
    vcpus: int
    memory_gb: int
    engine: str = ENGINE


FLAVORS = (
    Flavor("rds.pg.n1.small", 1, 2),
    Flavor("rds.pg.n1.medium", 2, 4),
    Flavor("rds.pg.n1.large", 4, 8),
    Flavor("rds.mariadb.n1.small", 1, 2, MARIADB),
    Flavor("rds.mariadb.n1.medium", 2, 4, MARIADB),
    Flavor("rds.mariadb.n1.large", 4, 8, MARIADB),
)
DEFAULT_FLAVOR = FLAVORS[1].spec_code


@dataclass(frozen=True, slots=True)
class Family:
    """What differs from engine to engine (reference, 1.1 and 5.1)."""

    id_suffix: str
    port: int
    lowest_port: int
    highest_port: int
    default_flavor: str


_FAMILIES = {
    ENGINE: Family("in03", 5432, 2100, 9500, DEFAULT_FLAVOR),
    MARIADB: Family("in01", 3306, 1024, 65535, FLAVORS[4].spec_code),
}


def family_of(engine: str) -> Family:
    """Return what is special about an engine; an unknown one is taken for PostgreSQL."""
    return _FAMILIES.get(engine, _FAMILIES[ENGINE])


def engine_named(name: str) -> str | None:
    """Return the engine of the sandbox with that name, whatever its case."""
    return next((each for each in _FAMILIES if each.lower() == name.lower()), None)


def find_flavor(spec_code: str) -> Flavor | None:
    """Return the flavor with this code, or None."""
    return next((each for each in FLAVORS if each.spec_code == spec_code), None)
