"""The generated order data of a source: what it looks like and how it is made.

Everything is made by the server from series of numbers, so a few tens of thousands of rows take
about a second and are the same every time but for their dates.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from drill.sandbox.servers import ServerFault
from drill.sandbox.views import LOOPBACK

DATABASE = "shop"
CHECK_ROLE = "drill_check"
WRITER_ROLE = "shop_writer"

_TABLES = """
create schema shop;
create table shop.customers (
    id bigint generated always as identity primary key,
    name text not null, email text not null unique, city text not null,
    registered_at timestamptz not null);
create table shop.orders (
    id bigint generated always as identity primary key,
    customer_id bigint not null references shop.customers,
    status text not null check (status in ('new', 'paid', 'shipped', 'returned')),
    placed_at timestamptz not null);
create table shop.order_items (
    order_id bigint not null references shop.orders, line integer not null,
    product text not null, quantity integer not null check (quantity > 0),
    unit_price numeric(10, 2) not null, primary key (order_id, line));
create table shop.heartbeat (
    id bigint generated always as identity primary key, at timestamptz not null);
create function shop.order_total(bigint) returns numeric language sql stable
return (select coalesce(sum(quantity * unit_price), 0)
        from shop.order_items where order_id = $1);
"""

_ROWS = """
insert into shop.customers (name, email, city, registered_at)
select format('Customer %%s', i), format('customer-%%s@shop.example', i),
    (array['Ulm', 'Porto', 'Gent', 'Turku', 'Brno', 'Graz', 'Lyon'])[1 + i %% 7],
    now() - make_interval(days => 400 - i %% 390)
from generate_series(1, %(customers)s) as i order by i;

insert into shop.orders (customer_id, status, placed_at)
select 1 + (i::bigint * 7919 + %(seed)s) %% %(customers)s,
    (array['paid', 'shipped', 'shipped', 'shipped', 'returned'])[1 + i %% 5],
    now() - make_interval(mins => 3 * (%(orders)s - i))
from generate_series(1, %(orders)s) as i order by i;

insert into shop.order_items (order_id, line, product, quantity, unit_price)
select i, line, format('Article %%s', 1 + (i * 31 + line * 17 + %(seed)s) %% 500),
    1 + (i + line) %% 5, 0.5 + (i * 13 + line * 101 + %(seed)s) %% 9900 / 100.0
from generate_series(1, %(orders)s) as i, generate_series(1, 1 + i %% 3) as line
order by i, line;

insert into shop.heartbeat (at) values (clock_timestamp());
"""

_INDEXES = """
create index orders_of_customer on shop.orders (customer_id);
create index orders_by_time on shop.orders (placed_at);
create index items_of_product on shop.order_items (product);
create index heartbeats_by_time on shop.heartbeat (at);
analyze;
"""

_ROLES = """
create role {writer} login password {writer_password};
grant connect on database {database} to {writer};
grant usage on schema shop to {writer};
grant select on all tables in schema shop to {writer};
grant insert on shop.orders, shop.order_items, shop.heartbeat to {writer};
create role {check} login password {check_password};
alter role {check} set default_transaction_read_only = on;
grant connect on database {database} to {check};
grant pg_read_all_data to {check};
"""

_ROUTINES_OF_AMCHECK = """
select p.oid::regprocedure::text from pg_proc p
join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
join pg_extension e on d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid
where e.extname = 'amcheck'
"""
_MAY_ALL_BE_RUN = f"""
select coalesce(bool_and(has_function_privilege(%s, found.routine, 'execute')), false)
from ({_ROUTINES_OF_AMCHECK}) as found (routine)
"""  # noqa: S608 - both halves are constants of this file

ADD_HEARTBEAT = "insert into shop.heartbeat (at) values (clock_timestamp())"

ADD_ORDER = """
with placed as (
    insert into shop.orders (customer_id, status, placed_at)
    select 1 + floor(random() * count(*))::bigint, 'new', clock_timestamp() from shop.customers
    returning id)
insert into shop.order_items (order_id, line, product, quantity, unit_price)
select id, line, format('Article %s', 1 + (id * 31 + line * 17) % 500), 1 + line % 5, 9.95
from placed, generate_series(1, 2) as line
"""


def load_shop(
    *,
    port: int,
    admin_user: str,
    admin_password: str,
    writer_password: str,
    check_password: str,
    customers: int = 2000,
    orders: int = 20000,
    seed: int = 0,
) -> None:
    """Make the database of a shop with its accounts. Raise ServerFault."""
    try:
        with _connect(port, admin_user, admin_password, "postgres") as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        with _connect(port, admin_user, admin_password, DATABASE) as connection:
            _fill(connection, customers=customers, orders=orders, seed=seed)
            _add_roles(connection, writer_password, check_password)
            _allow_amcheck(connection)
    except psycopg.Error as error:
        reason = error.diag.message_primary or type(error).__name__
        raise ServerFault(f"the shop cannot be loaded: {reason}") from None


def _connect(
    port: int, user: str, password: str, database: str
) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=LOOPBACK,
        port=port,
        dbname=database,
        user=user,
        password=password,
        autocommit=True,
        connect_timeout=5,
    )


def _fill(
    connection: psycopg.Connection[tuple[object, ...]], *, customers: int, orders: int, seed: int
) -> None:
    values = {"customers": customers, "orders": orders, "seed": seed}
    connection.execute(_TABLES)
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(_ROWS, values)
    connection.execute(_INDEXES)


def _add_roles(
    connection: psycopg.Connection[tuple[object, ...]], writer_password: str, check_password: str
) -> None:
    """Add the accounts. The server sees SCRAM verifiers, never a password."""

    def verifier(role: str, password: str) -> sql.Literal:
        text = connection.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        )
        return sql.Literal(text.decode())

    connection.execute(
        sql.SQL(_ROLES).format(
            writer=sql.Identifier(WRITER_ROLE),
            writer_password=verifier(WRITER_ROLE, writer_password),
            check=sql.Identifier(CHECK_ROLE),
            check_password=verifier(CHECK_ROLE, check_password),
            database=sql.Identifier(DATABASE),
        )
    )


def _allow_amcheck(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Let the checking account run the physical checks. Raise ServerFault if it then may not."""
    connection.execute("create extension if not exists amcheck")
    routines = connection.execute(_ROUTINES_OF_AMCHECK).fetchall()
    for (routine,) in routines:
        connection.execute(
            sql.SQL("grant execute on function {} to {}").format(
                sql.SQL(str(routine)),
                sql.Identifier(CHECK_ROLE),
            )
        )
    row = connection.execute(_MAY_ALL_BE_RUN, [CHECK_ROLE]).fetchone()
    if row is None or row[0] is not True:
        raise ServerFault(f"{CHECK_ROLE} may not run the functions of amcheck")
