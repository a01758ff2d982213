"""What config.toml is: clouds, credential references, the scratch allow-list, limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from drill.plan.model import Name, PlanPart, PositiveSpan, ProviderId, SecretReference

PlainOrReference = Annotated[str, Field(min_length=1, max_length=500)]
"""A setting that is no secret: a literal, or ``env:NAME`` / ``file:PATH`` to read it from."""


class KeyCredentials(PlanPart):
    """Access key and secret key (AK/SK), temporary ones with their security token."""

    kind: Literal["keys"]
    access_key: SecretReference
    secret_key: SecretReference
    security_token: SecretReference | None = None


class PasswordCredentials(PlanPart):
    """An IAM user; a token is fetched, cached and renewed."""

    kind: Literal["password"]
    user: PlainOrReference
    domain: PlainOrReference
    """Account (domain) of the user."""
    password: SecretReference


Credentials = Annotated[KeyCredentials | PasswordCredentials, Field(discriminator="kind")]


class Cloud(PlanPart):
    """One account in one region of one cloud."""

    kind: Name
    """Row of clouds.toml: huawei, otc or sandbox."""
    region: PlainOrReference
    endpoint: PlainOrReference
    """RDS endpoint, such as https://rds.eu-de.otc.t-systems.com."""
    iam_endpoint: PlainOrReference
    project_id: PlainOrReference
    ca_file: str | None = None
    """PEM file of the authorities to trust for the API; by default those of the machine."""
    database_ca_file: str | None = None
    """PEM file of the authority of the database servers."""
    database_tls: Literal["verify", "require", "off"] = "verify"
    """How checks connect to a copy; ``off`` is allowed on the loopback interface alone."""
    allow_hosts: tuple[str, ...] = ()
    """Hosts beyond those of the cloud's own domains that the endpoints may name."""
    allow_private_addresses: bool = False
    """Allow endpoints that resolve to private addresses (a cloud in your own data centre)."""
    allow_loopback: bool = False
    """Allow plain HTTP to the loopback interface: for the sandbox alone."""
    credentials: Credentials
    """Identity that reads, creates and deletes new scratch instances."""
    in_place_credentials: Credentials | None = None
    """Identity that restores onto existing scratch instances; by default ``credentials``."""
    poll_every: PositiveSpan = timedelta(seconds=15)
    settle_time: PositiveSpan = timedelta(minutes=2)
    """How long an order whose answer was lost is watched before it counts as not accepted."""
    drills_at_once: Annotated[int, Field(ge=1, le=1000)] = 4
    new_instances_at_most: Annotated[int, Field(ge=0, le=1000)] = 4


class ScratchInstance(PlanPart):
    """One existing instance that drills may overwrite. It must carry the tag drill-scratch=yes."""

    cloud: Name
    instance_id: ProviderId
    baseline: Annotated[str, Field(min_length=1, max_length=64)]
    """Name of its own manual backup that holds no data: teardown restores it."""
    user: Annotated[str, Field(min_length=1, max_length=63)]
    """Account that sees whether the instance is empty again after the reset."""
    password: SecretReference
    database: Annotated[str, Field(min_length=1, max_length=63)] = "postgres"


class Protected(PlanPart):
    """Instances that no drill may ever touch, whatever else is configured."""

    cloud: Name
    instance_ids: tuple[ProviderId, ...]


class Limits(PlanPart):
    """How much may happen at the same time."""

    drills_at_once: Annotated[int, Field(ge=1, le=10_000)] = 16
    drills_per_source: Annotated[int, Field(ge=1, le=1000)] = 2
    workers: Annotated[int, Field(ge=1, le=64)] = 8
    lease: PositiveSpan = timedelta(seconds=60)
    """How long a worker may be silent before another takes its drill over."""
    start_patience: PositiveSpan = timedelta(minutes=5)
    """How long a drill that has ordered nothing yet waits for a cloud that does not answer."""
    teardown_patience: PositiveSpan = timedelta(hours=1)
    """How long teardown tries before the drill says that its scratch instance leaked."""
    scratch_lives_at_most: PositiveSpan = timedelta(hours=12)
    """A new scratch instance older than this is a leak, whatever its drill says."""


class StoreSettings(PlanPart):
    """Where outcomes are kept."""

    url: PlainOrReference = "sqlite:///drill.db"


class Folders(PlanPart):
    """Folders, relative to config.toml."""

    plans: str = "plans"
    reports: str = "reports"


class Config(PlanPart):
    """Everything in config.toml."""

    clouds: dict[Name, Cloud]
    scratch: tuple[ScratchInstance, ...] = ()
    protected: tuple[Protected, ...] = ()
    limits: Limits = Limits()
    store: StoreSettings = StoreSettings()
    folders: Folders = Folders()

    @model_validator(mode="after")
    def _names_known_clouds(self) -> Config:
        named = [entry.cloud for entry in self.scratch] + [entry.cloud for entry in self.protected]
        unknown = sorted(set(named) - set(self.clouds))
        if unknown:
            raise ValueError(f"no such cloud: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _scratch_is_not_protected(self) -> Config:
        protected = {(entry.cloud, one) for entry in self.protected for one in entry.instance_ids}
        both = sorted({(entry.cloud, entry.instance_id) for entry in self.scratch} & protected)
        if both:
            named = ", ".join(instance_id for _, instance_id in both)
            raise ValueError(f"on the scratch allow-list and protected at once: {named}")
        return self
