"""What the commands that give and end orders have in common: the scope, who, and the store."""

from __future__ import annotations

import functools
import getpass
import secrets
import shlex
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drill.cli.names import no_such

if TYPE_CHECKING:
    from drill.engine.control import Pause, Scope
    from drill.plan.config import Config
    from drill.store import SqlJournal


def scope_options(function: Callable[..., int]) -> Callable[..., int]:
    """Add the argument and the options that say what an order is for; the command gets ``order``.

    Raise click.UsageError when it is called with no scope, or with several.
    """

    @functools.wraps(function)
    def command(
        *args: Any,
        plan: str | None,
        group: str | None,
        cloud: str | None,
        everything: bool,
        **options: Any,
    ) -> int:
        return function(*args, order=order_of(plan, group, cloud, everything), **options)

    decorated: Callable[..., int] = command
    for decorate in (
        click.option("--all", "everything", is_flag=True, help="For every plan."),
        click.option("--cloud", metavar="NAME", help="For the plans of one cloud."),
        click.option("--group", metavar="NAME", help="For the plans of one group."),
        click.argument("plan", required=False),
    ):
        decorated = decorate(decorated)
    return decorated


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The scope that was asked for."""

    scope: Scope
    name: str | None

    def __str__(self) -> str:
        return f"{self.scope.value} {self.name}" if self.name else "everything"

    @property
    def words(self) -> str:
        """Return how this scope is written on the command line."""
        if self.name is None:
            return "--all"
        name = shlex.quote(self.name)
        return name if self.scope.value == "plan" else f"--{self.scope.value} {name}"


def order_of(plan: str | None, group: str | None, cloud: str | None, everything: bool) -> Order:
    """Return the one scope that was given. Raise click.UsageError for none or several."""
    from drill.engine.control import Scope

    given = [
        Order(scope=scope, name=name)
        for scope, name in ((Scope.PLAN, plan), (Scope.GROUP, group), (Scope.CLOUD, cloud))
        if name
    ]
    if everything:
        given.append(Order(scope=Scope.ALL, name=None))
    if len(given) != 1:
        raise click.UsageError("name one PLAN, or one of --group, --cloud and --all")
    return given[0]


def ensure_known(order: Order, config: Config, folder: Path) -> None:
    """Raise UnknownName for a name that no plan, group or cloud has.

    Plans that are invalid just now count by the name of their file: an order must not wait for
    them to be mended.
    """
    from drill.engine.control import Scope
    from drill.plan.loader import load_plans

    if order.scope is Scope.ALL:
        return
    plans_folder = folder / config.folders.plans
    plans, _ = load_plans(plans_folder)
    known: dict[Scope, Sequence[str]] = {
        Scope.CLOUD: sorted(config.clouds),
        Scope.GROUP: sorted({one.plan.group for one in plans if one.plan.group}),
        Scope.PLAN: sorted(file.stem for file in plans_folder.glob("*.toml")),
    }
    if order.name not in known[order.scope]:
        raise no_such(order.scope.value, [order.name or ""], known=known[order.scope])


@contextmanager
def opened(config_file: str) -> Iterator[tuple[SqlJournal, Config, Path]]:
    """Open the store of a configuration; plans are not read, and no cloud is set up."""
    from drill.bootstrap import open_store
    from drill.cli.context import read_config

    config, folder = read_config(config_file)
    with open_store(config, folder) as journal:
        yield journal, config, folder


def new_order_id() -> str:
    """Return an id for an order."""
    return secrets.token_hex(8)


def who() -> str:
    """Return ``user@host``: who gave an order."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a password file
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def said(pause: Pause) -> str:
    """Return an order as one line."""
    what = "drain" if pause.is_drain else "pause"
    of = f"{pause.scope.value} {pause.name}" if pause.name else "everything"
    until = f" until {pause.until:%Y-%m-%d %H:%M:%SZ}" if pause.until else ""
    since = f"{pause.since:%Y-%m-%d %H:%M:%SZ}"
    return f"{what} of {of}, by {pause.by} since {since}{until}: {pause.reason}"
