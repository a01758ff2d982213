"""The kinds of cloud, and the dated tables, are what was published."""

from __future__ import annotations

import pytest

from drill.errors import ConfigInvalid
from drill.provider.clouds import find_cloud_kind, load_cloud_kinds, load_version_tables
from drill.recovery.values import Engine


def test_every_kind_that_the_configuration_names_is_there():
    assert set(load_cloud_kinds()) == {"huawei", "otc", "sandbox"}
    for name, kind in load_cloud_kinds().items():
        assert kind.rules.kind == kind.name == name
        assert kind.recovery_version in {"v3", "v3.1"}
        assert all(suffix.startswith(".") for suffix in kind.host_suffixes)


def test_the_sandbox_resets_postgresql_and_no_public_cloud_does():
    assert Engine.POSTGRESQL in find_cloud_kind("sandbox").rules.restore_to_current
    for name in ("huawei", "otc"):
        rules = find_cloud_kind(name).rules
        assert Engine.POSTGRESQL in rules.restore_to_existing
        assert Engine.POSTGRESQL not in rules.restore_to_current


def test_the_telekom_cloud_takes_no_tags_where_huawei_does():
    assert not find_cloud_kind("otc").tags_filter
    assert not find_cloud_kind("otc").rules.tags_in_create
    assert find_cloud_kind("huawei").rules.tags_in_create


def test_every_version_table_says_where_it_is_from_and_lets_a_version_go_to_itself():
    tables = load_version_tables()

    assert set(tables) == {
        "doc_2019",
        "hwdoc_2020",
        "my_kualalumpur_1_2022",
        "otc_2026",
        "sup_2026_partial",
    }
    for table in tables.values():
        assert "20" in table.source
        assert all(version in targets for version, targets in table.targets.items())


def test_only_the_cut_table_is_incomplete_and_it_lacks_the_row_that_was_cut():
    tables = load_version_tables()

    assert [name for name, table in tables.items() if not table.complete] == ["sup_2026_partial"]
    assert "2008R2_SE" not in tables["sup_2026_partial"].targets
    assert find_cloud_kind("huawei").rules.sqlserver_versions == tables["sup_2026_partial"]


def test_the_telekom_table_allows_the_documented_downgrade_and_no_jump_of_two():
    targets = load_version_tables()["otc_2026"].targets
    assert "2019_SE" in targets["2019_EE"]
    assert "2022_SE" not in targets["2017_SE"]


def test_an_unknown_kind_is_named_with_the_known_ones():
    with pytest.raises(ConfigInvalid) as caught:
        find_cloud_kind("aws")
    assert "huawei, otc, sandbox" in str(caught.value.hint)
