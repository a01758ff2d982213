"""One account of one cloud that speaks RDS v3, behind the port of ``drill.provider.port``."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr

from drill.clock import Clock
from drill.errors import AnswerLost
from drill.guard.admission import (
    Admitted,
    AdmittedBackup,
    AdmittedCreate,
    AdmittedDeletion,
    AdmittedReset,
    AdmittedRestore,
    AdmittedSettingAside,
    AdmittedTagging,
)
from drill.provider.clouds import CloudKind
from drill.provider.port import Accepted
from drill.provider.rds.bodies import (
    backup_body,
    client_token,
    create_body,
    reset_body,
    restore_body,
    tag_body,
)
from drill.provider.rds.http import RdsHttp, Written
from drill.provider.rds.reads import RdsReads
from drill.provider.rds.text import clean_text
from drill.provider.rds.wire import parse_id


class RdsProvider(RdsReads):
    """Implements ``drill.provider.port.Provider``: the reads, and the orders here.

    Restores onto existing instances, and what sets these aside, go out under ``in_place_http``, an
    identity of their own where one is configured; everything else under ``http``.
    """

    def __init__(
        self,
        *,
        cloud: str,
        kind: CloudKind,
        region: str,
        http: RdsHttp,
        in_place_http: RdsHttp,
        clock: Clock,
    ) -> None:
        super().__init__(cloud=cloud, kind=kind, http=http, clock=clock)
        self._region = region
        self._in_place_http = in_place_http

    def close(self) -> None:
        """Close all connections."""
        super().close()
        self._in_place_http.close()

    def restore(self, admitted: AdmittedRestore) -> Accepted:
        """Order a restore onto an existing scratch instance: it overwrites the target."""
        body = restore_body(admitted, recovery_version=self._kind.recovery_version)
        return self._recover(admitted, body, asked=f"restore onto {admitted.target_id}")

    def reset(self, admitted: AdmittedReset) -> Accepted:
        """Order the restore of an existing scratch instance to its empty baseline."""
        body = reset_body(admitted, recovery_version=self._kind.recovery_version)
        return self._recover(admitted, body, asked=f"reset {admitted.target_id}")

    def create(self, admitted: AdmittedCreate, *, password: SecretStr) -> Accepted:
        """Order a new scratch instance restored from the recovery point, tagged as ours.

        On a cloud that takes no tags in this call the caller must call ``tag`` right afterwards.
        Raise AnswerLost if the answer has no id of an instance, or is a billing order.
        """
        asked = f"create instance {admitted.instance_name}"
        body = create_body(
            admitted,
            password=password,
            region=self._region,
            tags_in_create=self._kind.rules.tags_in_create,
        )
        honoured = admitted.engine in self._kind.client_token_engines
        headers = {"X-Client-Token": client_token(admitted.drill_id)} if honoured else {}
        written = self._http.write(
            "POST",
            "instances",
            body=body,
            admitted=admitted,
            asked=asked,
            headers=headers,
            secrets=[password.get_secret_value()],
        )
        if written.data.get("order_id"):
            raise AnswerLost(
                f"{asked}: the cloud made a billing order instead of an instance paid by the hour",
                hint="Look into the billing centre, and cancel the order there.",
                request_id=written.request_id,
            )
        instance = written.data.get("instance")
        instance_id = parse_id(instance.get("id")) if isinstance(instance, dict) else None
        if instance_id is None:
            raise AnswerLost(
                f"{asked}: the cloud accepted it, but did not say which instance it is",
                hint="Look for the instance by its name.",
                request_id=written.request_id,
            )
        return _accepted(written, instance_id=instance_id)

    def tag(
        self,
        admitted: AdmittedCreate | AdmittedTagging | AdmittedSettingAside,
        instance_id: str,
    ) -> None:
        """Put the tags of the drill on the instance it created, or those that set an existing
        instance aside: the latter by the identity that is for existing instances. Idempotent."""
        is_aside = isinstance(admitted, AdmittedSettingAside)
        (self._in_place_http if is_aside else self._http).write(
            "POST",
            "instances",
            instance_id,
            "tags",
            "action",
            body=tag_body(admitted),
            admitted=admitted,
            asked=f"tag instance {instance_id}",
            may_be_empty=True,
        )

    def back_up(self, admitted: AdmittedBackup) -> None:
        """Order the manual baseline backup of an instance that is set aside; there is no job."""
        self._in_place_http.write(
            "POST",
            "backups",
            body=backup_body(admitted),
            admitted=admitted,
            asked=f"back up {admitted.instance_id}",
        )

    def delete(self, admitted: AdmittedDeletion) -> Accepted:
        """Order the deletion of an instance that this tool created."""
        written = self._http.write(
            "DELETE",
            "instances",
            admitted.instance_id,
            admitted=admitted,
            asked=f"delete instance {admitted.instance_id}",
            may_be_empty=True,
        )
        return _accepted(written)

    def _recover(self, admitted: Admitted, body: Mapping[str, object], *, asked: str) -> Accepted:
        written = self._in_place_http.write(
            "POST",
            "instances",
            "recovery",
            version=self._kind.recovery_version,
            body=body,
            admitted=admitted,
            asked=asked,
        )
        return _accepted(written)


def _accepted(written: Written, *, instance_id: str | None = None) -> Accepted:
    return Accepted(
        accepted_at=written.answered_at,
        job_id=clean_text(written.data.get("job_id"), longest=128) or None,
        instance_id=instance_id,
        request_id=written.request_id,
    )
