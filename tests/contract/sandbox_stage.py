"""The client of this project against the sandbox, over HTTP, with servers that are fake."""

from __future__ import annotations

from drill.provider.port import Provider
from drill.provider.rds.client import RdsProvider
from drill.sandbox import jobs
from drill.sandbox.threaded import ThreadedSandbox
from tests.contract.cases import EngineCase
from tests.contract.stages import PASSWORD, SCRATCH, eventually
from tests.sandbox.fake_servers import FakeServers
from tests.sandbox.simulated_past import give_a_past

_TABLES = (
    "instances",
    "backups",
    "jobs",
    "accepted",
    "job_details",
    "task_details",
    "recycled",
    "simulated_databases",
    "simulated_histories",
)
_CALLS = {
    "restore": {"method": "POST", "path": "/recovery$"},
    "reset": {"method": "POST", "path": "/recovery$"},
    "create": {"method": "POST", "path": "/instances$"},
    "delete": {"method": "DELETE"},
}


class SandboxStage:
    """The client of this project against the sandbox, over HTTP, with servers that are fake."""

    def __init__(
        self,
        case: EngineCase,
        sandbox: ThreadedSandbox,
        servers: FakeServers,
        provider: RdsProvider,
    ) -> None:
        """``servers`` are those of the engine; nobody asks them about simulated instances."""
        self.case = case
        self.has_servers = not case.is_simulated
        self._sandbox = sandbox
        self._servers = servers
        self._provider = provider
        self.source_id = self.add_instance("orders-prod")
        self.target_id = self.add_instance("scratch-a", scratch=True)

    @property
    def provider(self) -> Provider:
        return self._provider

    def add_instance(self, name: str, *, volume_gb: int = 100, scratch: bool = False) -> str:
        tags = [{"key": key, "value": value} for key, value in SCRATCH.items()]
        made = self._sandbox.admin.create_instance(
            name,
            password=PASSWORD.get_secret_value(),
            volume_size=volume_gb,
            tags=tags if scratch else [],
            **dict(self.case.members),
        )
        return str(made["id"])

    def back_up(self, instance_id: str, name: str) -> None:
        self._sandbox.admin.back_up(instance_id, name=name, type="manual")

    def open_window(self) -> None:
        if self.case.is_simulated:
            give_a_past(self._sandbox, self.source_id)
        else:
            self._servers.open_window(self.source_id)

    def hold(self) -> None:
        self._servers.gate.clear()
        if self.case.is_simulated:
            self._sandbox.admin.add_fault("hang_next_job", times=10)

    def release(self) -> None:
        self._servers.gate.set()
        if self.case.is_simulated:
            self._sandbox.admin.clear_faults()

    def lose_answer(self, act: str) -> None:
        self._sandbox.admin.add_fault("lose_next_answer", **_CALLS[act])

    def lose_request(self, act: str) -> None:
        self._sandbox.admin.add_fault("error_next", **_CALLS[act], status=503, body="empty")

    def fail_job(self, act: str) -> None:
        self._sandbox.admin.add_fault("fail_next_job", **_CALLS[act], reason="injected fault")

    def be_unavailable(self) -> None:
        self._sandbox.admin.add_fault("error_next", method="GET", status=503, times=4)

    def accepted(self, act: str) -> int:
        counts: dict[str, int] = self._sandbox.admin.state()["accepted"][act]
        return sum(counts.values())


def forget_everything(sandbox: ThreadedSandbox) -> None:
    """Let a sandbox that several tests share be as new, once nothing is under way any more."""
    sandbox.admin.clear_faults()
    state = sandbox.service.context.state

    def is_idle() -> bool:
        with state.transaction() as connection:
            return not jobs.running(connection)

    eventually(is_idle)
    with state.transaction() as connection:
        for table in _TABLES:
            connection.execute(f"delete from {table}")
