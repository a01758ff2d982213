"""What all pages of one report have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from drill.report.view.links import Links
from drill.report.view.text import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Small, and sent to every worker that renders."""

    at: datetime
    """The instant that the report is about: what came later is not known to it."""
    tool_version: str
    language: str = "en"
    clouds: Mapping[str, str] = field(default_factory=dict)
    """What readers call each cloud of config.toml; one that is missing keeps its name."""
    regions: Mapping[str, str] = field(default_factory=dict)
    """The region of each cloud as config.toml has it now; of any other it is not known."""
    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Cloud -> flavor -> price per hour, as config.toml has it now."""
    since: datetime | None = None
    """The begin of the period; None is the first drill there is."""
    narrowed: tuple[str, ...] = ()
    """How the report was narrowed, each as one text; empty is everything."""
    is_redacted: bool = False
    options: tuple[str, ...] = ()
    """What has to be typed after ``drill report`` to get this very report again."""
    sample_seed: str | None = None
    """What the sample for the auditor is drawn with; None is the default that everybody knows."""
    sample_size: int = 25
    links: Links = field(default_factory=Links)
    """Which drills have a page; planned with the pages."""

    def cloud(self, name: str) -> str:
        """Return what readers call a cloud, safe to be read."""
        return shown(self.clouds.get(name, name), 80)

    def region(self, cloud: str) -> str | None:
        """Return the region of a cloud, or None: the cloud is not configured any more."""
        return self.regions.get(cloud)

    def fingerprint(self) -> str:
        """Return what changes every page, except the instant: pages print their own instants."""
        names = sorted(self.clouds.items()), sorted(self.regions.items())
        return repr((self.tool_version, self.language, *names, self.is_redacted))
