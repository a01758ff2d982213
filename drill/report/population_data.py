"""Every instance that is known of, and the clouds that were asked, as rows: who counts, who not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drill.recovery.coverage.fleet import excluded_sources
from drill.report.audit import SourcePull
from drill.report.data_table import Row, foreign, instant
from drill.report.past import newest_populations
from drill.report.site import Site
from drill.report.view.links import source_page

INVENTORY_FIELDS = (
    "cloud", "source_id", "source_name", "part", "is_listed", "has_plan", "page",
)  # fmt: skip
"""``part`` is in_scope, excluded, without_plan or simulated. ``is_listed`` and ``has_plan`` say
whether the newest list of the cloud had it, and whether a plan named it then; both are nothing
where no list was ever read."""

CLOUD_FIELDS = (
    "cloud", "listed_at", "listed", "sources", "looked_at_first", "looked_at_last",
)  # fmt: skip


def inventory_rows(site: Site) -> Iterator[Row]:
    """Yield every instance once, by cloud and id, with the part that it is counted in."""
    newest = newest_populations(site.fleet.populations)
    listed = {(cloud, one): name for cloud, seen in newest.items() for one, name in seen.instances}
    known = {one.key: one for one in site.cards}
    excluded = excluded_sources(site.fleet.exceptions, at=site.sources.context.at)
    for key in sorted({*listed, *known}):
        card = known.get(key)
        if card is not None and card.is_simulated:
            part = "simulated"
        elif key in excluded:
            part = "excluded"
        else:
            part = "without_plan" if card is None else "in_scope"
        name = listed[key] if card is None else card.name
        yield (
            key[0], foreign(key[1]), foreign(name), part,
            key in listed if key[0] in newest else None,
            key[1] in newest[key[0]].in_scope if key[0] in newest else None,
            f"i/{source_page(key)}" if card is not None else None,
        )  # fmt: skip


def cloud_rows(pulls: Iterable[SourcePull]) -> Iterator[Row]:
    """Yield every cloud with when it was last asked."""
    for one in pulls:
        yield (
            one.cloud, instant(one.listed_at), one.listed, one.sources,
            instant(one.looked_at_first), instant(one.looked_at),
        )  # fmt: skip
