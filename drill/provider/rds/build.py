"""From the settings of one cloud in ``config.toml`` to its client."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from drill.clock import Clock
from drill.errors import ConfigInvalid
from drill.plan.config import Cloud, KeyCredentials, PasswordCredentials
from drill.provider.breaker import Breaker, Breakers
from drill.provider.clouds import find_cloud_kind
from drill.provider.rds.addresses import (
    AddressPolicy,
    Endpoint,
    Resolver,
    parse_endpoint,
    resolve_host,
)
from drill.provider.rds.client import RdsProvider
from drill.provider.rds.http import USER_AGENT, Patience, RdsHttp
from drill.provider.rds.iam import PasswordUser, TokenIdentity
from drill.provider.rds.identity import Identity, KeyIdentity
from drill.provider.rds.retries import log_retries
from drill.provider.rds.signing import Keys
from drill.provider.rds.transport import ExchangeLimits, Transport

Resolve = Callable[[str], str]

_SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,64}")


def rds_provider(
    name: str,
    cloud: Cloud,
    *,
    resolve: Resolve,
    clock: Clock,
    patience: Patience | None = None,
    limits: ExchangeLimits | None = None,
    breakers: Breakers | None = None,
    resolve_address: Resolver = resolve_host,
) -> RdsProvider:
    """Return the client of one cloud; nothing is sent yet.

    ``breakers`` are those of the house, so that all its clouds and threads share them. ``resolve``
    turns a literal or an ``env:`` / ``file:`` reference into its text. Raise
    ConfigInvalid for a setting that cannot be used, and whatever ``resolve`` raises.
    """
    log_retries()
    kind = find_cloud_kind(cloud.kind)
    project_id = _segment(resolve(cloud.project_id), f"clouds.{name}.project_id")
    region = _segment(resolve(cloud.region), f"clouds.{name}.region")

    def endpoint(text: str, setting: str) -> Endpoint:
        return parse_endpoint(
            resolve(text),
            setting=f"clouds.{name}.{setting}",
            host_suffixes=kind.host_suffixes,
            allow_hosts=cloud.allow_hosts,
            allow_loopback=cloud.allow_loopback,
        )

    api_endpoint = endpoint(cloud.endpoint, "endpoint")
    iam_endpoint = endpoint(cloud.iam_endpoint, "iam_endpoint")
    transport = Transport(
        policy=AddressPolicy(
            allow_private_addresses=cloud.allow_private_addresses,
            allow_loopback=cloud.allow_loopback,
        ),
        ca_file=_ca_file(cloud.ca_file, f"clouds.{name}.ca_file"),
        limits=limits,
        resolve=resolve_address,
    )

    breakers = breakers or Breakers(clock)

    def http(credentials: KeyCredentials | PasswordCredentials) -> RdsHttp:
        identity = _identity(
            credentials,
            resolve=resolve,
            setting=f"clouds.{name}",
            project_id=project_id,
            endpoint=iam_endpoint,
            transport=transport,
            clock=clock,
            breaker=breakers.of("iam", iam_endpoint.base_url),
        )
        return RdsHttp(
            cloud=name,
            endpoint=api_endpoint,
            project_id=project_id,
            identity=identity,
            transport=transport,
            clock=clock,
            breaker=breakers.of("rds", api_endpoint.base_url),
            patience=patience,
        )

    default = http(cloud.credentials)
    in_place = cloud.in_place_credentials
    return RdsProvider(
        cloud=name,
        kind=kind,
        region=region,
        http=default,
        in_place_http=default if in_place is None else http(in_place),
        clock=clock,
    )


def _identity(
    credentials: KeyCredentials | PasswordCredentials,
    *,
    resolve: Resolve,
    setting: str,
    project_id: str,
    endpoint: Endpoint,
    transport: Transport,
    clock: Clock,
    breaker: Breaker,
) -> Identity:
    if isinstance(credentials, KeyCredentials):
        token = credentials.security_token
        keys = Keys(
            access_key=_header_text(resolve(credentials.access_key), f"{setting}: access_key"),
            secret_key=SecretStr(resolve(credentials.secret_key)),
            security_token=None
            if token is None
            else SecretStr(_header_text(resolve(token), f"{setting}: security_token")),
        )
        return KeyIdentity(keys, clock)
    user = PasswordUser(
        user=resolve(credentials.user),
        domain=resolve(credentials.domain),
        password=SecretStr(resolve(credentials.password)),
        project_id=project_id,
    )
    return TokenIdentity(
        user,
        endpoint=endpoint,
        transport=transport,
        clock=clock,
        breaker=breaker,
        user_agent=USER_AGENT,
    )


def _segment(text: str, setting: str) -> str:
    if not _SEGMENT.fullmatch(text.strip()):
        raise ConfigInvalid(
            f"{setting} has characters that cannot be in it",
            hint="Copy it from the console of the cloud: letters, digits, dashes, underscores.",
        )
    return text.strip()


def _header_text(text: str, setting: str) -> str:
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigInvalid(
            f"{setting} is empty or has characters that cannot be in it",
            hint="Copy it again: it is one line of letters, digits and signs.",
        )
    return text


def _ca_file(path: str | None, setting: str) -> str | None:
    if path is not None and not Path(path).is_file():
        raise ConfigInvalid(
            f"{setting} names no file: {path}",
            hint="Name a PEM file with the certificates of the authorities to trust.",
        )
    return path
