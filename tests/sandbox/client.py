"""A client for the tests: signs with its own few lines, or shows a token; knows nothing else."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from drill.sandbox.threaded import ThreadedSandbox


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    json: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.json["error_code"])


class Client:
    """Calls one sandbox as one identity."""

    def __init__(self, sandbox: ThreadedSandbox, *, restricted: bool = False) -> None:
        keys = sandbox.credentials
        self.address = urlsplit(sandbox.endpoint).netloc
        self.project_id = keys.project_id
        self.access_key = keys.restricted_access_key if restricted else keys.access_key
        self.secret_key = keys.restricted_secret_key if restricted else keys.secret_key
        self.extra: dict[str, str] = {}

    def get(self, path: str, **query: str) -> Reply:
        return self.call("GET", path, query=query)

    def post(self, path: str, body: object, *, version: str = "v3") -> Reply:
        return self.call("POST", path, body=body, version=version)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        raw: bytes | None = None,
        query: dict[str, str] | None = None,
        version: str = "v3",
    ) -> Reply:
        payload = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        full = f"/{version}/{self.project_id}{path}"
        headers = self.sign(method, full, query or {}, payload)
        text = "&".join(f"{key}={quote(value, safe='')}" for key, value in (query or {}).items())
        return self.send(method, full + (f"?{text}" if text else ""), payload, headers)

    def sign(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        payload: bytes,
        *,
        at: datetime | None = None,
    ) -> dict[str, str]:
        date = f"{at or datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        pairs = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in query.items())
        canonical = "\n".join(
            [
                method,
                quote(path, safe="/~") + "/",
                "&".join(f"{k}={v}" for k, v in pairs),
                f"host:{self.address}\nx-sdk-date:{date}\n",
                "host;x-sdk-date",
                hashlib.sha256(payload).hexdigest(),
            ]
        )
        text = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
        return {
            "Host": self.address,
            "X-Sdk-Date": date,
            "Authorization": f"SDK-HMAC-SHA256 Access={self.access_key}, "
            f"SignedHeaders=host;x-sdk-date, Signature={signature}",
            **self.extra,
        }

    def send(
        self, method: str, target: str, payload: bytes = b"", headers: dict[str, str] | None = None
    ) -> Reply:
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request(method, target, body=payload or None, headers=headers or {})
            response = connection.getresponse()
            text = response.read()
            answer = json.loads(text) if text else None
            return Reply(response.status, answer, {k.lower(): v for k, v in response.getheaders()})
        finally:
            connection.close()

    def instance(self, instance_id: str) -> Any:
        """Return the instance as it is listed, or None."""
        found = self.get("/instances", id=instance_id).json["instances"]
        return found[0] if found else None

    def recover(
        self, source_id: str, target_id: str, *, version: str = "v3.1", **point: object
    ) -> Reply:
        body = {
            "source": {"instance_id": source_id, **point},
            "target": {"instance_id": target_id},
        }
        return self.post("/instances/recovery", body, version=version)

    def wait_for_job(self, job_id: str) -> Any:
        def look() -> dict[str, Any] | None:
            reply = self.get("/jobs", id=job_id)
            done = reply.status == 200 and reply.json["job"]["status"] != "Running"
            return reply.json["job"] if done else None

        return eventually(look)


def eventually(look: Callable[[], Any], within: float = 20.0) -> Any:
    """Return the first answer that is not false; fail after a while."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        answer = look()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")
