"""What config.toml is: clouds, credential references, the scratch allow-list, limits."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from drill.plan.blackouts import SiteBlackout
from drill.plan.forms import (
    REFERENCE_PATTERN,
    Name,
    PlanPart,
    PositiveSpan,
    ProviderId,
    SecretReference,
    Whole,
    YesOrNo,
)
from drill.plan.mistake import Mistake, raise_all
from drill.plan.telling import (
    DeadMan,
    MetricsSettings,
    NoticeChannels,
    NoticeSettings,
    ReportSettings,
)


def _is_reference(value: str) -> bool:
    return value.startswith(("env:", "file:"))


def _is_whole_reference(value: str) -> str:
    if _is_reference(value) and not re.fullmatch(REFERENCE_PATTERN, value):
        raise Mistake(
            "this reference is not complete",
            hint="Write env:NAME with the name of an environment variable, or file:PATH.",
        )
    return value


PlainOrReference = Annotated[
    str, Field(min_length=1, max_length=500), AfterValidator(_is_whole_reference)
]
"""A setting that is no secret: a literal, or ``env:NAME`` / ``file:PATH`` to read it from."""


class KeyCredentials(PlanPart):
    """Access key and secret key (AK/SK), temporary ones with their security token."""

    kind: Literal["keys"]
    """How this identity signs in."""
    access_key: SecretReference
    """Where the access key (AK) is."""
    secret_key: SecretReference
    """Where the secret key (SK) is."""
    security_token: SecretReference | None = None
    """Where the security token of temporary keys is."""


class PasswordCredentials(PlanPart):
    """An IAM user; a token is fetched, cached and renewed."""

    kind: Literal["password"]
    """How this identity signs in."""
    user: PlainOrReference
    """Name of the IAM user."""
    domain: PlainOrReference
    """Account (domain) of the user."""
    password: SecretReference
    """Where the password is."""


Credentials = Annotated[KeyCredentials | PasswordCredentials, Field(discriminator="kind")]


FlavorName = Annotated[str, Field(min_length=1, max_length=128)]
Price = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False, strict=True)]
"""Money per hour, in whatever money the price list is."""


class Cloud(PlanPart):
    """One account in one region of one cloud."""

    kind: Name
    """Row of clouds.toml: huawei, otc or sandbox."""
    region: PlainOrReference
    """Region, such as eu-de."""
    endpoint: PlainOrReference
    """RDS endpoint, such as https://rds.eu-de.otc.t-systems.com."""
    iam_endpoint: PlainOrReference
    """IAM endpoint, such as https://iam.eu-de.otc.t-systems.com."""
    project_id: PlainOrReference
    """Id of the project in this region."""
    ca_file: str | None = None
    """PEM file of the authorities to trust for the API; by default those of the machine."""
    database_ca_file: str | None = None
    """PEM file of the authority of the database servers."""
    database_tls: Literal["verify", "require", "off"] = "verify"
    """How checks connect to a copy; ``off`` is allowed on the loopback interface alone."""
    allow_hosts: tuple[str, ...] = ()
    """Hosts beyond those of the cloud's own domains that the endpoints may name."""
    allow_private_addresses: YesOrNo = False
    """Allow endpoints that resolve to private addresses (a cloud in your own data centre)."""
    allow_loopback: YesOrNo = False
    """Allow plain HTTP to the loopback interface: for the sandbox alone."""
    credentials: Credentials
    """Identity that reads, creates and deletes new scratch instances."""
    in_place_credentials: Credentials | None = None
    """Identity that restores onto existing scratch instances; by default ``credentials``."""
    poll_every: PositiveSpan = timedelta(seconds=15)
    """How long to wait before a job of the cloud is looked at again."""
    settle_time: PositiveSpan = timedelta(minutes=2)
    """How long an order whose answer was lost is watched before it counts as not accepted."""
    drills_at_once: Annotated[Whole, Field(ge=1, le=1000)] = 4
    """Drills of this account that may run at the same time."""
    new_instances_at_most: Annotated[Whole, Field(ge=0, le=1000)] = 4
    """New scratch instances that may exist in this account at the same time."""

    prices: dict[FlavorName, Price] = Field(default_factory=dict)
    """Price of an instance per hour, by its flavor: for what is left over."""

    @model_validator(mode="after")
    def _is_safe(self) -> Cloud:
        mistakes = [
            *_url_mistakes("endpoint", self.endpoint, http=self.allow_loopback),
            *_url_mistakes("iam_endpoint", self.iam_endpoint, http=self.allow_loopback),
        ]
        if self.database_tls == "off" and not self.allow_loopback:
            mistakes.append(
                Mistake(
                    "copies would be read without encryption",
                    hint='Use "verify" or "require"; "off" is for a sandbox with allow_loopback.',
                    at=("database_tls",),
                )
            )
        raise_all(mistakes)
        return self


def _url_mistakes(key: str, value: str, *, http: bool) -> list[Mistake]:
    """Return what is wrong with a literal endpoint; one behind a reference is judged when read."""
    hint = f'Write {key} = "https://HOST", such as "https://rds.eu-de.otc.t-systems.com".'
    message = None if _is_reference(value) else _what_is_wrong_with_url(value)
    if message is None and value.lower().startswith("http://") and not http:
        message = "this URL is not encrypted"
        hint += " Plain HTTP is for a sandbox with allow_loopback = true."
    return [Mistake(message, hint=hint, at=(key,))] if message else []


def _what_is_wrong_with_url(value: str) -> str | None:
    try:
        url = urlsplit(value)
        host, port = url.hostname, url.port
    except ValueError:
        return "this is no URL"
    if url.username is not None or url.password is not None:
        return "this URL holds a user name or a password, which belong into credentials"
    if url.scheme not in ("https", "http") or not host or port == 0:
        return "this is no URL of a service"
    if url.query or url.fragment:
        return "this URL has more than a host and a path"
    return None


class ScratchInstance(PlanPart):
    """One existing instance that drills may overwrite. It must carry the tag drill-scratch=yes."""

    cloud: Name
    """Name of the cloud in this file."""
    instance_id: ProviderId
    """Id of the instance at the provider."""
    baseline: Annotated[str, Field(min_length=1, max_length=64)]
    """Name of its own manual backup that holds no data: teardown restores it."""
    baseline_instance_id: ProviderId | None = None
    """Blank instance whose backup of that name is restored instead of its own."""
    user: Annotated[str, Field(min_length=1, max_length=63)]
    """Account that sees whether the instance is empty again after the reset."""
    password: SecretReference
    """Where the password of that account is."""
    database: Annotated[str, Field(min_length=1, max_length=63)] = "postgres"
    """Database that this account logs in to."""


class BlankInstance(PlanPart):
    """One blank instance. Its backup empties targets that cannot be restored to themselves; it
    must carry the tag drill-blank=yes, and nothing is ever restored into it."""

    cloud: Name
    """Name of the cloud in this file."""
    instance_id: ProviderId
    """Id of the instance at the provider."""
    baseline: Annotated[str, Field(min_length=1, max_length=64)]
    """Name of its manual backup that holds no data."""
    user: Annotated[str, Field(min_length=1, max_length=63)]
    """Account that sees whether the instance is empty."""
    password: SecretReference
    """Where the password of that account is."""
    database: Annotated[str, Field(min_length=1, max_length=63)] = "postgres"
    """Database that this account logs in to."""


class Protected(PlanPart):
    """Instances that no drill may ever touch, whatever else is configured."""

    cloud: Name
    """Name of the cloud in this file."""
    instance_ids: tuple[ProviderId, ...]
    """Ids of the instances at the provider."""


class Limits(PlanPart):
    """How much may happen at the same time."""

    drills_at_once: Annotated[Whole, Field(ge=1, le=10_000)] = 16
    """Drills of all accounts that may run at the same time."""
    drills_per_source: Annotated[Whole, Field(ge=1, le=1000)] = 2
    """Drills of one source that may run at the same time."""
    drills_per_group: Annotated[Whole, Field(ge=1, le=1000)] | None = None
    """Drills of one group that may run at the same time; without it as many as there are seats."""
    groups: dict[Name, Annotated[Whole, Field(ge=1, le=1000)]] = Field(default_factory=dict)
    """Group = its own number, in the place of ``drills_per_group``."""
    workers: Annotated[Whole, Field(ge=1, le=64)] = 8
    """Steps that may be done at the same time."""
    lease: PositiveSpan = timedelta(seconds=60)
    """How long a worker may be silent before another takes its drill over."""
    start_patience: PositiveSpan = timedelta(minutes=5)
    """How long a drill that has ordered nothing yet tries again after a fault that may pass."""
    teardown_patience: PositiveSpan = timedelta(hours=1)
    """How long teardown tries before the drill says that its scratch instance leaked."""
    scratch_lives_at_most: PositiveSpan = timedelta(hours=12)
    """A new scratch instance older than this is a leak, whatever its drill says."""


class StoreSettings(PlanPart):
    """Where outcomes are kept."""

    url: PlainOrReference = "sqlite:///drill.db"
    """URL of the database; a reference if it holds a password."""

    @model_validator(mode="after")
    def _holds_no_secret(self) -> StoreSettings:
        if not _is_reference(self.url) and re.search(r"://[^/@]*:[^/]*@|password=", self.url):
            raise Mistake(
                "a literal secret is refused",
                hint='Put the whole URL into a file or a variable: url = "env:DRILL_STORE_URL".',
                at=("url",),
            )
        return self


class Folders(PlanPart):
    """Folders, relative to config.toml."""

    plans: str = "plans"
    """Folder of the plans."""
    reports: str = "reports"
    """Folder that reports are written to."""


class Config(PlanPart):
    """Everything in config.toml."""

    clouds: dict[Name, Cloud]
    """The accounts that drills use, by name."""
    scratch: tuple[ScratchInstance, ...] = ()
    """The scratch allow-list: instances that drills may overwrite."""
    blank: tuple[BlankInstance, ...] = ()
    """Blank instances, by whose backups targets come back that cannot do so by their own."""
    protected: tuple[Protected, ...] = ()
    """Instances that no drill may ever touch."""
    limits: Limits = Limits()
    """How much may happen at the same time."""
    blackouts: tuple[SiteBlackout, ...] = ()
    """Times in which no scheduled drill begins."""
    store: StoreSettings = StoreSettings()
    """Where outcomes are kept."""
    folders: Folders = Folders()
    """Where plans and reports are."""
    notify: NoticeChannels = ()
    """Channels that notices go to."""
    notices: NoticeSettings = NoticeSettings()
    """When something is told, and how often."""
    deadman: DeadMan | None = None
    """The service that raises the alarm when drill falls silent."""
    metrics: MetricsSettings = MetricsSettings()
    """Metrics for Prometheus."""
    report: ReportSettings = ReportSettings()
    """Where others find the reports."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Config:
        raise_all([*self._unknown_clouds(), *self._contradictions(), *self._wrong_blanks()])
        return self

    def _unknown_clouds(self) -> list[Mistake]:
        named: list[tuple[str, int, str]] = [
            *(("scratch", index, entry.cloud) for index, entry in enumerate(self.scratch)),
            *(("blank", index, entry.cloud) for index, entry in enumerate(self.blank)),
            *(("protected", index, entry.cloud) for index, entry in enumerate(self.protected)),
            *(
                ("blackouts", index, cloud)
                for index, entry in enumerate(self.blackouts)
                for cloud in entry.clouds
            ),
        ]
        known = ", ".join(sorted(self.clouds)) or "none"
        return [
            Mistake(
                f"no cloud is named {cloud!r}",
                hint=f"Clouds of this file: {known}.",
                at=(table, index, "clouds" if table == "blackouts" else "cloud"),
            )
            for table, index, cloud in named
            if cloud not in self.clouds
        ]

    def _contradictions(self) -> list[Mistake]:
        """Compare ids whatever their cloud: two names may stand for the same account."""
        protected = {one.lower() for entry in self.protected for one in entry.instance_ids}
        seen: set[str] = set()
        mistakes = []
        for index, entry in enumerate(self.scratch):
            at = ("scratch", index, "instance_id")
            instance_id = entry.instance_id.lower()
            if instance_id in protected:
                mistakes.append(
                    Mistake(
                        f"{entry.instance_id} is on the scratch allow-list and protected at once",
                        hint="Take it from one of the two lists; if in doubt, keep it protected.",
                        at=at,
                    )
                )
            if instance_id in seen:
                mistakes.append(
                    Mistake(
                        f"{entry.instance_id} is on the scratch allow-list twice",
                        hint="Keep one entry: drills would not know which baseline is meant.",
                        at=at,
                    )
                )
            seen.add(instance_id)
        return mistakes

    def _wrong_blanks(self) -> list[Mistake]:
        """Compare the blanks with the other lists, and the targets with their blanks."""
        protected = {one.lower() for entry in self.protected for one in entry.instance_ids}
        scratch = {entry.instance_id.lower() for entry in self.scratch}
        mistakes = [
            Mistake(
                f"{entry.instance_id} is blank and {what} at once",
                hint="A blank instance is for nothing else: take it from the other list.",
                at=("blank", index, "instance_id"),
            )
            for index, entry in enumerate(self.blank)
            for what, ids in (("protected", protected), ("on the scratch allow-list", scratch))
            if entry.instance_id.lower() in ids
        ]
        baselines = {(entry.cloud, entry.instance_id): entry.baseline for entry in self.blank}
        if len(baselines) != len(self.blank):
            mistakes.append(
                Mistake("a blank instance is listed twice", hint="Keep one entry.", at=("blank",))
            )
        return mistakes + [
            Mistake(
                f"{entry.baseline_instance_id} is no blank instance of cloud {entry.cloud} with "
                f"the baseline {entry.baseline!r}",
                hint="List it under [[blank]] with the same cloud and the same baseline.",
                at=("scratch", index, "baseline_instance_id"),
            )
            for index, entry in enumerate(self.scratch)
            if entry.baseline_instance_id is not None
            and baselines.get((entry.cloud, entry.baseline_instance_id)) != entry.baseline
        ]
