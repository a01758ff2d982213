"""What can be asked of and changed in one running database server, whatever its engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseEntry:
    """One database of an instance."""

    name: str
    owner: str
    character_set: str
    collation: str
    size_bytes: int
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account that may log in."""

    name: str
    databases: tuple[tuple[str, bool], ...]
    """Names of the databases that it may connect to, and whether it may only read there."""
    hosts: tuple[str, ...] = ()
    """Where it may come from; empty where the engine has no such rule."""
    comment: str = ""


class Administration(Protocol):
    """One running server. Every method raises ServerFault where the server refuses."""

    def databases(self) -> list[DatabaseEntry]:
        """Return the databases that clients may connect to, by name."""
        ...

    def accounts(self) -> list[Account]:
        """Return the accounts that may log in, by name, without those of the sandbox itself."""
        ...

    def set_password(self, user: str, password: str) -> None:
        """Set the password of the managed administrator."""
        ...


@runtime_checkable
class Administered(Protocol):
    """Servers that can be administered: beside ``Servers``, so that an engine may lack it."""

    def administration(self, instance_id: str) -> Administration | None:
        """Return the administration of a running server, None where none runs."""
        ...
