"""Tokens that let a creation be ordered again without being carried out again (reference, 5.6).

The cloud heeds them for the MySQL family alone, for eight hours. That the second answer is the
first one again is a guess: the reference says what is refused, not what is answered.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import datetime, timedelta
from typing import Any

from drill.sandbox.call import Answer
from drill.sandbox.catalogue import MARIADB
from drill.sandbox.errors import ApiError
from drill.sandbox.times import from_store, to_store

ENGINES = (MARIADB,)
"""The engines whose creations heed a token."""
VALID_FOR = timedelta(hours=8)


def find_answer(
    connection: sqlite3.Connection, token: str, request: bytes, at: datetime
) -> Answer | None:
    """Return what was answered to this token, or None where it is new.

    Raise ApiError (400) where it belongs to another request, or is too old.
    """
    row = connection.execute("select * from client_tokens where token = ?", (token,)).fetchone()
    if row is None:
        return None
    if at - from_store(row["since"]) > VALID_FOR:
        raise ApiError(400, "DBS.280498", "The client token has expired.")
    if row["request"] != _digest(request):
        message = "The client token was used with other parameters."
        raise ApiError(400, "DBS.280495", message)
    kept: dict[str, Any] = json.loads(row["answer"])
    return Answer(kept["status"], kept["body"])


def keep_answer(
    connection: sqlite3.Connection, token: str, request: bytes, answer: Answer, at: datetime
) -> None:
    """Remember what was answered. The request may hold a password: only its digest is kept."""
    text = json.dumps({"status": answer.status, "body": answer.body})
    connection.execute(
        "insert or replace into client_tokens values (?, ?, ?, ?)",
        (token, _digest(request), text, to_store(at)),
    )


def _digest(request: bytes) -> str:
    return hashlib.sha256(json.dumps(json.loads(request), sort_keys=True).encode()).hexdigest()
