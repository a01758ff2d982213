"""What can go wrong, in one tree, with the exit code and the advice that belong to it.

Faults end in ``Error``; answers (``PlanInvalid``, ``NoRecoveryPoint``, ``Refused``) do not.
A message is lower case without a full stop; a hint is a whole sentence that says what to do now.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell sees. Documented in docs/exit-codes.md."""

    PASSED = 0
    NOT_PASSED = 1
    USAGE = 2
    INVALID = 3
    PROVIDER = 4
    EVIDENCE = 5
    """Reserved: verification of the evidence log failed."""
    REFUSED = 6
    LEAKED = 7
    SILENT = 8
    """Nobody keeps the schedule (``drill status --max-age``)."""
    INTERRUPTED = 130


class DrillError(Exception):
    """Something went wrong."""

    exit_code: ExitCode = ExitCode.NOT_PASSED

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        self.hint = hint
        super().__init__(self.message)


class Invalid(DrillError):
    """a plan or the configuration is invalid"""

    exit_code = ExitCode.INVALID


class PlanInvalid(Invalid):
    """one or more plans are invalid"""


class ConfigInvalid(Invalid):
    """the configuration is invalid"""


class UnknownName(Invalid):
    """nothing has this name"""


class SecretUnavailable(ConfigInvalid):
    """a secret that the configuration refers to cannot be read"""


class SandboxAway(SecretUnavailable):
    """the sandbox does not run"""


class NoRecoveryPoint(DrillError):
    """no recovery point answers the selection of the plan"""


class Refused(DrillError):
    """the guard refused"""

    exit_code = ExitCode.REFUSED


class DrillMoved(DrillError):
    """another worker has taken this drill over"""


class StoreError(DrillError):
    """the store cannot be used"""


class IdTaken(StoreError):
    """there is a drill with this id already"""


class IdAmbiguous(StoreError):
    """several drills have an id that begins so"""

    exit_code = ExitCode.INVALID


class StoreUnavailable(StoreError):
    """the store cannot be reached or written just now: a full disk, a lock, a restart"""


class ProviderError(DrillError):
    """the cloud did not do what was asked

    ``request_id`` is the cloud's own id of the request, where it gave one.
    """

    exit_code = ExitCode.PROVIDER

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.status = status
        self.request_id = request_id


class ProviderUnavailable(ProviderError):
    """the cloud cannot be reached or is failing; the request did not change anything"""


class ProviderThrottled(ProviderUnavailable):
    """the cloud asks for fewer requests"""


class CircuitOpen(ProviderUnavailable):
    """too many calls to this endpoint failed in a row; nothing was sent"""


class AnswerLost(ProviderError):
    """the answer to a write was lost: whether the cloud accepted it is not known"""


class ProviderBusy(ProviderError):
    """the instance is busy with another operation; the request did not change anything"""


class QuotaExceeded(ProviderError):
    """a quota of the cloud is used up"""


class OutOfCapacity(QuotaExceeded):
    """the cloud has no capacity left for this"""


class OrderCancelled(ProviderError):
    """somebody cancelled the order in the cloud"""


class CredentialsRejected(ProviderError):
    """the cloud does not accept the credentials"""


class PermissionMissing(ProviderError):
    """the credentials are valid, but may not do this"""


class NotFound(ProviderError):
    """the cloud does not know this resource"""


class RequestRejected(ProviderError):
    """the cloud understood the request and rejected it"""


class AnswerUnreadable(ProviderError):
    """the cloud answered something that is not in its documentation"""
