"""The shipped plans and configuration are valid, and the documentation knows every key."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path

import pytest

from drill.plan.config import Config
from drill.plan.loader import LoadedPlan, check_plans_against, load_config, load_plans
from drill.plan.model import ExistingTarget, Plan
from drill.plan.places import keys_of, models_in, tags_of
from drill.plan.schema import plan_schema, plan_schema_text

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def _shipped() -> tuple[Config, list[Plan], list[LoadedPlan]]:
    config, problems = load_config(ROOT / "config.toml")
    assert problems == []
    assert config is not None
    plans, problems = load_plans(ROOT / "plans")
    assert problems == []
    return config, [loaded.plan for loaded in plans], plans


def test_the_shipped_plans_agree_with_the_shipped_configuration():
    config, _, loaded = _shipped()

    assert check_plans_against(config, loaded) == []


def test_the_shipped_plans_use_both_modes_and_both_kinds_of_target():
    _, plans, _ = _shipped()

    assert len(plans) >= 7
    used = {(plan.restore.mode, plan.target.kind) for plan in plans}
    assert used == {
        ("pitr", "existing"),
        ("pitr", "new"),
        ("backup", "existing"),
        ("backup", "new"),
    }


def test_every_shipped_plan_asks_every_kind_of_question():
    _, plans, _ = _shipped()

    for plan in plans:
        assert {check.kind for check in plan.checks} == {
            "connects", "objects", "row_count", "newest_row", "heartbeat", "sql", "physical"
        }  # fmt: skip
        assert plan.objectives.rpo
        assert plan.objectives.rto
        assert plan.schedule


def _sandbox_id(name: str) -> str:
    return hashlib.sha256(f"sandbox:{name}".encode()).hexdigest()[:32] + "in03"


def test_the_shipped_ids_are_those_of_the_sandbox():
    config, plans, _ = _shipped()

    scratch = {_sandbox_id("drill-scratch-a"), _sandbox_id("drill-scratch-b")}
    sources = {_sandbox_id("orders-prod"), _sandbox_id("billing-prod")}
    assert {entry.instance_id for entry in config.scratch} == scratch
    assert {one for entry in config.protected for one in entry.instance_ids} == sources
    assert {plan.source.instance_id for plan in plans} == sources
    targets = {p.target.instance_id for p in plans if isinstance(p.target, ExistingTarget)}
    assert targets == scratch


def test_the_examples_in_the_configuration_are_valid_without_their_number_signs():
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    examples = [
        line[2:]
        for line in text.splitlines()
        if re.match(r"# (\[[a-z_.\[\]]+\]+|[a-z_]+ = )", line)
    ]

    config = Config.model_validate(tomllib.loads(text + "\n".join(examples)))

    assert set(config.clouds) == {"sandbox", "huawei", "otc"}
    assert config.clouds["huawei"].in_place_credentials is not None


def test_the_exported_schema_is_that_of_the_code():
    assert (DOCS / "plan.schema.json").read_text(encoding="utf-8") == plan_schema_text()


def test_the_schema_describes_every_key_and_knows_no_null():
    schema = plan_schema()

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for part in (schema, *schema["$defs"].values()):
        assert part["additionalProperties"] is False
        for key, field in part.get("properties", {}).items():
            assert field.get("description"), (part["title"], key)
    assert "null" not in json.dumps(schema)
    assert "PT" not in json.dumps(schema)


def test_every_plan_names_the_schema_for_editors():
    for file in (ROOT / "plans").glob("*.toml"):
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert first == "#:schema ../docs/plan.schema.json"


@pytest.mark.parametrize(
    ("model", "page"), [(Plan, "plan-format.md"), (Config, "configuration.md")]
)
def test_the_documentation_has_every_key_and_every_word(model, page):
    text = (DOCS / page).read_text(encoding="utf-8")

    for part in models_in(model):
        for key in keys_of(part):
            assert f"`{key}`" in text or f"## {key}\n" in text, (part.__name__, key)
        for word in tags_of(part):
            assert f'"{word}"' in text, (part.__name__, word)


def test_the_documentation_has_no_key_that_the_code_does_not_know():
    known = {key for model in (Plan, Config) for part in models_in(model) for key in keys_of(part)}
    for page in ("plan-format.md", "configuration.md"):
        rows = re.findall(r"^\| `([a-z_]+)` \|", (DOCS / page).read_text(encoding="utf-8"), re.M)
        assert rows
        assert set(rows) - known - {"policy"} == set()


@pytest.mark.parametrize("page", ["plan-format.md"])
def test_the_example_of_the_documentation_is_valid(page):
    blocks = re.findall(r"```toml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.S)

    plan = Plan.model_validate(tomllib.loads(blocks[0]))

    for block in blocks[1:]:
        changed = {**tomllib.loads(blocks[0]), **tomllib.loads(block)}
        assert Plan.model_validate(changed) != plan
