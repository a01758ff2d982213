"""Hands samples to Prometheus: as a text file, or at an address that it asks."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from drill.errors import ConfigInvalid
from drill.notify.metrics import METRICS, Sample
from drill.plan.config import Config

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from prometheus_client.core import Metric


def ensure_prometheus(config: Config) -> None:
    """Raise ConfigInvalid if metrics are configured and prometheus-client is not installed."""
    wanted = config.metrics.textfile or config.metrics.listen
    if wanted and importlib.util.find_spec("prometheus_client") is None:
        raise ConfigInvalid(
            "metrics are configured, but prometheus-client is not installed",
            hint='Install it: pip install "drill[metrics]", or take [metrics] out of config.toml.',
        )


class Board:
    """Shows the newest samples to whoever asks. Threads may share it."""

    def __init__(self) -> None:
        self._samples: Sequence[Sample] = ()
        self._lock = threading.Lock()

    def show(self, samples: Sequence[Sample]) -> None:
        """Show these from now on."""
        with self._lock:
            self._samples = tuple(samples)

    def collect(self) -> Iterator[Metric]:
        """Yield the samples as families, in the order of ``METRICS`` (for prometheus-client)."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        with self._lock:
            samples = self._samples
        for name, metric in METRICS.items():
            ours = [one for one in samples if one.name == name]
            if not ours:
                continue
            make = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = make(name, metric.help, labels=metric.labels)
            for sample in ours:
                family.add_metric(sample.labels, float(sample.value))
            yield family


def text_of(samples: Sequence[Sample]) -> bytes:
    """Return the samples in the text format of Prometheus."""
    from prometheus_client import generate_latest

    board = Board()
    board.show(samples)
    return generate_latest(board)


def write_textfile(path: Path, samples: Sequence[Sample]) -> None:
    """Write the samples to a file, all or nothing. Raise OSError."""
    from prometheus_client import write_to_textfile

    board = Board()
    board.show(samples)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(path), board)


def serve_metrics(listen: str, board: Board) -> WSGIServer:
    """Answer ``/metrics`` at ``HOST:PORT`` until ``shutdown`` is called. Raise OSError."""
    from prometheus_client import start_http_server

    host, _, port = listen.rpartition(":")
    server, _ = start_http_server(int(port), host.strip("[]"), board)
    return server
