"""Which drills and sources have a page of their own, and where it is."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.recovery.facts import DrillFacts, SourceKey
from drill.recovery.verdict import Outcome
from drill.report.view.fleet import is_leaked, page_name

RECENT = timedelta(days=35)
"""How long every drill has a page; after that only those that did not pass cleanly."""

_HARMLESS = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Leads from a drill to its page; None where it has none."""

    at: datetime
    is_redacted: bool = False
    chosen: frozenset[str] = frozenset()
    """Ids of drills that have a page whatever became of them, such as those of a sample."""

    def drill(self, drill: DrillFacts) -> str | None:
        """Return the file name of the page below ``d/``."""
        return page_name(drill.id) if self.has_page(drill) else None

    def has_page(self, drill: DrillFacts) -> bool:
        """Tell whether the drill has a page. A redacted report has none: they hold everything."""
        if self.is_redacted:
            return False
        return (
            drill.outcome is not Outcome.PASSED
            or drill.scheduled_for > self.at - RECENT
            or is_leaked(drill)
            or drill.id in self.chosen
        )


def source_page(key: SourceKey) -> str:
    """Return the file name of the page of a source below ``i/``: its id, if that is harmless, and
    a digest of cloud and id together."""
    digest = hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()
    if _HARMLESS.fullmatch(key[1]):
        return f"{key[1]}-{digest[:10]}.html"
    return f"source-{digest[:32]}.html"
