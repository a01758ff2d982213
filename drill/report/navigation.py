"""The pages that every page leads to."""

from __future__ import annotations

from drill.report.language import N_

NAVIGATION = (
    ("index.html", N_("Overview")),
    ("fleet-001.html", N_("Fleet")),
    ("trends.html", N_("Trends")),
)
"""(file, name), in the order of the menu."""
