"""A reference is read strictly, and what it refers to never shows up in a message."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest

from drill.errors import SecretUnavailable
from drill.plan.references import resolve, resolve_secret

SECRET = "correct-horse-battery"


def _file(folder: Path, data: bytes, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_bytes(data)
    path.chmod(mode)
    return path


def _refusal(reference: str, folder: Path) -> SecretUnavailable:
    with pytest.raises(SecretUnavailable) as caught:
        resolve_secret(reference, folder=folder)
    assert caught.value.hint
    assert caught.value.hint.endswith((".", "secret"))
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert SECRET not in told
    return caught.value


def test_a_variable_is_read(monkeypatch, tmp_path):
    monkeypatch.setenv("DRILL_TEST_SECRET", SECRET)

    secret = resolve_secret("env:DRILL_TEST_SECRET", folder=tmp_path)

    assert secret.get_secret_value() == SECRET
    assert SECRET not in repr(secret)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_one_line_end_of_a_file_is_dropped(tmp_path, ending):
    _file(tmp_path, SECRET.encode() + ending)

    assert resolve_secret("file:secret", folder=tmp_path).get_secret_value() == SECRET


def test_an_absolute_path_is_taken_as_it_is(tmp_path):
    path = _file(tmp_path, b"value")

    assert resolve(f"file:{path}", folder=tmp_path / "elsewhere") == "value"


def test_a_literal_is_itself_where_it_is_no_secret(tmp_path):
    assert resolve("https://rds.example", folder=tmp_path) == "https://rds.example"


def test_a_literal_secret_is_refused_without_showing_it(tmp_path):
    error = _refusal(SECRET, tmp_path)

    assert error.message == "a literal secret is refused"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_of_a_secret_that_others_may_open_is_refused(tmp_path, mode):
    _file(tmp_path, SECRET.encode(), mode)

    error = _refusal("file:secret", tmp_path)

    assert "open to others" in error.message
    assert "chmod 600" in (error.hint or "")


def test_others_may_read_a_file_that_holds_no_secret(tmp_path):
    _file(tmp_path, b"https://rds.example\n", 0o644)

    assert resolve("file:secret", folder=tmp_path) == "https://rds.example"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"  \n", "is empty"),
        (SECRET.encode() + b"\n\n", "more than one line"),
        (SECRET.encode() + b"\nX-Header: 1\n", "more than one line"),
        (SECRET.encode() + b"\x1b[2J", "control character"),
        (SECRET.encode() + b"\xff", "no UTF-8 text"),
        (SECRET.encode() * 4000, "is larger than 65536 bytes"),
    ],
)
def test_what_cannot_be_a_secret_is_refused(tmp_path, data, reason):
    _file(tmp_path, data)

    assert reason in _refusal("file:secret", tmp_path).message


def test_exactly_64_kib_are_read(tmp_path):
    _file(tmp_path, b"x" * 65_536)

    assert len(resolve("file:secret", folder=tmp_path)) == 65_536


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("file:missing", "does not exist"),
        ("file:.", "is no regular file"),
        ("file:pipe", "is no regular file"),
        ("file:" + "x" * 300, "cannot be opened"),
        ("file:a\0b", "impossible name"),
        ("env:DRILL_TEST_UNSET", "is not set"),
        ("env:", "names no environment variable"),
        ("env:A=B", "names no environment variable"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_reference(tmp_path, monkeypatch, reference, reason):
    monkeypatch.delenv("DRILL_TEST_UNSET", raising=False)
    os.mkfifo(tmp_path / "pipe")

    error = _refusal(reference, tmp_path)

    assert reason in error.message
    assert error.message.startswith(reference[:20].replace("\0", "\\x00"))


def test_a_message_shows_no_control_characters_of_a_reference(tmp_path):
    assert "\x1b" not in _refusal("file:\x1b[2J", tmp_path).message


def test_a_bad_reference_is_an_invalid_configuration():
    assert SecretUnavailable.exit_code == 3


def test_a_credential_that_systemd_gave_may_show_a_right_of_the_group(tmp_path, monkeypatch):
    given, other = tmp_path / "given", tmp_path / "other"
    for folder in (given, other):
        folder.mkdir()
        (folder / "secret").write_text("s3cr3t")
        (folder / "secret").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))

    assert resolve_secret(f"file:{given}/secret", folder=tmp_path).get_secret_value() == "s3cr3t"
    assert "open to others" in _refusal(f"file:{other}/secret", tmp_path).message
