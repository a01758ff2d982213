"""A small client for the admin calls of a sandbox, for tests and for ``drill demo``."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit


class AdminRefused(Exception):
    """The sandbox answered an admin call with an error."""


class AdminClient:
    """Speaks to ``/sandbox/…`` of one sandbox."""

    def __init__(self, endpoint: str, token: str) -> None:
        self._address = urlsplit(endpoint).netloc
        self._token = token

    def state(self) -> dict[str, Any]:
        """Return instances with their backups, running jobs and the counts of accepted calls."""
        return self._call("GET", "/sandbox/state")

    def create_instance(self, name: str, **members: object) -> dict[str, Any]:
        """Make an instance and wait for it; return it as the API shows it.

        Members: ``id``, ``password``, ``volume_size``, ``tags`` (a list of key and value),
        ``keep_days``, ``simulated`` with ``engine``, ``version``, ``databases`` (names),
        ``time_zone``, ``collation`` and ``backups`` (how many it has had, one an hour).
        """
        body = {"name": name, **members}
        created: dict[str, Any] = self._call("POST", "/sandbox/instances", body)["instance"]
        return created

    def back_up(self, instance_id: str, **members: object) -> dict[str, Any]:
        """Take a backup and wait for it. Members: ``name``, ``type`` (auto or manual)."""
        path = f"/sandbox/instances/{instance_id}/backup"
        backup: dict[str, Any] = self._call("POST", path, members)["backup"]
        return backup

    def set_databases(self, instance_id: str, names: Sequence[str]) -> None:
        """Let a simulated instance have these databases and no others: names, no data."""
        path = f"/sandbox/instances/{instance_id}/databases"
        self._call("POST", path, {"databases": list(names)})

    def add_fault(self, kind: str, **members: object) -> dict[str, Any]:
        """Order a fault (docs/sandbox-faults.md); return what it damaged, if it did so at once."""
        return self._call("POST", "/sandbox/faults", {"kind": kind, **members})

    def answer_code(self, code: str, **members: object) -> None:
        """Order an error by its code. Members: ``status``, ``message``, ``path``, ``method``,
        ``times``, ``seconds``."""
        self.add_fault("answer_code", code=code, **members)

    def limit_calls(self, calls_per_minute: int) -> None:
        """Limit how often one user may call one API in a minute; 0 is without limit."""
        self._call("POST", "/sandbox/limits", {"calls_per_minute": calls_per_minute})

    def clear_faults(self) -> None:
        """Forget the faults that have not happened yet; what hangs or is stuck goes on."""
        self._call("DELETE", "/sandbox/faults")

    def shift_clock(self, seconds: float) -> None:
        """Let the gateway's clock be this many seconds ahead."""
        self._call("POST", "/sandbox/skew", {"seconds": seconds})

    def forget_tokens(self) -> None:
        """Make every IAM token invalid."""
        self._call("DELETE", "/sandbox/tokens")

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._address, timeout=150)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, body=text, headers=headers)
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read() or b"{}")
        finally:
            connection.close()
        if response.status >= 300:
            raise AdminRefused(f"{response.status} {answer.get('error_msg', '')}")
        return answer
