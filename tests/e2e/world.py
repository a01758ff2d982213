"""A folder as a user has it: config.toml, plans, and a sandbox that runs beside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drill.sandbox.admin_client import AdminClient

PROJECT = Path(__file__).resolve().parents[2]
SECRET_FILES = ("secret-key", "password", "check-password", "scratch-password", "source-password")


@dataclass
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return the JSON document on standard output."""
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a user who has set nothing of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRILL_")}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "160", "PYTHONPATH": str(PROJECT), **more}


class World:
    """One user's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def state(self) -> Path:
        return self.folder / ".sandbox"

    def furnish(self) -> None:
        """Copy what a clone has."""
        shutil.copy(PROJECT / "config.toml", self.folder / "config.toml")
        shutil.copytree(PROJECT / "plans", self.folder / "plans")

    def start_sandbox(
        self, *, seed: bool = True, personality: str | None = None, **more: str
    ) -> None:
        """Start the sandbox, with more variables in its environment; wait until it is ready."""
        (self.state / "ready").unlink(missing_ok=True)  # of one that was killed
        log = (self.folder / "sandbox.log").open("ab")
        command = [sys.executable, "-m", "drill", "sandbox", "serve", "--state", str(self.state)]
        with log:
            self._server = subprocess.Popen(
                [
                    *command,
                    *(["--seed"] if seed else []),
                    *(["--personality", personality] if personality else []),
                ],
                cwd=self.folder,
                env=environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 120
        while not (self.state / "ready").exists():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self.folder / "sandbox.log").read_text()[-4000:])
            time.sleep(0.05)

    def stop_sandbox(self) -> None:
        """Stop it as a user would."""
        if self._server is not None:
            self._server.send_signal(signal.SIGTERM)
            self._server.wait(60)
            self._server = None

    def kill_sandbox(self) -> None:
        """Let it die as when its machine is switched off."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(60)
            self._server = None

    def admin(self) -> AdminClient:
        """Return what only the owner of a sandbox has."""
        endpoint = (self.state / "endpoint").read_text().strip()
        return AdminClient(endpoint, (self.state / "admin-token").read_text().strip())

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start the command."""
        return subprocess.Popen(
            [sys.executable, "-m", "drill", *arguments],
            cwd=self.folder,
            env=environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def drill(self, *arguments: str, timeout: float = 240, **more: str) -> Finished:
        """Run the command to its end."""
        process = self.start(*arguments, **more)
        out, err = process.communicate(timeout=timeout)
        return Finished(process.returncode, out, err)

    def history(self) -> list[dict[str, Any]]:
        """Return the drills of the store, newest first."""
        finished = self.drill("history", "--output", "json")
        drills: list[dict[str, Any]] = finished.json()["drills"]
        return drills

    def secrets(self) -> list[str]:
        """Return every secret of the sandbox."""
        return [(self.state / name).read_text().strip() for name in SECRET_FILES]

    def write_plan(self, name: str, like: str, replacing: Mapping[str, str]) -> None:
        """Write a plan that is another one with some texts replaced."""
        text = (self.folder / "plans" / f"{like}.toml").read_text()
        for old, new in {f'name = "{like}"': f'name = "{name}"', **replacing}.items():
            if old not in text:
                raise AssertionError(f"{old!r} is not in plan {like}")
            text = text.replace(old, new)
        (self.folder / "plans" / f"{name}.toml").write_text(text)

    def change_config(self, old: str, new: str) -> None:
        """Change config.toml."""
        file = self.folder / "config.toml"
        text = file.read_text()
        if old not in text:
            raise AssertionError(f"{old!r} is not in config.toml")
        file.write_text(text.replace(old, new))

    def scratch_left(self) -> list[str]:
        """Return the names of new scratch instances that the sandbox still has."""
        return [
            instance["name"]
            for instance in self.admin().state()["instances"]
            if instance["name"].startswith("drill-2")
        ]
