"""A library is imported without a package that it would load only because it is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from drill.cli.unneeded import left_out


def test_what_is_left_out_is_missing_meanwhile_and_there_afterwards(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)

    with left_out("colorsys"), pytest.raises(ModuleNotFoundError):
        import colorsys

    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_what_is_loaded_already_stays():
    with left_out("json"):
        import json

    assert sys.modules["json"] is json


SERVES = """
import sys, drill.cli.serve
for name in ("structlog", "requests", "rich", "charset_normalizer"):
    print(name in sys.modules)
"""


def test_the_daemon_does_not_load_what_colours_terminals_or_guesses_encodings():
    command = [sys.executable, "-W", "error", "-c", SERVES]

    run = subprocess.run(command, capture_output=True, text=True, check=True)

    assert run.stdout.split() == ["True", "True", "False", "False"]
