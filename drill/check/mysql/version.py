"""Read the version that a server names, and what follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"(?:5\.5\.5-)?(\d{1,3})\.(\d{1,3})\.(\d{1,4})", re.ASCII)
"""MariaDB before 11 puts 5.5.5- in front, for replicas of MySQL that know one digit only."""


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """A version of MySQL or MariaDB."""

    number: tuple[int, int, int]
    is_mariadb: bool

    def __str__(self) -> str:
        return ".".join(map(str, self.number)) + (" (MariaDB)" if self.is_mariadb else "")

    @property
    def has_execution_time(self) -> bool:
        """Tell whether MySQL knows max_execution_time (since 5.7.8)."""
        return not self.is_mariadb and self.number >= (5, 7, 8)

    @property
    def read_only_setting(self) -> str:
        """Return the name of the setting that makes transactions read-only.

        MySQL renamed it in 5.7.20 and dropped the old name in 8.0, MariaDB in 11.1.
        """
        since = (11, 1, 1) if self.is_mariadb else (5, 7, 20)
        return "transaction_read_only" if self.number >= since else "tx_read_only"


def parse_version(text: str) -> ServerVersion | None:
    """Return the version that a server sent, or None if it is none."""
    match = _VERSION.match(text)
    if match is None:
        return None
    first, second, third = (int(part) for part in match.groups())
    return ServerVersion((first, second, third), "mariadb" in text.lower())
