"""What may be restored onto what version."""

from __future__ import annotations

import pytest

from drill.guard.facts import VersionTable
from drill.guard.versions import (
    mysql_minor_problem,
    sqlserver_listed_problem,
    sqlserver_problem,
)


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        ("5.7.25", "5.7.25", True),
        ("5.7.25", "5.7.27", True),
        ("5.7.9", "5.7.10", True),  # numbers, not letters
        ("5.7.27", "5.7.25", False),
        ("5.6.51", "5.6.52.1", True),
        ("5.6.51", "5.7.51", False),
        ("8.0.28", "8.0.28.2", True),
        ("8.0.28", "8.0.32", False),
        ("8.0.32", "8.0.28", False),
        ("8.4.1", "8.4.2", False),  # a line that no page speaks of: the strictest rule
        ("8.0", "8.0", False),
        (None, "8.0.28", False),
        ("8.0.28", None, False),
    ],
)
def test_a_mysql_minor_version_may_rise_in_the_old_lines_alone(source, target, fits):
    assert (mysql_minor_problem(source, target) is None) is fits


COMPLETE = VersionTable(
    name="complete",
    source="page",
    targets={"2017_SE": frozenset({"2017_SE"}), "2019_EE": frozenset({"2019_EE", "2019_SE"})},
)
CUT = VersionTable(
    name="cut",
    source="page",
    complete=False,
    targets={
        "2008R2_EE": frozenset({"2008R2_EE", "2012_EE"}),
        "2008R2_SE": frozenset({"2008R2_SE", "..."}),
    },
)


@pytest.mark.parametrize(
    ("table", "source", "target", "fits"),
    [
        (COMPLETE, "2017_SE", "2017_SE", True),
        (COMPLETE, "2019_EE", "2019_SE", True),  # listed, though lower
        (COMPLETE, "2017_SE", "2017_EE", False),  # the row leaves it out
        (COMPLETE, "2022_SE", "2022_SE", False),  # the table leaves it out
        (CUT, "2008R2_EE", "2012_EE", True),
        (CUT, "2008R2_EE", "2014_EE", False),  # the row is whole
        (CUT, "2008R2_SE", "2014_EE", True),  # the row is cut
        (CUT, "2008R2_SE", "2014_WEB", False),
        (CUT, "2019_SE", "2022_EE", True),  # unknown, and not lower
        (CUT, "2019_SE", "2017_EE", False),
        (CUT, "2019_SE", "2022_WEB", False),
        (CUT, "2008R2_WEB", "2008_EE", False),
        (CUT, "2019_SE", "newest", False),
        (CUT, "newest", "2019_SE", False),
        (None, "2019_SE", "2019_SE", True),
        (None, "2019_SE", "2017_SE", False),
    ],
)
def test_an_unknown_sql_server_pair_passes_only_if_nothing_is_lower(table, source, target, fits):
    assert (sqlserver_problem(source, target, table) is None) is fits


@pytest.mark.parametrize(
    ("table", "source", "target", "fits"),
    [
        (None, "2022_SE", "2022_SE", True),
        (None, "2022_SE", "2022_EE", False),
        (COMPLETE, "2019_EE", "2019_SE", True),
        (CUT, "2019_SE", "2022_SE", False),
    ],
)
def test_a_new_sql_server_instance_takes_its_own_version_or_a_listed_one(
    table, source, target, fits
):
    assert (sqlserver_listed_problem(source, target, table) is None) is fits
