"""What ``drill run`` tells people and machines around its drills; it changes no verdict."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from drill.cli.output import say
from drill.errors import DrillError, ExitCode
from drill.notify.apprise_sender import ensure_apprise
from drill.notify.build import build_deadman, build_herald, build_meter
from drill.notify.exposition import ensure_prometheus, write_textfile

if TYPE_CHECKING:
    from drill.bootstrap import House
    from drill.engine.record import DrillRecord
    from drill.plan.config import Config

LONGEST_WAIT_SECONDS = 10


def ensure_tellable(config: Config) -> None:
    """Raise ConfigInvalid, before anything is started, if a package is missing to tell people."""
    ensure_apprise(config)
    ensure_prometheus(config)


class Telling:
    """Pings when a run begins and ends, and tells afterwards; a context, so that it always ends."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._deadman = build_deadman(house.config, folder=house.folder)
        self._start: threading.Thread | None = None
        self._code: ExitCode | None = None
        self._text = "nothing to run"

    def __enter__(self) -> Self:
        if self._deadman is not None:
            self._start = threading.Thread(
                target=self._deadman.start, name="deadman", daemon=True
            )  # beside the drills: a service that does not answer holds nobody up
            self._start.start()
        return self

    def ended(self, records: Sequence[DrillRecord], code: ExitCode) -> None:
        """Tell people what they have to know, write the metrics, and keep how the run ended."""
        self._code = code
        self._text = _summary(records, code)
        house = self._house
        now, book = house.parts.clock.now(), house.journal.notices()
        herald = build_herald(
            house.config,
            lambda: house.plans,
            folder=house.folder,
            archive=house.archive,
            book=book,
            control=house.control,
        )
        herald.look(now=now)
        if (textfile := house.config.metrics.textfile) is not None:
            meter = build_meter(
                house.config,
                lambda: house.plans,
                journal=house.journal,
                archive=house.archive,
                book=book,
                control=house.control,
            )
            try:
                write_textfile(house.folder / textfile, meter.measure(now=now))
            except OSError as error:
                say(
                    f"metrics.textfile cannot be written: {(error.strerror or 'no reason').lower()}"
                )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._deadman is None:
            return
        if self._start is not None:
            self._start.join(LONGEST_WAIT_SECONDS)  # success may not overtake the start
        if error is not None:
            what = error.message if isinstance(error, DrillError) else type(error).__name__
            self._deadman.fail(f"drill run ended early: {what}")
        elif self._code in (None, ExitCode.PASSED):
            self._deadman.succeed(self._text)
        else:
            self._deadman.fail(self._text)
        self._deadman.close()


def _summary(records: Sequence[DrillRecord], code: ExitCode) -> str:
    parts = [
        f"{record.plan_name} {record.outcome.value if record.outcome else record.state.value}"
        + (" (leaked)" if record.teardown.value == "leaked" else "")
        for record in records
    ]
    return f"exit code {int(code)}; {', '.join(parts) or 'nothing to run'}"
