"""One log for all: its form, its names, and what never stands in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from drill.cli.logs import configure_logs
from drill.dispatch.local import LocalDispatcher
from drill.plan.redacted import MASK, is_secret_name, keep_out, redacted
from tests.engine.scene import Scene

SECRET = "kX9-7q2_Vt0pSecretW"


@contextmanager
def left_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    with left_as_it_was():
        yield io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_the_drill_on_it(stream):
    configure_logs(log_format="json", level=logging.INFO, stream=stream)

    with structlog.contextvars.bound_contextvars(drill_id="d-1"):
        structlog.get_logger("drill.x").error("step failed", tries=3)

    (line,) = lines(stream)
    assert line["event"] == "step failed"
    assert (line["level"], line["logger"]) == ("error", "drill.x")
    assert (line["drill_id"], line["tries"]) == ("d-1", 3)
    assert str(line["timestamp"]).endswith("Z")


@pytest.mark.parametrize("library", ["apscheduler", "urllib3.connectionpool", "alembic"])
def test_the_lines_of_libraries_have_the_same_form(stream, library):
    configure_logs(log_format="json", level=logging.INFO, stream=stream)

    with structlog.contextvars.bound_contextvars(drill_id="d-1"):
        logging.getLogger(library).warning("job %s was late", "beat")

    (line,) = lines(stream)
    assert line["event"] == "job beat was late"
    assert (line["logger"], line["level"], line["drill_id"]) == (library, "warning", "d-1")


def test_below_its_level_nothing_is_written(stream):
    configure_logs(log_format="json", level=logging.ERROR, stream=stream)

    structlog.get_logger().info("x")
    logging.getLogger("urllib3").info("x")

    assert stream.getvalue() == ""


def test_text_is_for_people_and_json_for_everything_that_is_no_terminal(stream):
    configure_logs(log_format=None, level=logging.INFO, stream=stream)
    structlog.get_logger().error("x")
    lines(stream)

    configure_logs(log_format="text", level=logging.INFO, stream=stream)
    structlog.get_logger("drill.x").error("step failed", tries=3)
    assert stream.getvalue().splitlines()[-1].endswith("ERROR drill.x step failed tries=3")


LEAKS = [
    f"X-Auth-Token: {SECRET}",
    f"{{'X-Subject-Token': '{SECRET}'}}",
    f'{{"password": "{SECRET}", "user": "root"}}',
    f"Authorization: Bearer {SECRET}",
    f"Authorization: SDK-HMAC-SHA256 Access={SECRET}, SignedHeaders=host, Signature={SECRET}",
    f"postgresql://root:{SECRET}@10.0.0.7:5432/orders",
    f"https://{SECRET}@hooks.example.org/x",
    f"ak={SECRET}&sk={SECRET}",
    f"secret_key = {SECRET}",
    f"DRILL_STORE_PASSWORD={SECRET}",
    f"security_token={SECRET};",
    f'cut off: {{"password": "{SECRET}',
    f"retrying with token {SECRET}-and-more and Basic {SECRET}",
]


@pytest.mark.parametrize("log_format", ["json", "text"])
@pytest.mark.parametrize("said", LEAKS)
def test_no_secret_stands_in_a_line(stream, log_format, said):
    keep_out(SECRET)  # as reading its reference does
    configure_logs(log_format=log_format, level=logging.INFO, stream=stream)
    log = structlog.get_logger("drill.x")

    log.error(said)
    log.error("x", fault=said, password=SECRET, inner={"sk": SECRET, "list": [said]})
    logging.getLogger("urllib3").error("failed: %s", said)
    try:
        raise RuntimeError(said)
    except RuntimeError:
        log.exception("it went wrong")

    assert len(stream.getvalue().splitlines()) == 4
    assert SECRET not in stream.getvalue()


@pytest.mark.parametrize("said", LEAKS[:-1])
def test_a_secret_that_nobody_has_read_is_known_by_its_shape(said):
    other = said.replace(SECRET, "never-read-by-us-0815")

    assert "never-read-by-us-0815" not in redacted(other)


def test_what_a_person_needs_is_left_as_it_is():
    for text in (
        "https://rds.eu-de.otc.t-systems.com answered 500",
        "drill 20260301-020000-0000abcd of plan orders-pitr-latest is restoring",
        "task job-1 has state Running; the key is public.orders_pkey",
        "expected at least 1000 rows: observed 12",
        "env:DRILL_HUAWEI_SECRET_KEY cannot be read",
    ):
        assert redacted(text) == text


def test_a_short_secret_does_not_turn_every_text_into_stars():
    keep_out("a")

    assert redacted("a plan") == "a plan"


@pytest.mark.parametrize("name", ["password", "db_password", "sk", "X-Auth-Token", "access_key"])
def test_a_field_that_names_a_secret_is_never_shown(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["event", "task", "risk", "drill_id", "fault", "request_id"])
def test_other_fields_are(name):
    assert not is_secret_name(name)


@given(st.text(max_size=200), st.text(min_size=1, max_size=30))
def test_whatever_is_said_an_event_is_one_line(said, name):
    stream = io.StringIO()
    with left_as_it_was():
        configure_logs(log_format="json", level=logging.INFO, stream=stream)
        structlog.get_logger().error("x", **{f"f{name}": said})

    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()
    json.loads(stream.getvalue())


def test_the_mask_is_left_alone_when_it_is_cleaned_again():
    once = redacted(f"password={SECRET}")

    assert once == f"password={MASK}"
    assert redacted(once) == once


def test_a_line_that_cannot_be_made_does_not_show_its_arguments(stream, capsys):
    configure_logs(log_format="json", level=logging.INFO, stream=stream)

    words = ("urllib3", logging.ERROR, "x.py", 1, "%d tries", (f"password of {SECRET}",), None)
    logging.getLogger().handlers[-1].handle(logging.LogRecord(*words))

    assert "could not be written" in stream.getvalue()
    assert SECRET not in stream.getvalue() + capsys.readouterr().err


def test_what_is_logged_while_a_drill_advances_names_the_drill(stream, monkeypatch):
    def advance(drill_id, parts, *, held, may_go_on):
        logging.getLogger("urllib3").error("no answer")

    monkeypatch.setattr("drill.dispatch.local.advance", advance)
    configure_logs(log_format="json", level=logging.INFO, stream=stream)

    LocalDispatcher(Scene().parts, workers=1)._advance("20260301-020000-0000abcd")
    logging.getLogger("urllib3").error("of no drill")

    during, after = lines(stream)
    assert during["drill_id"] == "20260301-020000-0000abcd"
    assert "drill_id" not in after
