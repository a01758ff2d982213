"""Every fault there is: whether it passes by itself, what the drill does, what a person does.

Pure. No row counts against the backup: only what the copy shows, or a restore that the cloud
accepted and could not do, says anything about that. docs/operations.md has the same table, and a
test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from drill.errors import (
    AnswerLost,
    AnswerUnreadable,
    ConfigInvalid,
    CredentialsRejected,
    NotFound,
    OrderCancelled,
    OutOfCapacity,
    PermissionMissing,
    ProviderBusy,
    ProviderError,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExceeded,
    RequestRejected,
    StoreError,
)


class Trouble(StrEnum):
    """What went wrong, in the words of the documents."""

    THROTTLED = "throttled"
    BUSY = "busy"
    QUOTA = "quota"
    CAPACITY = "capacity"
    NETWORK = "network"
    CLOUD_FAILING = "cloud failing"
    PERMISSION = "permission"
    CREDENTIALS = "credentials"
    UNREADABLE = "unreadable answer"
    NOT_FOUND = "not found"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    ANSWER_LOST = "answer lost"
    SETTING = "setting"
    STORE = "store"
    OWN_FAULT = "our own fault"


class Passing(StrEnum):
    """Whether a fault passes by itself."""

    YES = "yes"
    OFTEN = "often"
    NO = "no"


class OnceOrdered(StrEnum):
    """What a drill does about a fault after its restore was ordered."""

    WAIT = "waits until give_up_after"
    WINDOW = "tears down after the start window"
    TEAR_DOWN = "tears down at once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one kind of trouble means."""

    passes: Passing
    retried: bool
    """Tried again within the start window, as long as nothing was ordered."""
    once_ordered: OnceOrdered
    pause_at_least: timedelta = timedelta(0)
    """How long to wait at least before the next try: what a person has to mend is not hammered."""
    advice: str
    """What the operator should do; the hint of the outcome, unless the fault has one of its own."""


_MINUTE = timedelta(minutes=1)
_OWN_PAUSE = timedelta(seconds=15)

TAXONOMY: Mapping[Trouble, Row] = {
    Trouble.THROTTLED: Row(
        passes=Passing.YES,
        retried=True,
        once_ordered=OnceOrdered.WAIT,
        advice="Run fewer drills at once, or poll less often (poll_every).",
    ),
    Trouble.BUSY: Row(
        passes=Passing.YES,
        retried=True,
        once_ordered=OnceOrdered.WAIT,
        advice="See in the console what the instance is busy with, then run the plan again.",
    ),
    Trouble.QUOTA: Row(
        passes=Passing.OFTEN,
        retried=True,
        once_ordered=OnceOrdered.WAIT,
        advice="Delete instances that nobody needs, or ask the cloud for a larger quota.",
    ),
    Trouble.CAPACITY: Row(
        passes=Passing.OFTEN,
        retried=True,
        once_ordered=OnceOrdered.WAIT,
        advice="Choose another flavor, volume type or availability zone for the new target.",
    ),
    Trouble.NETWORK: Row(
        passes=Passing.YES,
        retried=True,
        once_ordered=OnceOrdered.WAIT,
        advice="Check the network between this machine and the endpoint, then run the plan again.",
    ),
    Trouble.CLOUD_FAILING: Row(
        passes=Passing.YES,
        retried=True,
        once_ordered=OnceOrdered.WAIT,
        advice="Look at the status page of the cloud, then run the plan again.",
    ),
    Trouble.PERMISSION: Row(
        passes=Passing.OFTEN,
        retried=True,
        once_ordered=OnceOrdered.WINDOW,
        pause_at_least=_MINUTE,
        advice="Give the identity the action that the cloud names; it takes effect within minutes.",
    ),
    Trouble.CREDENTIALS: Row(
        passes=Passing.NO,
        retried=False,
        once_ordered=OnceOrdered.WINDOW,
        pause_at_least=_MINUTE,
        advice="Check the credentials of the cloud in config.toml.",
    ),
    Trouble.UNREADABLE: Row(
        passes=Passing.NO,
        retried=False,
        once_ordered=OnceOrdered.WINDOW,
        advice="Check the endpoint: a portal or a proxy may have answered instead of the API.",
    ),
    Trouble.NOT_FOUND: Row(
        passes=Passing.NO,
        retried=False,
        once_ordered=OnceOrdered.WINDOW,
        advice="Check the ids in the plan, and region and project of the cloud in config.toml.",
    ),
    Trouble.REJECTED: Row(
        passes=Passing.NO,
        retried=False,
        once_ordered=OnceOrdered.WINDOW,
        advice="Read the answer of the cloud; the plan asks for something that it does not allow.",
    ),
    Trouble.CANCELLED: Row(
        passes=Passing.NO,
        retried=False,
        once_ordered=OnceOrdered.WINDOW,
        advice="Find out who cancelled the order in the cloud, then run the plan again.",
    ),
    Trouble.ANSWER_LOST: Row(
        passes=Passing.YES,
        retried=False,
        once_ordered=OnceOrdered.WINDOW,
        advice="Run the plan again; an order whose answer was lost is never repeated by itself.",
    ),
    Trouble.SETTING: Row(
        passes=Passing.NO,
        retried=False,
        once_ordered=OnceOrdered.TEAR_DOWN,
        advice="Mend the setting or the secret that is named, then run the plan again.",
    ),
    Trouble.STORE: Row(
        passes=Passing.OFTEN,
        retried=True,
        once_ordered=OnceOrdered.WINDOW,
        pause_at_least=_OWN_PAUSE,
        advice="See whether the database of the store runs and has room, then run the plan again.",
    ),
    Trouble.OWN_FAULT: Row(
        passes=Passing.OFTEN,
        retried=True,
        once_ordered=OnceOrdered.TEAR_DOWN,
        pause_at_least=_OWN_PAUSE,
        advice="Please report it with the journal of this drill (drill show).",
    ),
}

_BY_ERROR: Mapping[type[BaseException], Trouble] = {
    ProviderThrottled: Trouble.THROTTLED,
    ProviderUnavailable: Trouble.NETWORK,
    ProviderBusy: Trouble.BUSY,
    OutOfCapacity: Trouble.CAPACITY,
    QuotaExceeded: Trouble.QUOTA,
    PermissionMissing: Trouble.PERMISSION,
    CredentialsRejected: Trouble.CREDENTIALS,
    NotFound: Trouble.NOT_FOUND,
    RequestRejected: Trouble.REJECTED,
    OrderCancelled: Trouble.CANCELLED,
    AnswerLost: Trouble.ANSWER_LOST,
    AnswerUnreadable: Trouble.UNREADABLE,
    ConfigInvalid: Trouble.SETTING,
    StoreError: Trouble.STORE,
}

NOT_THE_BACKUP = frozenset(
    {
        Trouble.QUOTA,
        Trouble.CAPACITY,
        Trouble.PERMISSION,
        Trouble.CREDENTIALS,
        Trouble.CANCELLED,
    }
)
"""Causes of a failed job of the cloud that say nothing about the backup. A job that fails for any
other reason, or for none that is known, is a failed restore."""


def trouble_of(error: BaseException | type[BaseException]) -> Trouble:
    """Return what an error is; one that is in no family of ours is a fault of the program."""
    kind = error if isinstance(error, type) else type(error)
    trouble = next((_BY_ERROR[one] for one in kind.__mro__ if one in _BY_ERROR), Trouble.OWN_FAULT)
    if trouble is Trouble.NETWORK and isinstance(error, ProviderError) and error.status is not None:
        return Trouble.CLOUD_FAILING
    return trouble


def row_of(error: BaseException | type[BaseException]) -> Row:
    """Return what an error means."""
    return TAXONOMY[trouble_of(error)]


def counts_against_the_backup(cause: type[ProviderError] | None) -> bool:
    """Tell whether a job that failed for this cause (None: not known) is a failed restore."""
    return cause is None or trouble_of(cause) not in NOT_THE_BACKUP
