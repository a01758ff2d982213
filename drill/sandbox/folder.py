"""The state folder: the lock, and the small files that tell clients how to come in."""

from __future__ import annotations

import fcntl
import os
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from drill.sandbox.identities import ALL_ACTIONS, RESTORE_IN_PLACE, Identity, Keyring

_KEY_ALPHABET = string.ascii_uppercase + string.digits
_SECRET_ALPHABET = string.ascii_letters + string.digits


class FolderInUse(Exception):
    """Another sandbox works in this state folder."""


class PersonalityDiffers(Exception):
    """The state folder belongs to a sandbox that imitates another cloud."""


class FolderLock:
    """Holds the state folder for one service; the kernel lets go of it whatever happens."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._descriptor: int | None = None

    def __enter__(self) -> FolderLock:
        """Take the lock. Raise FolderInUse if somebody else has it."""
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            message = f"another sandbox works in {self._path.parent}"
            raise FolderInUse(message) from error
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What clients need to come in; the same over all restarts."""

    project_id: str
    user: str
    domain: str
    password: str = field(repr=False)
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    restricted_user: str
    """An identity that may do everything but overwrite an instance."""
    restricted_password: str = field(repr=False)
    restricted_access_key: str = field(repr=False)
    restricted_secret_key: str = field(repr=False)
    check_password: str = field(repr=False)
    scratch_password: str = field(repr=False)
    source_password: str = field(repr=False)
    writer_password: str = field(repr=False)
    admin_token: str = field(repr=False)

    def keyring(self) -> Keyring:
        """Return the identities that these credentials belong to."""
        normal = Identity(
            user=self.user,
            password=self.password,
            access_key=self.access_key,
            secret_key=self.secret_key,
        )
        restricted = Identity(
            user=self.restricted_user,
            password=self.restricted_password,
            access_key=self.restricted_access_key,
            secret_key=self.restricted_secret_key,
            actions=ALL_ACTIONS - {RESTORE_IN_PLACE},
        )
        return Keyring(self.domain, (normal, restricted))


def make_folder(folder: Path) -> None:
    """Make the state folder, for its owner alone. Raise OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def read_or_make_credentials(folder: Path) -> Credentials:
    """Return the credentials of a state folder; what is missing is made up and kept."""

    def keep(name: str, make: Callable[[], str]) -> str:
        return _keep(folder / name, make)

    return Credentials(
        project_id=keep("project-id", lambda: secrets.token_hex(16)),
        user=keep("user", lambda: "drill"),
        domain=keep("domain", lambda: "sandbox"),
        password=keep("password", _password),
        access_key=keep("access-key", _access_key),
        secret_key=keep("secret-key", _secret_key),
        restricted_user=keep("restricted-user", lambda: "drill-restricted"),
        restricted_password=keep("restricted-password", _password),
        restricted_access_key=keep("restricted-access-key", _access_key),
        restricted_secret_key=keep("restricted-secret-key", _secret_key),
        check_password=keep("check-password", _password),
        scratch_password=keep("scratch-password", _password),
        source_password=keep("source-password", _password),
        writer_password=keep("writer-password", _password),
        admin_token=keep("admin-token", lambda: secrets.token_urlsafe(32)),
    )


def keep_personality(folder: Path, asked: str | None, *, default: str) -> str:
    """Return the personality of a state folder, and write it down; asking for none keeps it.

    Raise PersonalityDiffers if the folder was made with another one: its instances are of that
    cloud.
    """
    path = folder / "personality"
    kept = path.read_text(encoding="utf-8").strip() if path.exists() else None
    if kept is not None and asked not in (None, kept):
        raise PersonalityDiffers(f"{folder} was made with the personality {kept}, not {asked}")
    chosen = kept or asked or default
    write_private(path, chosen)
    return chosen


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read; readers see all of it or nothing."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
    partial.replace(path)


def _keep(path: Path, make: Callable[[], str]) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        text = ""
    if not text:
        text = make()
        write_private(path, text)
    return text


def _password() -> str:
    # The ending makes sure of three kinds of characters, which the rules for passwords ask for.
    return secrets.token_urlsafe(18) + "-Dr1"


def _access_key() -> str:
    return "".join(secrets.choice(_KEY_ALPHABET) for _ in range(20))


def _secret_key() -> str:
    return "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(40))
