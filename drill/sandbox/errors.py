"""The error answers of the cloud: the service, its gateway and IAM each have a shape of their own.

Codes and shapes: reference, section 9. Where the reference knows no code, the comment at the
place that raises says that it is a guess.
"""

from __future__ import annotations

from enum import Enum


class Origin(Enum):
    """Who answers; decides the shape of the body."""

    SERVICE = "service"
    GATEWAY = "gateway"
    IAM = "iam"
    ADMIN = "admin"
    OLD = "the service, in the form of its first version"


class ApiError(Exception):
    """A request is answered with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        origin: Origin = Origin.SERVICE,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.origin = origin
        self.headers = headers or {}

    def body(self, request_id: str, origin: Origin) -> dict[str, object]:
        """Return the JSON body in the shape of its origin, or of the route if it has none."""
        shape = origin if self.origin is Origin.SERVICE else self.origin
        if shape is Origin.IAM:
            error = {"code": self.status, "message": self.message, "title": _title(self.status)}
            return {"error": error}
        if shape is Origin.OLD:
            return {"errCode": self.code, "externalMessage": self.message}
        body: dict[str, object] = {"error_code": self.code, "error_msg": self.message}
        if shape is Origin.GATEWAY:
            body["request_id"] = request_id
        return body


def _title(status: int) -> str:
    titles = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
    return titles.get(status, "Error")


def parameter_error(message: str) -> ApiError:
    """400: a member or a query parameter is missing, has the wrong type or a wrong value."""
    return ApiError(400, "DBS.200001", f"Parameter error: {message}.")


def body_error(message: str) -> ApiError:
    """400: the body cannot be read as a JSON object."""
    return ApiError(400, "DBS.280001", f"Parameter error: {message}.")


def instance_unknown() -> ApiError:
    """404: no such instance."""
    return ApiError(404, "DBS.200002", "The DB instance does not exist.")


def source_unknown() -> ApiError:
    """404: no such source instance."""
    return ApiError(404, "DBS.200013", "The source DB instance does not exist.")


def backup_unknown() -> ApiError:
    """400: no such backup."""
    return ApiError(400, "DBS.201203", "The backup does not exist.")


def busy() -> ApiError:
    """409: another operation runs on the instance, or its status forbids this one."""
    return ApiError(409, "DBS.201202", "Another operation is being performed on the DB instance.")


def backing_up() -> ApiError:
    """409: the instance is being backed up, and this must wait for the end of it."""
    return ApiError(409, "DBS.201205", "The DB instance is being backed up.")


def being_read() -> ApiError:
    """409: another instance is being restored from this one."""
    return ApiError(409, "DBS.200011", "A restoration from this DB instance is in progress.")


def faulty() -> ApiError:
    """409: the instance is abnormal."""
    return ApiError(409, "DBS.200019", "The DB instance is abnormal.")


def status_forbids() -> ApiError:
    """400: the status of the instance does not allow this."""
    return ApiError(400, "DBS.201014", "The DB instance status does not allow this operation.")


def no_server() -> ApiError:
    """400: the instance is simulated. The code is a guess: no cloud has such instances."""
    return ApiError(400, "DBS.280238", "The sandbox has no server behind this instance.")


def not_permitted(action: str) -> ApiError:
    """403: the credentials are valid, but a policy does not allow the action."""
    return ApiError(403, "DBS.280015", f"Policy doesn't allow {action} to be performed.")


def project_mismatch() -> ApiError:
    """403: the credentials do not belong to the project in the path."""
    return ApiError(403, "DBS.200010", "The project ID is not the one of these credentials.")


def not_authenticated(reason: str, origin: Origin = Origin.GATEWAY) -> ApiError:
    """401: wrong credentials, wrong signature, or a date that is too far away."""
    message = f"Incorrect IAM authentication information: {reason}"
    return ApiError(401, "APIGW.0301", message, origin=origin)


def no_such_api(origin: Origin = Origin.GATEWAY) -> ApiError:
    """404: no such path or method."""
    message = "The API does not exist or has not been published in the environment"
    return ApiError(404, "APIGW.0101", message, origin=origin)


def too_large() -> ApiError:
    """413: the body is larger than the gateway takes."""
    return ApiError(413, "APIGW.0201", "Request entity too large", origin=Origin.GATEWAY)


def throttled(retry_after_seconds: int) -> ApiError:
    """429: too many requests."""
    return ApiError(
        429,
        "APIGW.0308",
        "The throttling threshold has been reached",
        origin=Origin.GATEWAY,
        headers={"Retry-After": str(retry_after_seconds)},
    )


def server_failure() -> ApiError:
    """500: something on the side of the service failed."""
    return ApiError(500, "DBS.200005", "Internal server error.")
