"""Who asks: the two ways to authenticate a request, behind one small interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from requests.auth import AuthBase

from drill.clock import Clock
from drill.provider.rds.signing import KeyAuth, Keys


class Identity(Protocol):
    """One user of the cloud."""

    def auth(self) -> AuthBase:
        """Return what authenticates one request; may fetch a token."""
        ...

    def renew(self, used: AuthBase) -> bool:
        """Replace what the cloud has just rejected; tell whether another attempt makes sense."""
        ...

    def secrets(self) -> Sequence[str]:
        """Return the texts that must never be shown."""
        ...


class KeyIdentity:
    """Signs with a pair of keys. A rejected signature is final: each one is dated when it is sent,
    so signing again says the same thing again."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def auth(self) -> AuthBase:
        """Return a signer."""
        return KeyAuth(self._keys, self._clock)

    def renew(self, used: AuthBase) -> bool:
        """Tell that keys cannot be renewed."""
        return False

    def secrets(self) -> Sequence[str]:
        """Return secret key and security token."""
        both = (self._keys.secret_key, self._keys.security_token)
        return tuple(secret.get_secret_value() for secret in both if secret is not None)
