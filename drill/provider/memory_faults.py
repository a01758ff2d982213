"""The faults of the cloud in memory, by name."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from drill.errors import (
    AnswerLost,
    CredentialsRejected,
    PermissionMissing,
    ProviderBusy,
    ProviderError,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExceeded,
    RequestRejected,
)


class Fault(StrEnum):
    """What can go wrong, each time once unless it is injected for more."""

    UNAVAILABLE = "unavailable"
    """The next call, of any kind, does not get through."""
    THROTTLE = "throttle"
    THROTTLE_TWICE = "throttle_twice"
    REJECT_CREDENTIALS = "reject_credentials"
    PERMISSION_MISSING = "permission_missing"
    FAIL_READ = "fail_read"
    """The next read is unavailable; orders get through."""
    BUSY = "busy"
    """The next order meets another operation."""
    QUOTA = "quota"
    """The next creation meets a quota."""
    REJECT_RESTORE = "reject_restore"
    REJECT_RESET = "reject_reset"
    REJECT_CREATE = "reject_create"
    REJECT_TAG = "reject_tag"
    REJECT_DELETE = "reject_delete"
    LOSE_REQUEST_OF_RESTORE = "lose_request_of_restore"
    """Not accepted, but the caller cannot know."""
    LOSE_REQUEST_OF_RESET = "lose_request_of_reset"
    LOSE_REQUEST_OF_CREATE = "lose_request_of_create"
    LOSE_REQUEST_OF_TAG = "lose_request_of_tag"
    LOSE_REQUEST_OF_DELETE = "lose_request_of_delete"
    LOSE_ANSWER_OF_RESTORE = "lose_answer_of_restore"
    """Accepted, but the caller cannot know."""
    LOSE_ANSWER_OF_RESET = "lose_answer_of_reset"
    LOSE_ANSWER_OF_CREATE = "lose_answer_of_create"
    LOSE_ANSWER_OF_TAG = "lose_answer_of_tag"
    LOSE_ANSWER_OF_DELETE = "lose_answer_of_delete"
    LOSE_ANSWER_OF_BACKUP = "lose_answer_of_backup"
    LOSE_REQUEST_OF_BACKUP = "lose_request_of_backup"
    FAIL_RESTORE = "fail_restore"
    """Accepted; the job ends as failed."""
    FAIL_RESTORE_FOR_QUOTA = "fail_restore_for_quota"
    """Accepted; the job ends as failed, and says that a quota is used up."""
    FAIL_RESET = "fail_reset"
    FAIL_CREATE = "fail_create"
    FAIL_CREATE_FOR_CAPACITY = "fail_create_for_capacity"
    """Accepted; the job ends as failed, and says that no capacity is left."""
    FAIL_DELETE = "fail_delete"
    RESTORE_HANGS = "restore_hangs"
    """Accepted; never ends, until ``heal``."""
    RESET_HANGS = "reset_hangs"
    CREATE_HANGS = "create_hangs"
    DELETE_HANGS = "delete_hangs"
    FORGET_JOB = "forget_job"
    """Accepted, with a job id that the cloud never knows."""


_ANY_CALL: dict[Fault, type[ProviderError]] = {
    Fault.UNAVAILABLE: ProviderUnavailable,
    Fault.THROTTLE: ProviderThrottled,
    Fault.REJECT_CREDENTIALS: CredentialsRejected,
    Fault.PERMISSION_MISSING: PermissionMissing,
}


class Faults:
    """The faults that wait to happen."""

    def __init__(self) -> None:
        self._waiting: Counter[Fault] = Counter()

    def add(self, fault: Fault | str, times: int) -> None:
        """Let a fault wait. Raise ValueError for a name that is none."""
        named = Fault(fault)
        if named is Fault.THROTTLE_TWICE:
            named, times = Fault.THROTTLE, times * 2
        self._waiting[named] += times

    def clear(self) -> None:
        """Forget all that wait."""
        self._waiting.clear()

    def take(self, fault: Fault | str) -> bool:
        """Tell whether a fault waited, and use it up. A name that is no fault never waits."""
        try:
            named = Fault(fault)
        except ValueError:
            return False
        if self._waiting[named] <= 0:
            return False
        self._waiting[named] -= 1
        return True

    def raise_for_read(self) -> None:
        """Raise what waits for a read."""
        self._raise_for_any_call()
        if self.take(Fault.FAIL_READ):
            raise ProviderUnavailable("injected: the read failed")

    def raise_for_order(self, method: str) -> None:
        """Raise what waits for an order that is then not accepted."""
        self._raise_for_any_call()
        if self.take(Fault.BUSY):
            raise ProviderBusy("injected: the instance is busy", code="DBS.201202", status=409)
        if method == "create" and self.take(Fault.QUOTA):
            raise QuotaExceeded("injected: no quota left", code="DBS.200046", status=413)
        if self.take(f"reject_{method}"):
            raise RequestRejected(f"injected: {method} rejected", code="DBS.280001", status=400)
        if self.take(f"lose_request_of_{method}"):
            raise AnswerLost(f"injected: no answer to {method}")

    def lose_answer(self, method: str) -> None:
        """Raise AnswerLost if the answer to an accepted order is to be lost."""
        if self.take(f"lose_answer_of_{method}"):
            raise AnswerLost(f"injected: no answer to {method}")

    def _raise_for_any_call(self) -> None:
        for fault, error in _ANY_CALL.items():
            if self.take(fault):
                raise error(f"injected: {fault.value}")
