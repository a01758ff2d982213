"""Read what ``env:NAME`` and ``file:PATH`` refer to.

A message names the reference, never the value.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from pydantic import SecretStr

from drill.errors import SecretUnavailable
from drill.plan.files import FileOpenToOthers, FileUnfit, read_bounded
from drill.plan.redacted import keep_out
from drill.plan.visible import shortened, visible

LIMIT_BYTES = 64 * 1024
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def is_reference(text: str) -> bool:
    """Tell whether the text is ``env:NAME`` or ``file:PATH`` rather than the value itself."""
    return text.startswith(("env:", "file:"))


def resolve(reference: str, *, folder: Path) -> str:
    """Return the value behind a reference, or the text itself where it is none.

    A relative ``file:`` path begins at ``folder``, that of config.toml. Raise SecretUnavailable
    where there is nothing to read.
    """
    if not is_reference(reference):
        return reference
    return _read(reference, folder, private=False)


def resolve_secret(reference: str, *, folder: Path) -> SecretStr:
    """Return the secret behind a reference; its file must be closed to everybody else.

    Raise SecretUnavailable for a literal secret, and where there is nothing to read.
    """
    if not is_reference(reference):
        raise SecretUnavailable(
            "a literal secret is refused",
            hint='Refer to it with "env:NAME" or "file:PATH"; treat the literal one as leaked.',
        )
    secret = _read(reference, folder, private=True)
    keep_out(secret)
    return SecretStr(secret)


def _read(reference: str, folder: Path, *, private: bool) -> str:
    kind, _, rest = reference.partition(":")
    shown = visible(shortened(reference, 200))
    if kind == "env":
        return _usable(_from_environment(rest, shown), shown)
    return _usable(_from_file(folder / rest, shown, private=private), shown)


def _from_environment(name: str, shown: str) -> str:
    if _VARIABLE.fullmatch(name) is None:
        raise SecretUnavailable(
            f"{shown} names no environment variable",
            hint="A name has letters, digits and underscores, and begins with no digit.",
        )
    value = os.environ.get(name)
    if value is None:
        raise SecretUnavailable(
            f"{shown} cannot be read: the variable is not set",
            hint=f"Set {name} in the environment of drill, or refer to a file instead.",
        )
    return value


def _from_file(path: Path, shown: str, *, private: bool) -> str:
    where = visible(str(path))
    private = private and not _is_credential(path)
    try:
        data = read_bounded(path, LIMIT_BYTES, private=private)
    except FileOpenToOthers as unfit:
        raise SecretUnavailable(
            f"{shown} is refused: {where} {unfit}",
            hint=f"Close it to the group and to everybody else: chmod 600 {where}",
        ) from unfit
    except FileUnfit as unfit:
        raise SecretUnavailable(
            f"{shown} cannot be read: {where} {unfit}",
            hint="Create the file, or mend the reference; a relative path begins at config.toml.",
        ) from unfit
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        # without its cause: that error carries the bytes, and they may be a secret
        raise SecretUnavailable(
            f"{shown} cannot be read: {where} is no UTF-8 text",
            hint="Write the value alone into the file, as plain text.",
        ) from None
    for line_end in ("\r\n", "\n"):
        if text.endswith(line_end):
            return text[: -len(line_end)]
    return text


def _is_credential(path: Path) -> bool:
    """Tell whether systemd gave this file to this service alone (LoadCredential).

    It lets the service in by an access control list, and then the mode shows a right of the group.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.absolute().parent == Path(folder or "").absolute()


def _usable(value: str, shown: str) -> str:
    """Refuse what cannot be a value, and what would let one value become two in a header."""
    if not value.strip():
        raise SecretUnavailable(
            f"{shown} is empty", hint="Write the value there; it is one line of text."
        )
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise SecretUnavailable(
            f"{shown} holds more than one line, or a control character",
            hint="Write the value alone, as one line of text.",
        )
    return value
