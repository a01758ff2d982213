"""The shipped alert rules and the shipped dashboard speak of metrics that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drill.notify.metrics import METRICS

DOCS = Path(__file__).resolve().parents[2] / "docs"
MONITORING = DOCS / "monitoring"
RULES = (MONITORING / "drill-alerts.yaml").read_text(encoding="utf-8")
DASHBOARD = json.loads((MONITORING / "drill-dashboard.json").read_text(encoding="utf-8"))
PROMTOOL = shutil.which("promtool") or shutil.which("promtool", path=Path(sys.executable).parent)
"""Where ``scripts/promtool`` puts it, if it is not installed."""


def named_in(text: str) -> set[str]:
    return set(re.findall(r"\bdrill_[a-z_]+\b", text))


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["definition"]


def test_every_metric_of_a_rule_is_exported():
    assert len(named_in(RULES)) > 10
    assert named_in(RULES) <= set(METRICS)


def test_every_metric_of_the_dashboard_is_exported():
    named = named_in("\n".join(expressions()))

    assert len(named) > 15
    assert named <= set(METRICS)


def test_every_label_that_a_rule_or_the_dashboard_uses_is_one_of_a_metric():
    labels = {label for metric in METRICS.values() for label in metric.labels}
    used = set(re.findall(r"\$labels\.([a-z_]+)", RULES))
    used |= set(re.findall(r"\{\{([a-z_]+)\}\}", json.dumps(DASHBOARD)))
    used |= set(re.findall(r"(?:by|on) \(([a-z_]+)\)", RULES + "\n".join(expressions())))

    assert used
    assert used - {"instance"} <= labels


def test_every_metric_and_every_alert_is_explained():
    page = (DOCS / "monitoring.md").read_text(encoding="utf-8")
    alerts = re.findall(r"- alert: ([A-Za-z]+)", RULES)

    assert alerts
    assert not [name for name in (*METRICS, *alerts) if f"`{name}`" not in page]
    assert named_in(page) - {"drill_id"} <= set(METRICS)


def test_every_alert_says_how_grave_it_is_and_what_it_is_about():
    for rule in RULES.split("- alert:")[1:]:
        assert re.search(r"severity: (critical|warning)\n", rule)
        assert "summary:" in rule
        assert "description:" in rule


def test_every_panel_has_a_place_of_its_own_and_says_no_data_where_there_is_none():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert panel["fieldConfig"]["defaults"]["noValue"] == "no data"
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@pytest.mark.skipif(
    PROMTOOL is None, reason="there is no promtool on this machine (scripts/promtool fetches it)"
)
def test_promtool_accepts_the_rules_their_tests_and_the_expressions_of_the_dashboard(tmp_path):
    rules = ["groups:", "- name: dashboard", "  rules:"]
    for number, expression in enumerate(expressions()):
        if expression.startswith("label_values"):
            continue
        plain = expression.replace("$plan", ".*")
        rules += [f"  - record: panel_{number}", f"    expr: {json.dumps(plain)}"]
    (tmp_path / "dashboard.yaml").write_text("\n".join(rules))

    for words in (
        ["check", "rules", str(MONITORING / "drill-alerts.yaml")],
        ["test", "rules", str(MONITORING / "drill-alerts.test.yaml")],
        ["check", "rules", str(tmp_path / "dashboard.yaml")],
    ):
        done = subprocess.run([str(PROMTOOL), *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
