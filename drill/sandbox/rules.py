"""What the service accepts as a name, a password, a size, a port or a tag (reference, 5.1, 7.4)."""

from __future__ import annotations

import re
import string

from drill.sandbox.catalogue import ENGINE, family_of
from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.fields import Members

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{3,63}", re.ASCII)
_NETWORK_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_WINDOW = re.compile(r"([01]\d|2[0-3]):(00|15|30|45)-([01]\d|2[0-3]):(00|15|30|45)", re.ASCII)
_PERIOD = re.compile(r"[1-7](,[1-7]){0,6}", re.ASCII)
_PASSWORD_SPECIALS = "~!@#$%^*-_=+?,"  # noqa: S105 - an alphabet, not a password
_WEAK = {"password", "admin", "root", "postgres", "qwerty", "123456", "huawei"}
_DESCRIPTION = re.compile(r"[^>!<\"&'=]{0,256}")
_TAG_FORBIDDEN = re.compile(r"[+/?#&=,%*<>|\\]")


def checked_name(name: str) -> str:
    """Return the name of an instance or a backup. Raise ApiError (400)."""
    if _NAME.fullmatch(name) is None:
        message = (
            "Invalid name: 4 to 64 letters, digits, hyphens and underscores after a first letter."
        )
        raise ApiError(400, "DBS.280277", message)
    return name


def checked_description(text: str) -> str:
    """Return the description of a backup. Raise ApiError (400)."""
    if _DESCRIPTION.fullmatch(text) is None:
        raise ApiError(400, "DBS.280127", "Invalid backup description.")
    return text


def checked_password(password: str) -> str:
    """Return the administrator's password for PostgreSQL. Raise ApiError (400)."""
    classes = (
        string.ascii_lowercase,
        string.ascii_uppercase,
        string.digits,
        _PASSWORD_SPECIALS,
    )
    allowed = set("".join(classes))
    used = sum(any(character in each for character in password) for each in classes)
    letters = re.sub(r"[^a-z0-9]", "", password.lower())
    weak = letters.rstrip(string.digits) in _WEAK or letters in _WEAK
    if not 8 <= len(password) <= 32 or used < 3 or not set(password) <= allowed or weak:
        raise ApiError(400, "DBS.200052", "Invalid password.")
    return password


def checked_volume_size(size: int) -> int:
    """Return gigabytes: 40 to 4000, a multiple of 10. Raise ApiError (400)."""
    if not 40 <= size <= 4000:
        raise ApiError(400, "DBS.200023", "The volume size is out of range.")
    if size % 10:
        raise ApiError(400, "DBS.200302", "The volume size must be a multiple of 10.")
    return size


def checked_port(text: str | None, engine: str = ENGINE) -> int:
    """Return the port that an instance was asked to have. Raise ApiError (400)."""
    family = family_of(engine)
    if text is None:
        return family.port
    low, high = family.lowest_port, family.highest_port
    if re.fullmatch(r"\d{4,5}", text, re.ASCII) is None or not low <= int(text) <= high:
        raise parameter_error(f"port must be a string from {low} to {high}")
    return int(text)


def checked_network_id(value: str, name: str) -> str:
    """Return the id of a VPC, subnet or security group: the sandbox has no networks to look in."""
    if _NETWORK_ID.fullmatch(value) is None:
        codes = {"vpc_id": "DBS.200048", "subnet_id": "DBS.200049"}
        raise ApiError(400, codes.get(name, "DBS.200001"), f"Invalid {name}.")
    return value


def checked_keep_days(days: int) -> int:
    """Return for how many days automatic backups are kept. Raise ApiError (400)."""
    if not 0 <= days <= 732:
        raise ApiError(400, "DBS.201106", "The retention period of backups is invalid.")
    return days


def checked_backup_window(text: str) -> str:
    """Return ``hh:mm-HH:MM``, one hour long. Raise ApiError (400)."""
    found = _WINDOW.fullmatch(text)
    if found is None or found[2] != found[4] or (int(found[1]) + 1) % 24 != int(found[3]):
        raise ApiError(400, "DBS.201103", "The start time of backups is invalid.")
    return text


def checked_backup_period(text: str) -> str:
    """Return a comma separated list of week days. Raise ApiError (400)."""
    if _PERIOD.fullmatch(text) is None or len(set(text.split(","))) != len(text.split(",")):
        raise ApiError(400, "DBS.201101", "The backup period is invalid.")
    return text


def read_tags(
    members: Members,
    *,
    quota: int,
    lengths: tuple[int, int] = (128, 255),
    values_required: bool = True,
) -> dict[str, str]:
    """Return the tags of a request body. Raise ApiError (400)."""
    tags: dict[str, str] = {}
    for item in members.items("tags"):
        key = item.text("key")
        value = item.optional_text("value")
        if value is None and values_required:
            raise parameter_error("every tag needs a value")
        if len(key) > lengths[0] or len(value or "") > lengths[1] or _TAG_FORBIDDEN.search(key):
            raise parameter_error("a tag is too long or holds characters that are not allowed")
        if key in tags:
            raise ApiError(400, "DBS.280272", "A tag key is used twice.")
        tags[key] = value or ""
    if len(tags) > quota:
        raise ApiError(400, "DBS.200087", "The tag quota is exceeded.")
    return tags
