"""The Open Telekom Cloud client, connected to a sandbox."""

from __future__ import annotations

from typing import Any

import openstack
import pytest
from otcextensions import sdk as otc  # type: ignore[import-untyped]

from drill.sandbox.threaded import ThreadedSandbox

WARNINGS = [
    # The client's own use of its libraries, which this project cannot mend.
    pytest.mark.filterwarnings(f"ignore::openstack.warnings.{name}")
    for name in ("OpenStackDeprecationWarning", "RemovedInSDK50Warning", "RemovedInSDK60Warning")
]


def connect(sandbox: ThreadedSandbox, **changes: Any) -> Any:
    """Log in, and teach the connection the services of this cloud."""
    connection = connect_lazily(sandbox, **changes)
    otc.register_otc_extensions(connection)
    return connection


def connect_lazily(sandbox: ThreadedSandbox, **changes: Any) -> Any:
    """Return a connection that has not asked for anything yet."""
    keys = sandbox.credentials
    arguments = {
        "auth_url": f"{sandbox.endpoint}/v3",
        "project_name": "eu-de",
        "username": keys.user,
        "password": keys.password,
        "user_domain_name": keys.domain,
        "region_name": "eu-de",
        **changes,
    }
    return openstack.connect(load_yaml_config=False, load_envvars=False, **arguments)


def close(connection: Any) -> None:
    """Close the connection with its sockets."""
    connection.session.session.close()
    connection.close()
