"""A configuration that tells people."""

from __future__ import annotations

from typing import Any

import pytest

from drill.plan.config import Config

CLOUD: dict[str, Any] = {
    "kind": "sandbox",
    "region": "sandbox-1",
    "endpoint": "http://127.0.0.1:1",
    "iam_endpoint": "http://127.0.0.1:1",
    "project_id": "p",
    "allow_loopback": True,
    "credentials": {"kind": "keys", "access_key": "env:AK", "secret_key": "env:SK"},
}


@pytest.fixture
def config() -> Config:
    return Config.model_validate(
        {
            "clouds": {"sandbox": CLOUD},
            "notify": [{"name": "on-call", "url": "env:HOOK", "allow_loopback": True}],
            "deadman": {"url": "env:PING", "allow_loopback": True},
            "metrics": {"textfile": "drill.prom", "listen": "127.0.0.1:0"},
            "report": {"base_url": "https://reports.example.org/drill/"},
        }
    )
