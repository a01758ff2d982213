"""The pages that every page leads to."""

from __future__ import annotations

from drill.report.language import N_

NAVIGATION = (
    ("index.html", N_("Overview")),
    ("fleet-001.html", N_("Fleet")),
    ("trends.html", N_("Trends")),
    ("exec.html", N_("Summary")),
    ("compliance.html", N_("Audit pack")),
    ("exceptions.html", N_("Exceptions")),
    ("methodology.html", N_("Methodology")),
    ("verify.html", N_("Verify")),
)
"""(file, name), in the order of the menu."""
