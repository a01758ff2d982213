"""Every mistake in a file is told in a plain sentence, at its place, with a way to mend it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drill.plan.loader import load_config, load_plans
from drill.plan.model import Plan
from drill.plan.positions import KeyPath
from drill.plan.problems import Problem, problems_of_validation
from tests.plan.conftest import PLAN

KEYS = """\
kind = "keys"
access_key = "env:DRILL_TEST_ACCESS_KEY"
secret_key = "env:DRILL_TEST_SECRET_KEY"
"""
CHECKS = '[[checks]]\nkind = "connects"\n'
SELECTION = 'selection = { policy = "latest" }'
NEW_TARGET = """\
kind = "new"
flavor = "rds.pg.n1.small"
availability_zone = "eu-de-01"
vpc_id = "vpc"
subnet_id = "subnet"
volume = { type = "CLOUDSSD" }
"""

# what is exchanged in a valid plan -> (key, what is said, what the hint holds)
PLAN_MISTAKES = {
    "unknown key": (
        ("[source]", "grup = 1\n[source]"),
        ("grup", "unknown key", 'Did you mean "group"?'),
    ),
    "unknown key without anything near it": (
        ("[login]", "[login]\nzzz = 1"),
        ("login.zzz", "unknown key", "Known here: user, password, database."),
    ),
    "key of the top level below a header": (
        (CHECKS, f'{CHECKS}[schedule]\ncron = "0 2 * * *"\ngive_up_after = "1h"\n'),
        ("schedule.give_up_after", "unknown key here", "move it above the first ["),
    ),
    "missing key": (
        ('cloud = "main"\n', ""),
        ("source.cloud", "required key is missing", "Add cloud: Name of the cloud"),
    ),
    "missing table": (
        (f'[restore]\nmode = "pitr"\n{SELECTION}\n', ""),
        ("restore", "required key is missing", "Add restore: Which recovery point"),
    ),
    "missing discriminator": (
        ('mode = "pitr"\n', ""),
        ("restore.mode", "required key is missing", "It is one of: pitr, backup."),
    ),
    "unknown discriminator": (
        ('mode = "pitr"', 'mode = "pit"'),
        ("restore.mode", "'pit' is none of the known words", 'Did you mean "pitr"?'),
    ),
    "discriminator of another mode": (
        ('policy = "latest"', 'policy = "newest"'),
        (
            "restore.selection.policy",
            "'newest' is none of the known words",
            "newest belongs to another kind of table; here: latest, instant, random, ",
        ),
    ),
    "discriminator of the wrong type": (
        ('mode = "pitr"', "mode = 1"),
        ("restore.mode", "'1' is none of the known words", "pitr, backup"),
    ),
    "text where a table should be": (
        ("[source]", 'objectives = "1m"\n[source]'),
        ("objectives", "is a text, and should be a table", "[header]"),
    ),
    "table where an array should be": (
        ("[[checks]]", "[checks]"),
        ("checks", "is a table, and should be an array", "square brackets"),
    ),
    "number where a text should be": (
        ('user = "reader"', "user = 5"),
        ("login.user", "is a whole number, and should be a text", "in quotes"),
    ),
    "date where a text should be": (
        ('user = "reader"', "user = 2026-03-01"),
        ("login.user", "is a date, and should be a text", "in quotes"),
    ),
    "text where a number should be": (
        (CHECKS, '[[checks]]\nkind = "row_count"\ntable = "a.b"\nat_least = "5"\n'),
        ("checks[0].at_least", "is a text, and should be a whole number", "without quotes"),
    ),
    "true where a number should be": (
        (CHECKS, '[[checks]]\nkind = "row_count"\ntable = "a.b"\nat_least = true\n'),
        ("checks[0].at_least", "is true or false, and should be a whole number", "number"),
    ),
    "number where true or false should be": (
        (CHECKS, '[[checks]]\nkind = "physical"\nheapallindexed = 1\n'),
        ("checks[0].heapallindexed", "should be true or false", "Write true or false"),
    ),
    "nothing of a union fits": (
        (CHECKS, '[[checks]]\nkind = "sql"\nquery = "select 1"\nexpected = [1]\n'),
        (
            "checks[0].expected",
            "is an array, and fits nothing that may stand here",
            "Write a whole number, or a number, or true or false, or a text.",
        ),
    ),
    "no finite number": (
        (CHECKS, '[[checks]]\nkind = "sql"\nquery = "select 1"\nexpected = nan\n'),
        ("checks[0].expected", "is no finite number", "nan and inf"),
    ),
    "unknown word": (
        (
            CHECKS,
            '[[checks]]\nkind = "sql"\nquery = "select 1"\noperator = "=="\nexpected = 1\n',
        ),
        ("checks[0].operator", "'==' is none of the known words", "It is one of: =, !="),
    ),
    "number of another type than a word": (
        (CHECKS, '[[checks]]\nkind = "sql"\nquery = "select 1"\noperator = 1\nexpected = 1\n'),
        ("checks[0].operator", "is a whole number, and should be a text", "It is one of"),
    ),
    "no span": (
        ('policy = "latest"', 'policy = "latest", margin = "90"'),
        ("restore.selection.margin", "'90' is no span", '"1h30m"'),
    ),
    "bare number for a span": (
        ("[source]", "give_up_after = 900\n[source]"),
        ("give_up_after", "a span is a text with units", '"15m"'),
    ),
    "span of nothing": (
        ("[source]", 'give_up_after = "0s"\n[source]'),
        ("give_up_after", "this span must be longer than zero", "units"),
    ),
    "endless span": (
        ("[source]", 'give_up_after = "99999999999999999999d"\n[source]'),
        ("give_up_after", "is longer than a century", "shorter"),
    ),
    "local time for an instant": (
        ('policy = "latest"', 'policy = "instant", restore_time = 2026-03-01T02:00:00'),
        ("restore.selection.restore_time", "an instant needs its offset", "02:00:00Z"),
    ),
    "no name": (
        ('cloud = "main"', 'cloud = "Main Cloud"'),
        ("source.cloud", "'Main Cloud' is no name", "lower-case letters"),
    ),
    "name of a device": (
        ("[source]", 'group = "con"\n[source]'),
        ("group", "'con' is the name of a device on Windows", "Choose another name"),
    ),
    "no id": (
        ('instance_id = "0123', 'instance_id = "../0123'),
        ("source.instance_id", "is no id of the provider", "copy it from the console"),
    ),
    "no identifier": (
        (CHECKS, '[[checks]]\nkind = "objects"\nschemas = ["a", "b c"]\n'),
        ("checks[0].schemas[1]", "'b c' is no identifier", "without schema"),
    ),
    "no qualified name": (
        (CHECKS, '[[checks]]\nkind = "row_count"\ntable = "orders"\nat_least = 1\n'),
        ("checks[0].table", "'orders' is no qualified name", "shop.orders"),
    ),
    "literal secret": (
        ('password = "env:DRILL_TEST_PASSWORD"', 'password = "correct-horse-battery"'),
        ("login.password", "a literal secret is refused", 'password = "env:DRILL_PASSWORD"'),
    ),
    "incomplete reference": (
        ('password = "env:DRILL_TEST_PASSWORD"', 'password = "env:NOT-A-NAME"'),
        ("login.password", "this reference is not complete", '"env:DRILL_PASSWORD"'),
    ),
    "no checks": (
        (CHECKS, ""),
        ("checks", "required key is missing", "Add checks: The questions"),
    ),
    "empty text": (
        ('user = "reader"', 'user = ""'),
        ("login.user", "is empty", "Name of the account"),
    ),
    "long text": (
        ('user = "reader"', f'user = "{"x" * 64}"'),
        ("login.user", "may have at most 63 characters", "Name of the account"),
    ),
    "number below its bound": (
        (CHECKS, '[[checks]]\nkind = "row_count"\ntable = "a.b"\nat_least = -1\n'),
        ("checks[0].at_least", "must be at least 0", "Fewest rows"),
    ),
    "number that is not above its bound": (
        (
            CHECKS,
            '[[checks]]\nkind = "row_count"\ntable = "a.b"\nwithin_percent_of_last = 0\n',
        ),
        ("checks[0].within_percent_of_last", "must be greater than 0", "Allowed change"),
    ),
    "check that cannot fail": (
        (CHECKS, '[[checks]]\nkind = "row_count"\ntable = "a.b"\n'),
        ("checks[0]", "has no bound, so it could not fail", "Give at_least"),
    ),
    "bounds that exclude each other": (
        (CHECKS, '[[checks]]\nkind = "row_count"\ntable = "a.b"\nat_least = 2\nat_most = 1\n'),
        ("checks[0].at_least", "at_least is greater than at_most", "exchange them"),
    ),
    "check that names nothing": (
        (CHECKS, '[[checks]]\nkind = "objects"\n'),
        ("checks[0]", "names nothing that should exist", "at least one of schemas"),
    ),
    "two checks of one name": (
        (CHECKS, '[[checks]]\nkind = "connects"\n[[checks]]\nkind = "physical"\nname="connects"\n'),
        ("checks[1]", "two checks are named 'connects'", "a name of its own"),
    ),
    "no cron expression": (
        (CHECKS, f'{CHECKS}[schedule]\ncron = "0 2 * *"\n'),
        ("schedule.cron", "'0 2 * *' is no cron expression: ", "every night at 02:30"),
    ),
    "no time zone": (
        (CHECKS, f'{CHECKS}[schedule]\ncron = "0 2 * * *"\ntime_zone = "Mars"\n'),
        ("schedule.time_zone", "'Mars' is no time zone", "Europe/Berlin"),
    ),
    "size that is no multiple": (
        (
            'kind = "existing"\ninstance_id = "fedcba9876543210fedcba9876543210in03"\n',
            NEW_TARGET.replace('"CLOUDSSD"', '"CLOUDSSD", size_gb = 15'),
        ),
        ("target.volume.size_gb", "must be a multiple of 10", "Size in GB"),
    ),
    "odd flavor": (
        (
            'kind = "existing"\ninstance_id = "fedcba9876543210fedcba9876543210in03"\n',
            NEW_TARGET.replace("rds.pg.n1.small", "rds pg"),
        ),
        ("target.flavor", "'rds pg' does not have the right form", "rds.pg.n1.small"),
    ),
}
CONFIG_MISTAKES = {
    "unknown key": (
        ('region = "r-1"', 'region = "r-1"\nregoin = "r-2"'),
        ("clouds.main.regoin", "unknown key", 'Did you mean "region"?'),
    ),
    "missing key behind a tag that is also a key": (
        (KEYS, 'kind = "password"\npassword = "env:X"\nuser = "u"\n'),
        ("clouds.main.credentials.domain", "required key is missing", "Account (domain)"),
    ),
    "literal secret": (
        ('"env:DRILL_TEST_SECRET_KEY"', '"correct-horse-battery"'),
        ("clouds.main.credentials.secret_key", "a literal secret is refused", "DRILL_SECRET_KEY"),
    ),
    "endpoint without encryption": (
        ('"https://rds.r-1', '"http://rds.r-1'),
        ("clouds.main.endpoint", "this URL is not encrypted", "allow_loopback"),
    ),
    "endpoint without scheme": (
        ('"https://rds.r-1', '"rds.r-1'),
        ("clouds.main.endpoint", "this is no URL of a service", "https://HOST"),
    ),
    "endpoint with a password": (
        ('"https://rds.r-1', '"https://user:correct-horse-battery@rds.r-1'),
        ("clouds.main.endpoint", "this URL holds a user name or a password", "https://HOST"),
    ),
    "endpoint with an impossible port": (
        ('r-1.myhuaweicloud.com"\niam', 'r-1.myhuaweicloud.com:99999"\niam'),
        ("clouds.main.endpoint", "this is no URL", "https://HOST"),
    ),
    "endpoint with a query": (
        ('r-1.myhuaweicloud.com"\niam', 'r-1.myhuaweicloud.com/?a=b"\niam'),
        ("clouds.main.endpoint", "more than a host and a path", "https://HOST"),
    ),
    "incomplete reference": (
        ('region = "r-1"', 'region = "env:"'),
        ("clouds.main.region", "this reference is not complete", "env:NAME"),
    ),
    "no encryption to copies": (
        ('region = "r-1"', 'region = "r-1"\ndatabase_tls = "off"'),
        ("clouds.main.database_tls", "copies would be read without encryption", '"verify"'),
    ),
    "unknown word": (
        ('region = "r-1"', 'region = "r-1"\ndatabase_tls = "of"'),
        ("clouds.main.database_tls", "'of' is none of the known words", "verify, require, off"),
    ),
    "scratch instance of no cloud": (
        ('[[scratch]]\ncloud = "main"', '[[scratch]]\ncloud = "moon"'),
        ("scratch[0].cloud", "no cloud is named 'moon'", "Clouds of this file: main."),
    ),
    "store with a password": (
        ("[[scratch]]", '[store]\nurl = "postgresql://u:correct-horse-battery@h/d"\n[[scratch]]'),
        ("store.url", "a literal secret is refused", "env:DRILL_STORE_URL"),
    ),
}


def _line_of(text: str, key: str) -> int | None:
    """Return the number of the line where the last written part of a key stands, if only once."""
    last = re.split(r"[.\[]", key)[-1].rstrip(']"')
    lines = [n for n, line in enumerate(text.splitlines(), 1) if re.search(rf"\b{last}\b *=", line)]
    return lines[0] if len(lines) == 1 else None


def _ensure_told(problems: Sequence[Problem], file: Path, expected: tuple[str, str, str]) -> None:
    key, message, hint = expected
    assert [problem.message for problem in problems] == [problems[0].message]
    problem = problems[0]
    assert problem.message.startswith(f"{key}: ")
    assert message in problem.message
    assert hint in problem.hint
    assert problem.hint.endswith((".", "?", "!"))
    assert not problem.message.endswith(".")
    assert "correct-horse-battery" not in str(problem) + repr(problem)
    assert problem.line is not None
    line = _line_of(file.read_text(encoding="utf-8"), key)
    assert line is None or problem.line == line


@pytest.mark.parametrize("mistake", PLAN_MISTAKES)
def test_a_mistake_in_a_plan_is_told_at_its_key(desk, mistake):
    change, expected = PLAN_MISTAKES[mistake]
    file = desk.plan("orders", change)

    plans, problems = load_plans(desk.folder)

    assert plans == []
    _ensure_told(problems, file, expected)


@pytest.mark.parametrize("mistake", CONFIG_MISTAKES)
def test_a_mistake_in_the_configuration_is_told_at_its_key(desk, mistake):
    change, expected = CONFIG_MISTAKES[mistake]
    file = desk.config(change)

    config, problems = load_config(file)

    assert config is None
    _ensure_told([one for one in problems if expected[0] in one.message], file, expected)


def test_the_valid_plan_and_configuration_have_no_mistake(desk):
    desk.plan()

    assert load_plans(desk.folder)[1] == []
    assert load_config(desk.config())[1] == []


def test_an_instance_on_both_lists_or_twice_on_one_is_told_at_its_entry(desk):
    text = desk.config().read_text(encoding="utf-8")
    scratch = text[text.index("[[scratch]]") :]
    (target,) = re.findall(r'instance_id = "(\w+)"', scratch)
    more = f'[[protected]]\ncloud = "main"\ninstance_ids = ["{target.upper()}"]\n'

    _, problems = load_config(desk.config(more=f"{scratch}{more}"))

    messages = [problem.message for problem in problems]
    assert len(messages) == 3
    assert messages[0].startswith("scratch[0].instance_id: ")
    assert "protected at once" in messages[0]
    assert "on the scratch allow-list twice" in " ".join(messages[1:])


def test_the_plan_that_names_one_instance_twice_is_told_all_that_is_wrong_with_it(desk):
    text = desk.plan().read_text(encoding="utf-8")
    source, target = re.findall(r'instance_id = "(\w+)"', text)
    desk.plan(
        "orders",
        (target, source.upper()),
        more=CHECKS + '[[checks]]\nkind = "physical"\nname = "connects-1"\n',
    )

    _, problems = load_plans(desk.folder)

    assert [(problem.line, problem.message) for problem in problems] == [
        (13, "target.instance_id: the target is the source"),
        (24, "checks[2]: two checks are named 'connects-1'"),
    ]


def test_a_cloud_with_a_bad_name_is_told_with_what_is_wrong_below_it(desk):
    _, problems = load_config(desk.config(("[clouds.main]", '[clouds."Main 1"]\n[clouds.main]')))

    told = [problem.message for problem in problems]
    assert """clouds."Main 1": 'Main 1' is no name""" in told
    assert 'clouds."Main 1".region: required key is missing' in told
    assert {(problem.line, problem.column) for problem in problems} == {(1, 9)}


def test_all_mistakes_of_all_files_are_told_at_once(desk):
    desk.plan("a", ('cloud = "main"', 'clowd = "main"'), ('mode = "pitr"', 'mode = "x"'))
    desk.plan("b", ('database = "shop"', "database = 1"), more='[schedule]\ncron = "x"\n')
    desk.plan("c", more="[schedule\n")
    desk.plan("d")

    plans, problems = load_plans(desk.folder)

    assert [loaded.plan.name for loaded in plans] == ["d"]
    told = [
        (
            problem.file.rsplit("/", 1)[-1],
            problem.line,
            problem.column,
            problem.message.split(":")[0],
        )
        for problem in problems
    ]
    assert told == [
        ("a.toml", 3, 2, "source.cloud"),
        ("a.toml", 4, 1, "source.clowd"),
        ("a.toml", 8, 1, "restore.mode"),
        ("b.toml", 18, 1, "login.database"),
        ("b.toml", 23, 1, "schedule.cron"),
        ("c.toml", 22, 10, "no valid TOML"),
    ]


def test_an_array_is_not_called_short_because_of_what_is_wrong_in_it(desk):
    desk.plan("orders", ('kind = "connects"', 'kind = "connect"'))

    _, problems = load_plans(desk.folder)

    assert [problem.message.split(":")[0] for problem in problems] == ["checks[0].kind"]


def test_an_empty_array_of_checks_is_told(desk):
    desk.plan("orders", ("[source]", "checks = []\n[source]"), (CHECKS, ""))

    _, problems = load_plans(desk.folder)

    assert [problem.message for problem in problems] == ["checks: is empty"]


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ('name = "orders\n', (1, 15), "illegal character", "not closed"),
        ("name = orders\n", (1, 8), "invalid value", "in quotes"),
        ('name = "a"\nname = "b"\n', (2, 11), "cannot overwrite a value", "given once"),
        ("[a]\n[a]\n", (2, 3), "twice", "given once"),
        ("name\n", (1, 5), "after a key", "key = value"),
        ('name = """\nx', (2, 2), "at the end of the file", "not closed"),
        ('name = "a\x1b"', (1, 10), r"illegal character '\x1b'", "not closed"),
        ("at = 2026-02-30T00:00:00Z", (1, 6), "invalid date", "look"),
        (f"n = {'1' * 5000}", (None, None), "a number has thousands of digits", "that long"),
        (f"n = {'[' * 50_000}", (None, None), "nested too deeply", "a few"),
        ("\ufeffname = 1", (1, 1), "byte order mark", "without BOM"),
    ],
)
def test_what_is_no_toml_is_told_at_its_place(desk, text, place, message, hint):
    (desk.folder / "orders.toml").write_text(text, encoding="utf-8")

    _, problems = load_plans(desk.folder)

    assert len(problems) == 1
    assert (problems[0].line, problems[0].column) == place
    assert message in problems[0].message
    assert hint in problems[0].hint.lower() or hint in problems[0].hint


def test_what_is_no_utf8_is_told_at_its_place(desk):
    (desk.folder / "orders.toml").write_bytes('a = "é"\nb = "é'.encode() + b'\xff"\n')

    _, problems = load_plans(desk.folder)

    assert (problems[0].line, problems[0].column) == (2, 7)
    assert problems[0].message == "this is no UTF-8 text"


def test_without_positions_a_problem_still_names_its_key(desk, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tree_sitter", None)
    file = desk.plan("orders", ('user = "reader"', "user = 5"))

    _, problems = load_plans(desk.folder)

    assert str(problems[0]).startswith(f"{file}: login.user: is a whole number")


def test_a_problem_is_two_lines_for_people():
    problem = Problem("plans/a.toml", 3, 7, "name: unknown key", "Take it away.")

    assert str(problem) == "plans/a.toml:3:7: name: unknown key\nhint: Take it away."


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb", r"a\x0ab"),
        ("\u202egnp", r"\u202egnp"),
        ("\u200b", r"\u200b"),
        ("\udcff", r"\udcff"),
        ("\x9b31m", r"\x9b31m"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_hostile_characters_are_made_visible_everywhere(hostile, shown):
    problem = Problem(f"{hostile}.toml", 1, 1, f"m {hostile}", f"h {hostile}")

    assert problem.file == f"{shown}.toml"
    assert problem.message == f"m {shown}"
    assert problem.hint == f"h {shown}"
    str(problem).encode("utf-8")


def test_letters_of_every_language_stay_as_they_are():
    text = "ключ, مفتاح, 鍵, clé, 🔑"

    assert Problem("a", 1, 1, text, "").message == text


def test_a_hostile_key_and_a_hostile_value_are_shown_as_escapes(desk):
    desk.plan("orders", ('cloud = "main"', 'cloud = "\\u001b[2J"\n"\\u202Ex" = 1'))

    _, problems = load_plans(desk.folder)

    assert len(problems) == 2
    assert all("\x1b" not in str(problem) for problem in problems)
    assert r"\x1b[2J" in problems[0].message
    assert r"\u202e" in problems[1].message


SECRET_PLACES = [
    ('user = "reader"', 'passwort = "correct-horse-battery"'),
    ('password = "env:DRILL_TEST_PASSWORD"', 'password = ["correct-horse-battery"]'),
    ('password = "env:DRILL_TEST_PASSWORD"', 'password = { v = "correct-horse-battery" }'),
    ('password = "env:DRILL_TEST_PASSWORD"', 'password = "correct-horse-battery'),
    ('password = "env:DRILL_TEST_PASSWORD"', "password = correct-horse-battery"),
    ('database = "shop"', 'database = "shop"\nsecret = "correct-horse-battery"'),
    ("[login]", 'login = "correct-horse-battery"\n[logout]'),
]


@pytest.mark.parametrize(("old", "new"), SECRET_PLACES)
def test_a_secret_in_a_wrong_place_is_never_shown(desk, old, new):
    desk.plan("orders", (old, new))

    plans, problems = load_plans(desk.folder)

    assert plans == []
    assert problems
    assert "correct-horse-battery" not in repr(problems)
    assert "correct-horse-battery" not in "".join(map(str, problems))


VALUES = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.datetimes()
    | st.sampled_from(["pitr", "backup", "latest", "new", "existing", "sql", "password", "keys"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "mode", "policy", "x", "[key]", "int"]), inner)
    ),
    max_leaves=6,
)
PLACES: list[KeyPath] = [
    ("name",), ("source",), ("source", "cloud"), ("restore",), ("restore", "mode"),
    ("restore", "selection"), ("target",), ("target", "kind"), ("login", "password"),
    ("checks",), ("checks", 0), ("checks", 0, "kind"), ("objectives",), ("schedule",),
    ("sqlserver",), ("give_up_after",), ("new key",), ("login", "int"),
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_whatever_stands_anywhere_is_told_in_sentences(changes):
    data: Any = tomllib.loads(PLAN)
    for (*parents, last), value in changes:
        table = data
        for key in parents:
            table = table[key] if isinstance(table, dict | list) and _has(table, key) else {}
        if isinstance(table, dict) or (isinstance(table, list) and _has(table, last)):
            table[last] = value

    try:
        Plan.model_validate(data)
        problems = []
    except ValidationError as error:
        problems = problems_of_validation(error, Plan, file="a.toml", text=PLAN)

    for problem in problems:
        assert problem.line
        assert problem.hint.endswith((".", "?"))
        assert "Input should" not in problem.message
        assert "input should" not in problem.message


def _has(table: Any, key: str | int) -> bool:
    return key in table if isinstance(table, dict) else isinstance(key, int) and key < len(table)
