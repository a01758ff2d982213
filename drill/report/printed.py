"""Which page prints which metric of the register: an auditor goes from a figure to its definition,
and from a definition to its figures."""

from __future__ import annotations

from collections.abc import Mapping

from drill.report.language import N_

PAGES: Mapping[str, str] = {
    "index": N_("Overview"),
    "fleet": N_("All sources"),
    "source": N_("page of a source"),
    "drill": N_("page of a drill"),
    "trends": N_("Trends"),
    "exec": N_("Management summary"),
    "compliance": N_("Audit pack"),
    "data": N_("data files"),
}
"""What readers call the pages."""

PRINTED: Mapping[str, tuple[str, ...]] = {
    "window_coverage": ("source",),
    "gap_count": ("data",),
    "longest_gap": ("data",),
    "retention_shortfall": ("source",),
    "rpo_lag": ("fleet", "source"),
    "worst_lag": ("index",),
    "longest_exposure": ("source",),
    "mean_exposure": ("source",),
    "time_over_rpo": ("source",),
    "observed_lag": ("source",),
    "worst_case_lag": ("source",),
    "points_per_day": ("source",),
    "median_interval": ("source",),
    "longest_interval": ("source",),
    "newest_backup_age": ("source",),
    "backups_in_retention": ("source",),
    "backup_kind": ("source",),
    "proven": ("fleet", "source"),
    "proven_of_promised": ("source",),
    "proven_coverage": ("index",),
    "suspect": ("source",),
    "image_coverage": ("source",),
    "since_last_proof": ("fleet",),
    "rpa": ("drill", "index"),
    "fleet_coverage": ("compliance",),
    "fleet_attempted": ("compliance",),
    "fleet_coverage_bytes": ("data",),
    "sources_proven": ("index",),
    "sources_recoverable": ("exec",),
    "execution": ("compliance",),
    "pass_of_executed": ("compliance",),
    "end_to_end": ("compliance", "exec", "index", "trends"),
    "failure_mttr": ("trends",),
    "accepted": ("compliance",),
    "oldest_proof": ("exec", "index"),
    "lower_bound": ("compliance", "exec"),
    "stratified_bound": ("compliance",),
    "finite_bound": ("compliance",),
    "rta_p50": ("compliance", "trends"),
    "rta_p90": ("compliance", "exec", "trends"),
    "rta_p95": ("compliance",),
    "rta_max": ("compliance", "trends"),
    "rto_attainment": ("compliance", "exec", "index", "trends"),
    "rpa_p50": ("compliance",),
    "rpa_p90": ("compliance", "exec"),
    "rpa_p95": ("compliance",),
    "rpa_max": ("compliance",),
    "rpo_attainment": ("compliance", "exec"),
    "size_model": ("source", "trends"),
    "check_pass_rate": ("source",),
    "leftovers": ("compliance",),
    "copy_lifetime_p95": ("compliance",),
    "copy_lifetime_max": ("compliance",),
    "drill_cost": ("compliance",),
}
"""By the id of the metric; one that is in no page is missing, and the methodology says so."""
