"""Every point at which something can happen to a worker: around each write of the journal, and
around each call of the cloud. A gate is asked there; it may wait, and it may raise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

from drill.engine.ports import Journal
from drill.provider.port import Provider

Kind = Literal["write", "read", "order"]
"""A write of the journal, a question to the cloud, an order to the cloud."""

WRITES = frozenset(
    {"claim", "renew", "save", "seat", "move_looks", "release_target", "reopen_teardown"}
    | {"request_abort", "expire_leases"}
)
ORDERS = frozenset({"restore", "create", "reset", "delete", "tag", "back_up"})
READS = frozenset(
    {"find_instance", "list_instances", "list_backups", "list_windows", "list_databases"}
    | {"find_job", "list_jobs_of", "list_recycled", "list_sightings"}
)


@dataclass(frozen=True, slots=True)
class Boundary:
    """One such point."""

    kind: Kind
    name: str
    is_after: bool
    """After a write is on disk; after an order was accepted and before anybody hears of it."""

    def __str__(self) -> str:
        return f"{'after' if self.is_after else 'before'} {self.kind} {self.name}"


Gate = Callable[[Boundary], None]


class Gated:
    """Stands before a journal or a provider and asks the gate around every method that matters."""

    def __init__(self, inner: object, gate: Gate, kinds: dict[str, Kind]) -> None:
        self._inner = inner
        self._gate = gate
        self._kinds = kinds

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        kind = self._kinds.get(name)
        if kind is None:
            return method

        def gated(*args: Any, **kwargs: Any) -> Any:
            self._gate(Boundary(kind, name, is_after=False))
            answer = method(*args, **kwargs)
            if kind != "read":
                self._gate(Boundary(kind, name, is_after=True))
            return answer

        return gated


def gated_journal(journal: Journal, gate: Gate) -> Journal:
    """Return the journal with a gate around its writes."""
    return cast("Journal", Gated(journal, gate, dict.fromkeys(WRITES, "write")))


def gated_provider(provider: Provider, gate: Gate) -> Provider:
    """Return the cloud with a gate before its reads and around its orders."""
    kinds: dict[str, Kind] = {**dict.fromkeys(READS, "read"), **dict.fromkeys(ORDERS, "order")}
    return cast("Provider", Gated(provider, gate, kinds))
