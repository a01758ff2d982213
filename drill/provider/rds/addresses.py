"""Where the client may connect to: endpoints from the configuration, and the addresses they
resolve to (threat 15, SSRF).

An endpoint must lie in the domains of its cloud or be listed in ``config.toml``; every address it
resolves to must be allowed, and the connection goes to the very address that was looked at.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from drill.errors import ConfigInvalid, ProviderUnavailable

Resolver = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host; raises ``socket.gaierror`` if the name is not known."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|[0-9a-f:.]{2,45}")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(ProviderUnavailable):
    """the name of an endpoint leads to an address that is not allowed"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Which addresses may be connected to."""

    allow_private_addresses: bool = False
    allow_loopback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A vetted base of URLs: ``https://host[:port]`` without a path."""

    scheme: str
    host: str
    port: int

    @property
    def base_url(self) -> str:
        """Return the URL without a slash at its end; the default port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"https": 443, "http": 80}[self.scheme]
        return f"{self.scheme}://{host}" + ("" if self.port == default else f":{self.port}")


def parse_endpoint(
    text: str,
    *,
    setting: str,
    host_suffixes: Sequence[str],
    allow_hosts: Sequence[str] = (),
    allow_loopback: bool = False,
) -> Endpoint:
    """Return the endpoint that a setting of ``config.toml`` names.

    A path of ``/v3`` is taken away: IAM endpoints are often written with it. Raise ConfigInvalid
    for plain http (but to the loopback interface, where that is allowed), for a host outside the
    cloud's domains, and for a URL with a user, a path, a query or a fragment.
    """
    try:
        url = urlsplit(text.strip())
        host, port = (url.hostname or "").lower().rstrip("."), url.port
    except ValueError as error:
        raise _invalid(setting, "is no URL") from error
    if url.scheme not in {"https", "http"} or not _HOST.fullmatch(host):
        raise _invalid(setting, "is no URL such as https://rds.eu-de.otc.t-systems.com")
    if url.username is not None or url.password is not None or url.query or url.fragment:
        raise _invalid(setting, "has a user, a query or a fragment")
    if url.path.rstrip("/") not in {"", "/v3"}:
        raise _invalid(setting, "has a path")
    loopback = allow_loopback and _is_loopback_name(host)
    if url.scheme == "http" and not loopback:
        raise ConfigInvalid(
            f"{setting} is not encrypted: {host}",
            hint="Use https. Plain http is for the sandbox alone: a loopback host, with"
            " allow_loopback = true.",
        )
    listed = host in {name.lower().rstrip(".") for name in allow_hosts}
    if not (loopback or listed or any(host.endswith(suffix) for suffix in host_suffixes)):
        raise ConfigInvalid(
            f"{setting} names a host outside the domains of this cloud: {host}",
            hint="Check the spelling and the kind of the cloud, or list the host in allow_hosts.",
        )
    return Endpoint(
        scheme=url.scheme, host=host, port=port or {"https": 443, "http": 80}[url.scheme]
    )


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, as the machine resolves it, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def vet_addresses(
    host: str,
    addresses: Sequence[str],
    policy: AddressPolicy,
    *,
    loopback_only: bool = False,
) -> Sequence[str]:
    """Return the addresses if every one of them is allowed.

    Raise AddressRefused if one is not: a name that leads to a good and a bad address at once is
    an attack or a mistake, and we cannot tell which address the next look-up would give.
    """
    if not addresses:
        raise AddressRefused(f"{host} has no address")
    for text in addresses:
        reason = _refusal(text, policy, loopback_only=loopback_only)
        if reason is not None:
            raise AddressRefused(
                f"{host} leads to {text}, which is {reason}",
                hint="Check the endpoint and the name service. A cloud in your own data centre"
                " needs allow_private_addresses = true; the sandbox needs allow_loopback = true.",
            )
    return addresses


def _refusal(text: str, policy: AddressPolicy, *, loopback_only: bool) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "no address"
    if loopback_only and not all(one.is_loopback for one in _embedded(address)):
        return "not the loopback interface, although the endpoint is plain http"
    reasons = (_reason(one, policy) for one in _embedded(address))
    return next((reason for reason in reasons if reason is not None), None)


def _embedded(address: Address) -> Sequence[Address]:
    """Return what a packet may end at: an IPv6 address can carry an IPv4 one inside."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address, address.sixtofour)
    if address in _NAT64:
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    return (address,)


def _reason(address: Address, policy: AddressPolicy) -> str | None:
    if address.is_loopback:
        return None if policy.allow_loopback else "the loopback interface"
    if address.is_link_local:
        return "link-local (where metadata services live)"
    if address.is_multicast or address.is_unspecified or address.is_reserved:
        return "not the address of a host"
    if not address.is_global and not policy.allow_private_addresses:
        return "private"
    return None


def _is_loopback_name(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _invalid(setting: str, problem: str) -> ConfigInvalid:
    # The text itself is not shown: a URL with a user may carry a password.
    return ConfigInvalid(
        f"{setting} {problem}",
        hint="Write it as https://HOST, the way the cloud documents its endpoints.",
    )
