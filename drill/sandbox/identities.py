"""Who may call the sandbox, and what each of them may do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

RESTORE_IN_PLACE = "rds:instance:restoreInPlace"

ALL_ACTIONS = frozenset(
    {
        "rds:instance:list",
        "rds:instance:getRestoreTime",
        "rds:instance:create",
        "rds:instance:delete",
        "rds:instance:modify",
        "rds:instance:modifyBackupPolicy",
        "rds:backup:list",
        "rds:backup:create",
        "rds:backup:delete",
        "rds:task:list",
        RESTORE_IN_PLACE,
    }
)
"""Action names: reference, section 13. That changing tags is ``rds:instance:modify`` is a guess."""


def account_id(name: str) -> str:
    """Return the id of a user, the account or an endpoint: 32 hexadecimal digits of its name."""
    return hashlib.sha256(f"sandbox:{name}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One IAM user with a password, a key pair and a set of actions."""

    user: str
    password: str = field(repr=False)
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    actions: frozenset[str] = ALL_ACTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryKey:
    """A key pair that works only with its security token, until it expires."""

    access: str
    secret: str = field(repr=False)
    security_token: str = field(repr=False)
    expires_at: datetime
    identity: Identity


class Keyring:
    """All identities of the one account, and the temporary keys that were issued."""

    def __init__(self, domain: str, identities: Iterable[Identity]) -> None:
        self.domain = domain
        self._identities = tuple(identities)
        self._temporary: dict[str, TemporaryKey] = {}
        self._lock = threading.Lock()

    def by_user(self, user: str) -> Identity | None:
        """Return the identity with this user name."""
        return next((each for each in self._identities if each.user == user), None)

    def name_of_user(self, user_id: str) -> str | None:
        """Return the user name that belongs to an id."""
        names = (each.user for each in self._identities)
        return next((name for name in names if account_id(name) == user_id), None)

    def log_in(self, domain: str, user: str, password: str) -> Identity | None:
        """Return the identity if domain, user and password are right."""
        identity = self.by_user(user)
        known = identity.password if identity else ""
        right = hmac.compare_digest(known.encode(), password.encode())
        return identity if identity and right and domain == self.domain else None

    def secret_of(self, access_key: str) -> str | None:
        """Return the secret key that belongs to a permanent or temporary access key."""
        temporary = self._find_temporary(access_key)
        if temporary is not None:
            return temporary.secret
        owner = next((each for each in self._identities if each.access_key == access_key), None)
        return owner.secret_key if owner else None

    def owner_of(
        self, access_key: str, security_token: str | None, now: datetime
    ) -> Identity | None:
        """Return whose key this is, or None if a temporary key has expired or lacks its token."""
        temporary = self._find_temporary(access_key)
        if temporary is None:
            return next((each for each in self._identities if each.access_key == access_key), None)
        sent = (security_token or "").encode()
        right = hmac.compare_digest(sent, temporary.security_token.encode())
        return temporary.identity if right and now < temporary.expires_at else None

    def issue_temporary(self, identity: Identity, expires_at: datetime) -> TemporaryKey:
        """Make and remember a temporary key. It lives as long as the service at most."""
        key = TemporaryKey(
            access="HST" + secrets.token_hex(9).upper()[:17],
            secret=secrets.token_urlsafe(30),
            security_token=secrets.token_urlsafe(60),
            expires_at=expires_at,
            identity=identity,
        )
        with self._lock:
            self._temporary[key.access] = key
        return key

    def _find_temporary(self, access_key: str) -> TemporaryKey | None:
        with self._lock:
            return self._temporary.get(access_key)
