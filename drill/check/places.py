"""Where a check may connect, whatever engine listens there."""

from __future__ import annotations

import ipaddress
import os
import re

from drill.check.faults import DatabaseFault
from drill.check.port import Endpoint

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,253}[A-Za-z0-9.])?", re.ASCII)


def ensure_place(endpoint: Endpoint) -> None:
    """Raise DatabaseFault unless an endpoint is one host, one port and a whole login.

    Drivers read a comma as a list of hosts, and a slash or an @ as a socket of this machine.
    """
    if not (_is_address(endpoint.host) or _HOST.fullmatch(endpoint.host)):
        raise DatabaseFault("the provider named no host that can be connected to")
    if not 0 < endpoint.port < 65536:
        raise DatabaseFault("the provider named no port that can be connected to")
    texts = (endpoint.user, endpoint.database, endpoint.password.get_secret_value())
    if any(not text or "\0" in text for text in texts):
        raise DatabaseFault("the login needs a user, a password and a database")


def ensure_tls(endpoint: Endpoint) -> None:
    """Raise DatabaseFault where TLS may not be as the endpoint asks for it."""
    if endpoint.ca_file is not None and not os.path.isfile(endpoint.ca_file):
        raise DatabaseFault("the file of the authority of the database servers cannot be read")
    if endpoint.tls == "off" and not is_loopback(endpoint.host):
        raise DatabaseFault("TLS may be off on the loopback interface alone")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its very spelling, without asking a name server."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host
