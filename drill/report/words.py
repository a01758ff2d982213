"""Every sentence of the report that is not in a template, in one place.

Whole sentences with named gaps, never pieces that are put together: they can be translated.
"""

from __future__ import annotations

from drill.engine.record import Outcome, State, StepName, Teardown, Trigger

NO_DATA = "no data"
NO_TARGET = "no target"
NOT_REACHED = "not reached"

OUTCOMES = {
    Outcome.PASSED: "passed",
    Outcome.PASSED_LATE: "passed late",
    Outcome.FAILED_RESTORE: "failed restore",
    Outcome.FAILED_CHECK: "failed check",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.REFUSED: "refused",
    Outcome.MISSED: "missed",
    Outcome.SKIPPED: "skipped",
    Outcome.ABORTED: "aborted",
}

TEARDOWNS = {
    Teardown.PENDING: "pending",
    Teardown.CLEAN: "clean",
    Teardown.LEAKED: "leaked",
    Teardown.NOT_NEEDED: "not needed",
}

STATES = {
    State.QUEUED: "queued",
    State.SELECTING: "selecting",
    State.ADMITTING: "admitting",
    State.RESTORING: "restoring",
    State.CHECKING: "checking",
    State.TEARING_DOWN: "tearing down",
    State.FINISHED: "finished",
}

STEPS = {
    StepName.QUEUE: "queue",
    StepName.SELECT: "select",
    StepName.ADMIT: "admit",
    StepName.RESTORE: "restore",
    StepName.CONNECT: "connect",
    StepName.CHECK: "check",
    StepName.TEARDOWN: "teardown",
}

STEP_MEANINGS = {
    StepName.QUEUE: "waited for a seat or for the target",
    StepName.SELECT: "read the inventory and chose the recovery point",
    StepName.ADMIT: "read the facts again and asked the guard",
    StepName.RESTORE: "the cloud restored",
    StepName.CONNECT: "waited for the first login",
    StepName.CHECK: "asked the checks",
    StepName.TEARDOWN: "took the copy away and looked that it is gone",
}

TRIGGERS = {Trigger.COMMAND: "a command", Trigger.SCHEDULE: "the schedule"}

LEVELS = (
    "nothing proven",
    "instance up, not verified",
    "logged in, not verified",
    "objects complete",
    "data and time right",
    "physically verified",
    "application check passed",
)

NEXT_STEPS = {
    Outcome.PASSED: "",
    Outcome.PASSED_LATE: "Compare the steps with an earlier drill, or agree on another objective.",
    Outcome.FAILED_RESTORE: "Look for the restore job in the console, then drill another point.",
    Outcome.FAILED_CHECK: "Compare the answer with the source, then drill the same point again.",
    Outcome.INCONCLUSIVE: "Mend the cause, then run the plan again.",
    Outcome.REFUSED: "Read every refusal on the page of the drill; each has its hint.",
    Outcome.MISSED: "See why the scheduler did not run at that time, then run the plan.",
    Outcome.SKIPPED: "Run the plan if the slot was skipped by mistake.",
    Outcome.ABORTED: "Run the plan again when nothing stands in its way.",
}

NARRATIVES = {
    Outcome.PASSED: (
        "{point} was restored into {target}, and {checks} of {all_checks} checks passed."
    ),
    Outcome.PASSED_LATE: (
        "{point} was restored into {target} and {checks} of {all_checks} checks passed, "
        "but an objective was missed."
    ),
    Outcome.FAILED_RESTORE: "{point} could not be restored into {target}.",
    Outcome.FAILED_CHECK: (
        "{point} was restored into {target}, but only {checks} of {all_checks} checks passed."
    ),
    Outcome.INCONCLUSIVE: "Nothing was found out about {point}, for or against.",
    Outcome.REFUSED: "The guard refused to restore {point} into {target}.",
    Outcome.MISSED: "The slot passed without a drill.",
    Outcome.SKIPPED: "The slot was left out on purpose.",
    Outcome.ABORTED: "The drill was stopped before it found anything out about {point}.",
}
NARRATIVE_UNFINISHED = "The drill is not finished yet: there is no verdict."
POINT_OF_BACKUP = "Backup {name} of {source}"
POINT_IN_TIME = "{source} at {at} UTC"
POINT_UNKNOWN = "a recovery point of {source}"
TARGET_NEW = "a new scratch instance"
TARGET_EXISTING = "an existing scratch instance"

NO_REASON = "no reason was recorded"
STREAK = "{lasts}, {count} in a row"
SWEEP = "Run “drill sweep --apply”; if it stays, look it up by its id in the console of the cloud."

BANNER_NOTHING = "No drill in the last 24 hours: no data"
BANNER_UNDER_WAY = "{count} of {count} drills are not finished yet: no data"
BANNER_FAILED = "{failed} of {due} drills failed"
BANNER_NOT_PASSED = "{passed} of {due} drills passed, none failed"
BANNER_PASSED = "All {due} drills passed"
BANNER_ONE_PASSED = "The only drill passed"
BANNER_ONE_LEFTOVER = "1 leftover instance"
BANNER_LEFTOVERS = "{count} leftover instances"
BANNER_PERIOD = "Slots from {begin} to {end} UTC"
BANNER_COUNT = "{count} {word}"
BANNER_SIMULATED = "{count} simulated, in no total"
BANNER_UNFINISHED = "{count} not finished"

BAR_NOTHING = "{source}: no data, because no drill has read its restore windows yet."
BAR_NO_WINDOW = "{source}: the provider advertises no restore window."
BAR_FINDING = "{source}: {share} of {advertised} advertised is proven ({proven})."
BAR_IMAGES = "{drilled} of {count} backups are proven as images."
BAR_SUSPECT = "{length} is suspect after a drill that failed."
BAR_ONE_GAP = "1 gap of {length}."
BAR_GAPS = "{count} gaps, the longest {longest}."
BAR_CONTRADICTION = (
    "A drill passed across an advertised gap: the two contradict each other, so only the drilled "
    "instant counts."
)
BAR_LOW_LEVEL = "A drill that passed below L4 proves no stretch of time."
BAR_WINDOW = "advertised window"
BAR_GAP = "gap"
BAR_PROVEN = "proven chain"
BAR_SUSPECT_STRETCH = "suspect"
BAR_POINT_TIME = "drilled instant"
BAR_POINT_BACKUP = "drilled backup"

NUMBER_PASSED = "Passed of executed, 24 h"
NUMBER_RTO = "RTO attainment, 30 d"
NUMBER_RPA = "Worst proven RPA, 24 h"
NUMBER_AGE = "Oldest proof"
NUMBER_LEVEL = "Lowest level"
NUMBER_LEFT = "Leftover instances"

NUMBER_OF = "{part} of {whole}"
NUMBER_PASSED_TARGET = "target: all"
NUMBER_PASSED_BASIS = "{due} due, {executed} executed, {late} of them late"
NUMBER_RTO_TARGET = "target: all within their RTO"
NUMBER_RTO_BASIS = "n = {count}: conclusive drills; a failed one counts as never recovered"
NUMBER_RPA_TARGET = "RPO target {target}"
NUMBER_RPA_BASIS = "n = {count}: passed drills with a heartbeat"
NUMBER_AGE_NEVER = "no proof"
NUMBER_AGE_BASIS_NEVER = "{never} of {count} sources never proven"
NUMBER_AGE_BASIS = "n = {count}: newest proof of each source"
NUMBER_LEVEL_TARGET = "target: L4"
NUMBER_LEVEL_BASIS = "{reached} of {count} plans at L4 or higher, newest drill of each"
NUMBER_LEVEL_BASIS_NOTHING = "n = 0: plans with a conclusive drill"
NUMBER_LEFT_TARGET = "target: 0"
NUMBER_LEFT_BASIS = "n = {count}: drills that had a scratch instance"

STRIP_FINDING = "{passed} of {count}"
STRIP_DESCRIPTION = "{plan}, from {begin} to {end}: {passed} of {count} drills passed."

RTO_FAILED_NOTE = "a failed drill counts as never recovered"
RTO_NOTE = "restore request accepted until checks done"
RPA_NOTE = "reference instant minus the newest heartbeat found in the copy"
RPA_CLAIMED_NOTE = "reference instant minus the instant asked for; proves nothing"
SIMULATED_NOTE = "simulated: no database stands behind the instance, so this proves nothing"

WATERFALL_FINDING = "{longest} took longest: {duration} of {total} at work."
WATERFALL_OPEN = "{step} is not over yet."
WATERFALL_NOTHING = "No step was recorded: no data."
WAITING = "waiting"
WORKING = "work"
OPEN_STEP = "not over"

TARGET_TAGGED = "It carried the tag {key}={value} when it was read at {at} UTC."
TARGET_NOT_TAGGED = "The tag {key}={value} was not seen on it when it was read at {at} UTC."
TARGET_ADMITTED = (
    "The guard admitted the restore at {at} UTC, by facts read right before: on the allow-list, "
    "tagged as scratch, source of no plan, not protected, not held by another drill."
)
TARGET_CREATED = "This drill ordered it itself at {at} UTC, under the name {name}."
TARGET_COPY_TAGGED = "It carries the tag {key}={value}, which is the id of this drill."
TARGET_COPY_UNTAGGED = "The tag {key}={value} was not seen on it."
TARGET_NOTHING = "Nothing was ordered, so no instance was overwritten or created."

COPY_TITLE = "The copy, as the provider described it"
COPY_TITLE_BEFORE = "The target, as the provider described it before"
COPY_TITLE_NOTHING = "The copy"


def with_leftovers(verdict: str, leftovers: int) -> str:
    """Return the verdict and how many instances are left over, if any."""
    if leftovers == 0:
        return verdict
    many = BANNER_ONE_LEFTOVER if leftovers == 1 else BANNER_LEFTOVERS.format(count=leftovers)
    return f"{verdict}; {many}"
