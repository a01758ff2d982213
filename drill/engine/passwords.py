"""Administrator passwords of new scratch instances: by reference, or made up and forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pydantic import SecretStr

from drill.engine.record import DrillRecord
from drill.plan.model import NewTarget


class CopyPasswords:
    """Keeps made-up passwords in the memory of this process alone.

    After a crash a made-up password is gone: a plan without ``login`` and without a password
    reference then answers its checks with "no data". That is the price of never storing it.
    """

    def __init__(
        self, *, secret: Callable[[str], SecretStr], make: Callable[[], SecretStr]
    ) -> None:
        self._secret = secret
        self._make = make
        self._made: dict[str, SecretStr] = {}
        self._lock = threading.Lock()

    def for_new_instance(self, record: DrillRecord) -> SecretStr:
        """Return the password to create the instance with. Raise SecretUnavailable."""
        known = self.of(record)
        if known is not None:
            return known
        with self._lock:
            return self._made.setdefault(record.id, self._make())

    def of(self, record: DrillRecord) -> SecretStr | None:
        """Return the password of the administrator, or None if nobody knows it any more."""
        target = record.plan.target
        if isinstance(target, NewTarget) and target.password is not None:
            return self._secret(target.password)
        with self._lock:
            return self._made.get(record.id)

    def forget(self, drill_id: str) -> None:
        """Drop a made-up password once its instance is gone."""
        with self._lock:
            self._made.pop(drill_id, None)
