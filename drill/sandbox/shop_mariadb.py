"""The generated order data of a MariaDB source, and the thread's work that keeps it alive."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pymysql

from drill.sandbox.servers import ServerFault
from drill.sandbox.shop import CHECK_ROLE, DATABASE, WRITER_ROLE
from drill.sandbox.views import LOOPBACK

_SCHEMA = """
create database shop character set utf8mb4;
use shop;
create table customers (
    id bigint auto_increment primary key, name varchar(80) not null,
    email varchar(80) not null unique, city varchar(40) not null,
    registered_at timestamp(6) not null);
create table orders (
    id bigint auto_increment primary key, customer_id bigint not null references customers (id),
    status enum('new', 'paid', 'shipped', 'returned') not null, placed_at timestamp(6) not null);
create table order_items (
    order_id bigint not null references orders (id), line integer not null,
    product varchar(40) not null, quantity integer not null check (quantity > 0),
    unit_price numeric(10, 2) not null, primary key (order_id, line));
create table heartbeat (id bigint auto_increment primary key, at timestamp(6) not null);
create function order_total(wanted bigint) returns numeric(14, 2) reads sql data return (
    select coalesce(sum(quantity * unit_price), 0) from order_items where order_id = wanted)
"""

_ROWS = (
    """
insert into customers (name, email, city, registered_at)
select concat('Customer ', seq), concat('customer-', seq, '@shop.example'),
    elt(1 + seq %% 7, 'Ulm', 'Porto', 'Gent', 'Turku', 'Brno', 'Graz', 'Lyon'),
    now(6) - interval 400 - seq %% 390 day
from seq_1_to_{customers}
""",
    """
insert into orders (customer_id, status, placed_at)
select 1 + (seq * 7919 + %(seed)s) %% %(customers)s,
    elt(1 + seq %% 5, 'paid', 'shipped', 'shipped', 'shipped', 'returned'),
    now(6) - interval (%(orders)s - seq) * 90 second
from seq_1_to_{orders}
""",
    """
insert into order_items (order_id, line, product, quantity, unit_price)
select orders.seq, items.seq, concat('article-', 1 + (orders.seq * 31 + items.seq) %% 400),
    1 + (orders.seq + items.seq) %% 5, 1 + (orders.seq * 17 + items.seq * 13) %% 9900 / 100
from seq_1_to_{orders} as orders join seq_1_to_3 as items on items.seq <= 1 + orders.seq %% 3
""",
    "insert into heartbeat (at) values (now(6))",
)

_ADD_HEARTBEAT = "insert into heartbeat (at) values (now(6))"
_ADD_ORDER = """
insert into orders (customer_id, status, placed_at)
select 1 + floor(rand() * (select count(*) from customers)), 'new', now(6)
"""
_ADD_ITEM = """
insert into order_items (order_id, line, product, quantity, unit_price)
values (last_insert_id(), 1, concat('article-', 1 + floor(rand() * 400)), 1, 9.90)
"""


def load_mariadb_shop(
    *,
    port: int,
    admin_user: str,
    admin_password: str,
    writer_password: str,
    check_password: str,
    orders: int,
    seed: int,
) -> None:
    """Make the database, its rows and its two accounts. Raise ServerFault."""
    customers = orders // 10
    numbers = {"customers": customers, "orders": orders, "seed": seed}
    try:
        with closing(_connect(port, admin_user, admin_password)) as connection:
            with connection.cursor() as cursor:
                for statement in _SCHEMA.split(";\n"):
                    cursor.execute(statement)
                for statement in _ROWS:
                    text = statement.format(customers=customers, orders=orders)
                    cursor.execute(text, numbers)
                for account, password, rights in (
                    (WRITER_ROLE, writer_password, "SELECT, INSERT, UPDATE"),
                    (CHECK_ROLE, check_password, "SELECT, EXECUTE, SHOW VIEW"),
                ):
                    cursor.execute(f"create user {account}@'%%' identified by %s", [password])
                    cursor.execute(f"grant {rights} on {DATABASE}.* to {account}@'%'")
            connection.commit()
    except pymysql.Error as error:
        number = error.args[0] if error.args else type(error).__name__
        raise ServerFault(f"the demo data cannot be made: error {number}") from None


def write_until(
    stopping: threading.Event,
    *,
    port: int,
    password: str,
    heartbeat_every: float,
    order_every: float,
) -> None:
    """Write heartbeats and orders until the event is set (spans in seconds). Raise pymysql.Error.

    An order and its item are one transaction.
    """
    connection = _connect(port, WRITER_ROLE, password, database=DATABASE)
    with closing(connection), connection.cursor() as cursor:
        next_heartbeat = next_order = time.monotonic()
        while not stopping.is_set():
            cursor.execute(_ADD_HEARTBEAT)
            connection.commit()
            if time.monotonic() >= next_order:
                cursor.execute(_ADD_ORDER)
                cursor.execute(_ADD_ITEM)
                connection.commit()
                next_order = time.monotonic() + order_every
            next_heartbeat = max(next_heartbeat + heartbeat_every, time.monotonic())
            stopping.wait(next_heartbeat - time.monotonic())


def _connect(
    port: int, user: str, password: str, *, database: str | None = None
) -> pymysql.Connection[pymysql.cursors.Cursor]:
    return pymysql.connect(
        host=LOOPBACK,
        port=port,
        user=user,
        password=password,
        database=database,
        connect_timeout=5,
        read_timeout=60,
        write_timeout=60,
        local_infile=False,
    )
