"""The register of metrics: what each figure means."""

from __future__ import annotations

from collections.abc import Mapping

from drill.recovery.coverage.metric import MetricDefinition, Unit


def _entry(
    section: str, metric_id: str, title: str, unit: Unit, formula: str, *caveats: str
) -> MetricDefinition:
    return MetricDefinition(
        id=metric_id,
        title=title,
        formula=formula,
        version=1,
        unit=unit,
        caveats=caveats,
        section=section,
    )


_POINT_ONLY = "Checks ran at the recovery points alone, and say nothing about states in between."
_AS_IT_WAS = "A proof is of the copy as it was when the drill ran."
_ONE_BASE = "Later stretches, other backups, other regions and other accounts are not proven."
_INFERRED = "Where the provider does not name the base, the latest usable backup is assumed."
_NEVER_BACK = "A failed drill never recovered; a pass that was not measured is in no quantile."
_FULL = "Full and complete backups."
_ALONE = "Of backups alone: of a window only the lag at looks is known."
_SEEN = "It is as old as the last answer of the provider, which is shown beside it."

_ENTRIES = (
    _entry("C.1", "window_coverage", "Window coverage", "share", "|W| / |W*|", _SEEN),
    _entry(
        "C.1", "window_coverage_rpo", "Window coverage with RPO allowance", "share",
        "|W in [inf W*, T - RPO)| / |[inf W*, T - RPO)|", _SEEN,
    ),
    _entry(
        "C.1", "fleet_window_coverage", "Window coverage of the fleet", "share",
        "sum |W| / sum |W*| over instances", "The worst instance is always shown beside it.",
    ),
    _entry(
        "C.1", "worst_window_coverage", "Worst window coverage", "share", "min |W| / |W*|"
    ),
    _entry(
        "C.2", "gap_count", "Gaps", "count",
        "maximal intervals of [inf W, sup W) without W, longer than the tolerance",
        "What is missing at the new edge is lag, at the old edge retention shortfall.",
    ),
    _entry("C.2", "gap_total", "Length of all gaps", "seconds", "sum of their lengths"),
    _entry(
        "C.2", "longest_gap", "Longest gap", "seconds", "max of their lengths",
        "What is missing at the edges is lag or shortfall, and no gap.",
    ),
    _entry(
        "C.2", "retention_shortfall", "Retention shortfall", "seconds", "inf W - inf W*",
        "All of W* where nothing is advertised.",
    ),
    _entry(
        "C.3", "rpo_lag", "RPO lag", "seconds",
        "T - sup W; for backups alone T - newest backup; infinite without a recovery point", _SEEN,
    ),
    _entry(
        "C.3", "worst_lag", "Worst lag", "seconds",
        "max lag over sources in scope, those beyond their RPO target first", _SEEN,
    ),
    _entry(
        "C.4", "longest_exposure", "Longest exposure", "seconds",
        "max over stretches of (next point available) - (this point)", _ALONE,
    ),
    _entry(
        "C.4", "mean_exposure", "Mean exposure", "seconds",
        "sum ((b - r)^2 - (a - r)^2) / 2 / sum (b - a)", _ALONE,
    ),
    _entry(
        "C.4", "time_over_rpo", "Time over RPO", "share",
        "sum max(0, b - max(a, r + RPO)) / period",
        "Time without any recovery point is over every RPO.",
    ),
    _entry("C.4", "rpo_compliance", "RPO compliance", "share", "1 - time over RPO"),
    _entry(
        "C.4", "observed_lag", "Observed maximum lag", "seconds", "max (T_k - e_k)",
        "Only what was looked at; never mixed with the bound.",
    ),
    _entry(
        "C.4", "worst_case_lag", "Worst case of the lag", "seconds", "max (T_k - e_(k-1))",
        "A bound, not something that was seen.",
    ),
    _entry(
        "C.5", "points_per_day", "Backups a day", "per day", "n / ((T - first backup) / 1 d)",
        _FULL,
    ),
    _entry("C.5", "median_interval", "Median interval", "seconds", "median between backups", _FULL),
    _entry("C.5", "longest_interval", "Longest interval", "seconds", "max between backups", _FULL),
    _entry(
        "C.5", "newest_backup_age", "Age of the newest backup", "seconds", "T - its end", _SEEN
    ),
    _entry(
        "C.5", "backups_in_retention", "Backups in retention", "count", "ended since T - R", _FULL
    ),
    _entry(
        "C.5", "backup_kind", "Backups by kind", "share", "complete backups of a kind / all", _SEEN
    ),
    _entry(
        "C.6", "proven", "Proven coverage", "share", "|P| / |W|",
        _POINT_ONLY, _ONE_BASE, _AS_IT_WAS, _INFERRED,
    ),
    _entry(
        "C.6", "proven_of_promised", "Proven coverage of the promise", "share", "|P| / |W*|",
        _POINT_ONLY, _ONE_BASE, _AS_IT_WAS, _INFERRED,
    ),
    _entry(
        "C.6", "proven_coverage", "Proven coverage of the fleet", "share",
        "sum |P| / sum |W| over sources in scope",
        _POINT_ONLY, _ONE_BASE, _AS_IT_WAS, _INFERRED,
    ),
    _entry(
        "C.6", "suspect", "Suspect", "share", "|S| / |W|",
        "From the last proven point of a chain that failed to its next base.",
    ),
    _entry("C.6", "unproven", "Unproven", "share", "1 - proven - suspect"),
    _entry(
        "C.6", "image_coverage", "Image coverage", "share", "backups drilled / backups",
        "An image is one instant and no stretch of time.", _INFERRED,
    ),
    _entry(
        "C.6", "proof_age", "Proof age", "seconds", "T - newest valid proof",
        "Infinite without a valid proof.",
    ),
    _entry(
        "C.6", "since_last_proof", "Time since the last proof", "seconds",
        "T - newest proof, valid or not", "Infinite if there never was one.",
    ),
    _entry(
        "C.7", "rpa", "Recovery point actual", "seconds", "requested - newest heartbeat",
        "Negative means that the copy holds data from after the instant asked for.",
    ),
    _entry(
        "C.8", "fleet_coverage", "Fleet coverage", "share",
        "sources with a valid pass within their cadence / sources in scope",
        "Only sources with an approved, unexpired exclusion are left out.",
        "Where a plan has no cadence, the validity of its proofs stands for it.",
    ),
    _entry(
        "C.8", "fleet_attempted", "Fleet attempted", "share",
        "sources with a restore within their cadence / sources in scope",
        "A restore that failed was attempted.",
    ),
    _entry(
        "C.8", "fleet_coverage_bytes", "Fleet coverage by size", "share",
        "bytes of covered sources / bytes in scope",
        "Sources of unknown size are in neither part.",
    ),
    _entry(
        "C.8", "fleet_coverage_weighted", "Weighted fleet coverage", "share",
        "sum w c / sum w over tiers",
    ),
    _entry(
        "C.8", "sources_proven", "Sources with a valid proof", "share",
        "sources whose newest proof has not run out / sources in scope",
        "It goes by the validity of proofs, fleet coverage by the cadence.",
    ),
    _entry(
        "C.8", "sources_recoverable", "Sources proven to be recoverable", "share",
        "sources with a valid proof whose newest conclusive drill did not fail / sources in scope",
        "It says nothing about how long recovery takes.",
    ),
    _entry(
        "C.8", "execution", "Execution", "share", "executed / scheduled",
        "Executed is a slot whose restore the cloud accepted.",
    ),
    _entry(
        "C.8", "pass_of_executed", "Passed of executed", "share", "passed / executed",
        "Passed late is passed, at whatever level; a proof is more.",
    ),
    _entry(
        "C.8", "end_to_end", "End-to-end success", "share", "passed / scheduled",
        "The headline of the three.",
    ),
    _entry(
        "C.8", "failure_mttr", "Mean time to repair a failure", "seconds",
        "mean of (next pass - first failure) of a source", "Failures that last are not in it.",
    ),
    _entry(
        "C.8", "open_streak", "Nights since the last pass", "count",
        "whole 24 h since the last pass",
    ),
    _entry(
        "C.8", "accepted", "Drills covered by an accepted review", "share",
        "finished drills that the newest standing review accepted / finished drills",
        "A review stands if its drills are still those and no initiator signed it; names are "
        "attribution, not authentication.",
    ),
    _entry(
        "C.8", "oldest_proof", "Oldest proof", "seconds",
        "max over scope of T - newest proof, valid or not",
        "No proof, if any source in scope was never proven.",
    ),
    _entry("C.8", "proof_age_p50", "Proof age, median", "seconds", "nearest rank over scope"),
    _entry(
        "C.8", "proof_age_p95", "Proof age, p95", "seconds", "nearest rank over scope",
        "Never proven is infinite.",
    ),
    _entry("C.8", "proof_age_max", "Proof age, oldest", "seconds", "max over scope"),
    _entry(
        "C.9", "lower_bound", "Lower confidence bound", "share",
        "BetaInv(alpha; s, n - s + 1); alpha^(1/n) without a failure",
        "Drills drawn at random alone; targeted ones are not counted.",
        "Draws of one source are not independent.",
    ),
    _entry(
        "C.9", "stratified_bound", "Lower confidence bound by tier", "share",
        "sum W_h x_L,h, each at alpha / H",
        "A tier weighs by its sources in scope; one without a conclusive draw forbids it.",
    ),
    _entry(
        "C.9", "finite_bound", "Lower confidence bound of a list", "share",
        "(N - D) / N with the largest D so that C(N - D, n) / C(N, n) > alpha",
        "Of a sample that was drawn without putting back and is found in order.",
    ),
    _entry(
        "C.11", "rta_p50", "RTA, median", "seconds", "x[ceil(0.50 n)], failures infinite",
        _NEVER_BACK,
    ),
    _entry(
        "C.11", "rta_p90", "RTA, p90", "seconds", "x[ceil(0.90 n)], failures infinite",
        _NEVER_BACK,
    ),
    _entry(
        "C.11", "rta_p95", "RTA, p95", "seconds", "x[ceil(0.95 n)], failures infinite",
        "Below 20 drills the longest is shown instead.",
    ),
    _entry(
        "C.11", "rta_max", "RTA, longest", "seconds", "max, failures infinite",
        _NEVER_BACK,
    ),
    _entry(
        "C.11", "rto_attainment", "RTO attainment", "share", "RTA at most target / conclusive",
        "A failed drill never attained it. A pass without a measured RTA is in neither part.",
        "It holds for the flavor of the scratch instance, not for that of production.",
    ),
    _entry(
        "C.11", "rpa_p50", "RPA, median", "seconds", "x[ceil(0.50 n)], failures infinite",
        _NEVER_BACK,
    ),
    _entry(
        "C.11", "rpa_p90", "RPA, p90", "seconds", "x[ceil(0.90 n)], failures infinite",
        _NEVER_BACK,
    ),
    _entry(
        "C.11", "rpa_p95", "RPA, p95", "seconds", "x[ceil(0.95 n)], failures infinite",
        "Below 20 drills the longest is shown instead.",
    ),
    _entry(
        "C.11", "rpa_max", "RPA, longest", "seconds", "max, failures infinite",
        _NEVER_BACK,
    ),
    _entry(
        "C.11", "rpo_attainment", "RPO attainment", "share",
        "proven RPA at most target / conclusive",
        "A failed drill never attained it. A pass without a proven RPA is in neither part.",
    ),
    _entry(
        "C.11", "size_model", "Recovery time by size", "seconds",
        "a + b x by least squares; prediction interval of 95 %",
        "One engine, storage type and flavor each; nothing is carried to another.",
        "Beyond the largest size that was drilled it is extrapolated, beyond twice that nothing.",
    ),
    _entry(
        "C.12", "check_pass_rate", "Pass rate of a check", "share", "passed / (passed + failed)",
        "No data is counted apart.",
        "A check that never failed and was never shown a bad copy is untested.",
    ),
    _entry(
        "C.13", "leftovers", "Left over", "count", "copies whose teardown ended leaked",
        "It has to be 0.",
    ),
    _entry(
        "C.13", "copy_lifetime_p95", "Lifetime of a copy, p95", "seconds",
        "x[ceil(0.95 n)] of (end of teardown - accepted restore), left over ones infinite",
        "Below 20 copies the longest is shown instead.",
    ),
    _entry(
        "C.13", "copy_lifetime_max", "Lifetime of a copy, longest", "seconds",
        "max of (end of teardown - accepted restore), left over ones infinite",
        "Simulated copies are left out: they hold no data.",
    ),
    _entry(
        "C.13", "drill_cost", "Cost of drills", "money",
        "sum of lifetime x price of the flavor an hour, over new instances",
        "Instances without a price are in no sum; backups, traffic and volumes are not in it.",
    ),
)  # fmt: skip

METRICS: Mapping[str, MetricDefinition] = {entry.id: entry for entry in _ENTRIES}
"""Every metric by its id."""
