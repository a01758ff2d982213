"""What config.toml may say about telling."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from drill.plan.config import Config
from tests.notify.conftest import CLOUD


def read(**tables: Any) -> Config:
    return Config.model_validate({"clouds": {"sandbox": CLOUD}, **tables})


@pytest.mark.parametrize(
    ("tables", "word"),
    [
        ({"notify": [{"name": "a", "url": "slack://T1/B1/secret"}]}, "notify"),
        ({"deadman": {"url": "https://hc-ping.com/uuid"}}, "deadman"),
        (
            {"notify": [{"name": "a", "url": "env:A"}, {"name": "a", "url": "env:B"}]},
            "two channels",
        ),
        ({"notify": [{"name": "log", "url": "env:A"}]}, "always there"),
        ({"notify": [{"name": "a", "url": "env:A", "kinds": ["everything"]}]}, "kinds"),
        ({"metrics": {"listen": "9410"}}, "no address"),
        ({"metrics": {"listen": "127.0.0.1:99999"}}, "no address"),
        ({"report": {"base_url": "https://user:pw@reports.example.org"}}, "no URL"),
        ({"report": {"base_url": "file:///reports"}}, "no URL"),
        ({"notices": {"not_operated_after": 0}}, "not_operated_after"),
    ],
)
def test_a_mistake_is_refused(tables, word):
    with pytest.raises(ValidationError, match=word) as caught:
        read(**tables)

    assert "T1/B1/secret" not in str(caught.value)


def test_the_reports_are_found_under_their_url(config):
    assert config.report.base_url == "https://reports.example.org/drill"


def test_without_any_table_nobody_outside_is_told():
    config = read()

    assert config.notify == ()
    assert config.deadman is None
    assert config.metrics.textfile is None
    assert config.metrics.listen is None
