"""IAM tokens (reference, section 8.1). Only their digests are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drill.sandbox.identities import Identity, Keyring
from drill.sandbox.state import State
from drill.sandbox.times import from_store, to_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that was just issued."""

    text: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who presented a token, and whether it is scoped to the project."""

    identity: Identity
    in_project: bool


class Tokens:
    """Issues and recognises tokens; they survive a restart of the service."""

    def __init__(self, state: State, keyring: Keyring, life: timedelta) -> None:
        self._state = state
        self._keyring = keyring
        self._life = life

    def issue(self, identity: Identity, *, in_project: bool, now: datetime) -> Token:
        """Make a token. An older one stays valid."""
        text = "MII" + secrets.token_urlsafe(120)
        token = Token(text=text, issued_at=now, expires_at=now + self._life)
        with self._state.transaction() as connection:
            connection.execute("delete from tokens where expires_at <= ?", (to_store(now),))
            connection.execute(
                "insert into tokens (digest, user, in_project, expires_at) values (?, ?, ?, ?)",
                (_digest(text), identity.user, in_project, to_store(token.expires_at)),
            )
        return token

    def recognise(self, text: str, now: datetime) -> Bearer | None:
        """Return who the token belongs to, or None if it is unknown or has expired."""
        with self._state.transaction() as connection:
            row = connection.execute(
                "select * from tokens where digest = ?", (_digest(text),)
            ).fetchone()
        if row is None or now >= from_store(row["expires_at"]):
            return None
        identity = self._keyring.by_user(row["user"])
        if identity is None:
            return None
        return Bearer(identity=identity, in_project=bool(row["in_project"]))

    def forget_all(self) -> None:
        """Make every token invalid."""
        with self._state.transaction() as connection:
            connection.execute("delete from tokens")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
