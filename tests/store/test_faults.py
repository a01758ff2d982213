"""What a database says is told plainly, and as passing where it may pass by itself."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError, ProgrammingError

from drill.errors import StoreError, StoreUnavailable
from drill.store.dialects import connect_arguments
from drill.store.faults import store_error
from tests.contract.acts import LEASE


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (psycopg.errors.ReadOnlySqlTransaction("cannot execute UPDATE"), InternalError),
        (psycopg.errors.DiskFull("no space left"), OperationalError),
        (psycopg.errors.AdminShutdown("terminating connection"), OperationalError),
        (psycopg.errors.CannotConnectNow("is starting up"), OperationalError),
        (psycopg.errors.TooManyConnections("too many clients"), OperationalError),
        (psycopg.errors.LockNotAvailable("lock timeout"), OperationalError),
    ],
)
def test_what_passes_by_itself_is_waited_for(cause: Exception, kind: type[DBAPIError]):
    error = store_error("the-store", kind("UPDATE drill", {}, cause))

    assert isinstance(error, StoreUnavailable)
    assert error.hint


def test_what_does_not_pass_is_not_waited_for():
    cause = psycopg.errors.UndefinedTable('relation "drill" does not exist')

    error = store_error("the-store", ProgrammingError("UPDATE drill", {}, cause))

    assert type(error) is StoreError


def test_a_server_that_vanished_without_a_word_is_noticed_within_the_patience():
    given = connect_arguments("postgresql", patience=LEASE)
    until_noticed = given["keepalives_idle"] + (
        given["keepalives_interval"] * given["keepalives_count"]
    )

    assert given["tcp_user_timeout"] <= LEASE.total_seconds() * 1000
    assert until_noticed <= LEASE.total_seconds()
