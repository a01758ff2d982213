"""Who says so: a name for the record. It is attribution, not authentication."""

from __future__ import annotations

import os

import click

from drill.cli.entries import person_entry

as_option = click.option(
    "--as",
    "person",
    type=person_entry,
    metavar="NAME",
    help="Your name for the record; by default that of your account on this machine.",
)


def user_name() -> str:
    """Return the name of the account that runs this process, not what the environment says."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):  # no such module on this system, or no entry for this id
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else os.getlogin()
