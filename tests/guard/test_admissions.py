"""Whatever else is true: one wrong fact is enough for a refusal, and it is the right one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

from drill.guard.admission import (
    SEAL,
    AdmittedBackup,
    AdmittedCreate,
    AdmittedDeletion,
    AdmittedReset,
    AdmittedRestore,
    AdmittedSettingAside,
    AdmittedTagging,
    Refusals,
    SealMissing,
)
from drill.guard.deletion import DELETION_RULES
from drill.guard.facts import Role
from drill.guard.preparing import BACKUP_RULES, SETTING_ASIDE_RULES
from drill.guard.rules import (
    CREATE_RULES,
    PREPARING,
    RESET_RULES,
    RESTORE_RULES,
    admit_backup,
    admit_create,
    admit_deletion,
    admit_reset,
    admit_restore,
    admit_setting_aside,
    admit_tagging,
    proven,
)
from drill.guard.tagging import TAGGING_RULES
from drill.recovery.values import Engine
from tests.guard.facts_that_hold import (
    BLANK,
    CLOUD,
    DRILL,
    NOW,
    SOURCE,
    TARGET,
    changed,
    create_facts,
    deletion_facts,
    prepare_facts,
    reset_facts,
    restore_facts,
    tagging_facts,
)
from tests.guard.wrong_facts import CHANGES

ADMISSIONS: dict[str, tuple[Any, Any, Any]] = {
    # what: (valid facts, the question, the rules)
    "restore": (restore_facts(), admit_restore, RESTORE_RULES),
    "create": (create_facts(), admit_create, CREATE_RULES),
    "reset": (reset_facts(), admit_reset, RESET_RULES),
    "deletion": (deletion_facts(), admit_deletion, DELETION_RULES),
    "setting aside": (prepare_facts(tagged=False), admit_setting_aside, SETTING_ASIDE_RULES),
    "backup": (prepare_facts(tagged=True), admit_backup, BACKUP_RULES),
    "tagging": (tagging_facts(), admit_tagging, TAGGING_RULES),
}


@pytest.mark.parametrize("what", ADMISSIONS)
def test_facts_that_hold_are_admitted(what):
    strategy, admit, _ = ADMISSIONS[what]

    @given(strategy)
    def holds(facts):
        admission = admit(facts)

        assert not isinstance(admission, Refusals), admission
        assert admission.drill_id == (PREPARING if hasattr(facts, "role") else DRILL)
        assert admission.cloud == CLOUD
        assert admission.admitted_at == NOW

    holds()


@pytest.mark.parametrize("what", ADMISSIONS)
def test_one_wrong_fact_is_refused_by_its_rule(what):
    strategy, admit, _ = ADMISSIONS[what]

    @given(strategy, st.sampled_from(CHANGES[what]))
    def refuses(facts, one):
        rule, change = one
        wrong = change(facts)
        assume(wrong is not None)

        answer = admit(wrong)

        assert isinstance(answer, Refusals)
        assert rule in {refusal.rule for refusal in answer.refusals}

    refuses()


CASES = [(what, place, rule) for what in CHANGES for place, (rule, _) in enumerate(CHANGES[what])]


@pytest.mark.parametrize(("what", "place", "rule"), CASES)
def test_every_listed_change_can_happen_and_is_refused_in_words(what, place, rule):
    strategy, admit, _ = ADMISSIONS[what]
    change = CHANGES[what][place][1]
    facts = find_one(strategy, lambda one: change(one) is not None)

    answer = admit(change(facts))

    refusal = next(one for one in answer.refusals if one.rule == rule)
    assert re.search(r"in03|20260308|\d", refusal.message) or rule in (
        "target-is-known",
        "drill-id-is-usable",
        "new-name-is-valid",
        "new-names-differ-from-the-old",
        "new-names-are-not-reserved",
        "new-names-are-well-formed",
        "new-names-are-single",
    )
    assert not refusal.message.endswith(".")
    assert not refusal.message[0].isupper()
    assert refusal.hint[0].isupper()
    assert refusal.hint.endswith(".")


def find_one(strategy: st.SearchStrategy[Any], holds: Callable[[Any], bool]) -> Any:
    quick = settings(database=None, phases=[Phase.generate], max_examples=2000)
    return find(strategy, holds, settings=quick, random=Random(0))


@pytest.mark.parametrize("what", ADMISSIONS)
def test_every_rule_has_a_fact_that_makes_it_refuse(what):
    _, _, rules = ADMISSIONS[what]
    names = {rule.__name__.replace("_", "-") for rule in rules}
    # an instance that does not exist yet has no database that a name could collide with
    impossible = {"names-are-free-on-the-target"} if what == "create" else set()

    assert {rule for rule, _ in CHANGES[what]} == names - impossible


@pytest.mark.parametrize("what", ADMISSIONS)
def test_every_rule_is_explained_in_the_documentation(what):
    text = (Path(__file__).parents[2] / "docs" / "guard.md").read_text("utf-8")

    for rule in ADMISSIONS[what][2]:
        assert f"`{rule.__name__.replace('_', '-')}`" in text


@given(deletion_facts())
def test_every_reason_is_given_at_once_in_the_order_of_the_rules(facts):
    wrong = changed(changed(facts, "instance.tags", {}), "created_id", None)
    wrong = changed(wrong, "ids_before", frozenset())

    answer = admit_deletion(wrong)

    assert isinstance(answer, Refusals)
    assert [refusal.rule for refusal in answer.refusals] == [
        "instance-is-the-created-one",
        "instance-carries-our-tag",
        "account-before-is-known",
    ]


@given(restore_facts())
def test_an_admitted_restore_says_what_was_asked(facts):
    admitted = admit_restore(facts)

    assert isinstance(admitted, AdmittedRestore)
    assert (admitted.source_id, admitted.target_id) == (SOURCE, TARGET)
    assert admitted.point == facts.choice.point
    assert admitted.engine is facts.inventory.source.engine
    assert admitted.database_map == facts.database_map
    asked_for_all = facts.restore_all_databases and admitted.engine is Engine.SQLSERVER
    assert admitted.restore_all_databases == asked_for_all


@given(restore_facts(engines=[Engine.SQLSERVER]))
def test_an_admitted_database_map_can_not_be_changed_afterwards(facts):
    given_map = {"sales": "s2"}
    facts = replace(facts, database_map=given_map, restore_all_databases=False)

    admitted = admit_restore(facts)
    given_map["sales"] = "master"

    assert isinstance(admitted, AdmittedRestore)
    assert isinstance(admitted.database_map, MappingProxyType)
    assert admitted.database_map == {"sales": "s2"}


@given(create_facts())
def test_a_new_instance_carries_the_name_and_the_tag_of_its_drill_and_no_scratch_tag(facts):
    admitted = admit_create(facts)

    assert isinstance(admitted, AdmittedCreate)
    assert admitted.instance_name == f"drill-{DRILL}"
    assert admitted.tags == {"drill-id": DRILL}
    assert admitted.version == facts.inventory.source.version
    assert (admitted.time_zone is None) == (admitted.engine is not Engine.SQLSERVER)


@given(reset_facts())
def test_a_reset_goes_to_the_baseline_of_the_target(facts):
    admitted = admit_reset(facts)

    assert isinstance(admitted, AdmittedReset)
    owner = TARGET if facts.blank is None else BLANK
    assert admitted.target_id == TARGET
    assert admitted.source_id == admitted.baseline.instance_id == owner
    assert admitted.baseline.name == "drill-baseline"


@given(reset_facts())
def test_a_cloud_that_cannot_reset_in_place_still_empties_a_target_by_a_blank(facts):
    cloud = replace(facts.cloud, restore_to_current=frozenset())

    answer = admit_reset(replace(facts, cloud=cloud))

    assert isinstance(answer, AdmittedReset) is (facts.blank is not None)


@given(prepare_facts(tagged=True))
def test_an_instance_that_is_set_aside_gets_the_one_tag_of_its_role_and_a_backup(facts):
    tagged, backed_up = admit_setting_aside(facts), admit_backup(facts)

    assert isinstance(tagged, AdmittedSettingAside)
    assert isinstance(backed_up, AdmittedBackup)
    wanted = "drill-scratch" if facts.role is Role.TARGET else "drill-blank"
    assert tagged.tags == {wanted: "yes"}
    assert tagged.instance_id == backed_up.instance_id == facts.target.id
    assert backed_up.backup_name == "drill-baseline"


@given(deletion_facts())
def test_a_deletion_is_of_the_instance_that_was_created(facts):
    admitted = admit_deletion(facts)

    assert isinstance(admitted, AdmittedDeletion)
    assert admitted.instance_id == facts.created_id
    assert admitted.instance_name == facts.created_name


@given(tagging_facts())
def test_a_late_tag_is_that_of_the_drill_on_the_instance_that_it_created(facts):
    admitted = admit_tagging(facts)

    assert isinstance(admitted, AdmittedTagging)
    assert (admitted.instance_id, admitted.instance_name) == (facts.created_id, facts.created_name)
    assert admitted.tags == {"drill-id": DRILL}


@given(tagging_facts())
def test_an_instance_without_its_tag_may_be_tagged_and_not_be_deleted(facts):
    untagged = changed(facts, "instance.tags", {})

    assert isinstance(admit_tagging(untagged), AdmittedTagging)
    answer = admit_deletion(untagged)
    assert isinstance(answer, Refusals)
    assert [one.rule for one in answer.refusals] == ["instance-carries-our-tag"]


@given(deletion_facts())
def test_an_admission_can_not_be_altered_or_give_its_seal_away(facts):
    admitted = admit_deletion(facts)
    assert isinstance(admitted, AdmittedDeletion)

    with pytest.raises(ValueError, match="seal"):
        replace(admitted, instance_id=SOURCE)  # type: ignore[call-arg]
    assert not hasattr(admitted, "seal")


@pytest.mark.parametrize("seal", [None, object(), type(SEAL)()])
def test_an_admission_can_not_be_made_without_the_seal(seal):
    with pytest.raises(SealMissing):
        AdmittedDeletion(
            seal=seal,
            drill_id=DRILL,
            cloud=CLOUD,
            admitted_at=NOW,
            instance_id=SOURCE,
            instance_name="orders",
        )


def test_the_seal_does_not_show_what_it_is():
    assert repr(SEAL) == "sealed"


def test_a_fact_that_no_rule_has_proven_makes_no_admission():
    with pytest.raises(SealMissing):
        proven(None)


@pytest.mark.parametrize(("listed", "admitted"), [("2019_SE", True), ("2022_EE", False)])
def test_a_new_sql_server_instance_may_differ_where_the_cloud_and_its_table_say_so(
    listed, admitted
):
    facts = find_one(create_facts(), lambda one: one.inventory.source.version == "2017_SE")
    facts = changed(facts, "cloud.same_version_new", frozenset())

    answer = admit_create(replace(facts, version=listed))

    assert isinstance(answer, AdmittedCreate) is admitted


def test_sql_server_must_have_the_same_version_where_the_cloud_says_so():
    facts = find_one(restore_facts(), lambda one: one.inventory.target.version == "2019_SE")
    facts = changed(facts, "cloud.same_version", frozenset({Engine.SQLSERVER}))

    answer = admit_restore(facts)

    assert isinstance(answer, Refusals)
    assert [refusal.rule for refusal in answer.refusals] == ["target-has-the-same-version"]


def test_a_cloud_that_does_not_ask_for_the_same_vpc_lets_another_pass():
    facts = find_one(restore_facts(), lambda one: True)
    facts = changed(facts, "cloud.same_vpc", frozenset())

    answer = admit_restore(changed(facts, "inventory.target.vpc_id", "vpc-9"))

    assert isinstance(answer, AdmittedRestore)
