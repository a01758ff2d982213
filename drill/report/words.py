"""The words of every value that a drill, a step or a check can have.

They are marked here for the catalog, and looked up with ``_`` where they are said.
"""

from __future__ import annotations

from drill.engine.record import Outcome, State, StepName, Teardown, Trigger
from drill.report.language import N_

OUTCOMES = {
    Outcome.PASSED: N_("passed"),
    Outcome.PASSED_LATE: N_("passed late"),
    Outcome.FAILED_RESTORE: N_("failed restore"),
    Outcome.FAILED_CHECK: N_("failed check"),
    Outcome.INCONCLUSIVE: N_("inconclusive"),
    Outcome.REFUSED: N_("refused"),
    Outcome.MISSED: N_("missed"),
    Outcome.SKIPPED: N_("skipped"),
    Outcome.ABORTED: N_("aborted"),
}

TEARDOWNS = {
    Teardown.PENDING: N_("pending"),
    Teardown.CLEAN: N_("clean"),
    Teardown.LEAKED: N_("leaked"),
    Teardown.NOT_NEEDED: N_("not needed"),
}

STATES = {
    State.QUEUED: N_("queued"),
    State.SELECTING: N_("selecting"),
    State.ADMITTING: N_("admitting"),
    State.RESTORING: N_("restoring"),
    State.CHECKING: N_("checking"),
    State.TEARING_DOWN: N_("tearing down"),
    State.FINISHED: N_("finished"),
}

STEPS = {
    StepName.QUEUE: N_("queue"),
    StepName.SELECT: N_("select"),
    StepName.ADMIT: N_("admit"),
    StepName.RESTORE: N_("restore"),
    StepName.CONNECT: N_("connect"),
    StepName.CHECK: N_("check"),
    StepName.TEARDOWN: N_("teardown"),
}

STEP_MEANINGS = {
    StepName.QUEUE: N_("waited for a seat or for the target"),
    StepName.SELECT: N_("read the inventory and chose the recovery point"),
    StepName.ADMIT: N_("read the facts again and asked the guard"),
    StepName.RESTORE: N_("the cloud restored"),
    StepName.CONNECT: N_("waited for the first login"),
    StepName.CHECK: N_("asked the checks"),
    StepName.TEARDOWN: N_("took the copy away and looked that it is gone"),
}

TRIGGERS = {Trigger.COMMAND: N_("a command"), Trigger.SCHEDULE: N_("the schedule")}

LEVELS = (
    N_("nothing proven"),
    N_("instance up, not verified"),
    N_("logged in, not verified"),
    N_("objects complete"),
    N_("data and time right"),
    N_("physically verified"),
    N_("application check passed"),
)

NEXT_STEPS = {
    Outcome.PASSED: "",
    Outcome.PASSED_LATE: N_(
        "Compare the steps with an earlier drill, or agree on another objective."
    ),
    Outcome.FAILED_RESTORE: N_(
        "Look for the restore job in the console, then drill another point."
    ),
    Outcome.FAILED_CHECK: N_(
        "Compare the answer with the source, then drill the same point again."
    ),
    Outcome.INCONCLUSIVE: N_("Mend the cause, then run the plan again."),
    Outcome.REFUSED: N_("Read every refusal on the page of the drill; each has its hint."),
    Outcome.MISSED: N_("See why the scheduler did not run at that time, then run the plan."),
    Outcome.SKIPPED: N_("Run the plan if the slot was skipped by mistake."),
    Outcome.ABORTED: N_("Run the plan again when nothing stands in its way."),
}

NARRATIVES = {
    Outcome.PASSED: N_(
        "{point} was restored into {target}, and {checks} of {all_checks} checks passed."
    ),
    Outcome.PASSED_LATE: N_(
        "{point} was restored into {target} and {checks} of {all_checks} checks passed, "
        "but an objective was missed."
    ),
    Outcome.FAILED_RESTORE: N_("{point} could not be restored into {target}."),
    Outcome.FAILED_CHECK: N_(
        "{point} was restored into {target}, but only {checks} of {all_checks} checks passed."
    ),
    Outcome.INCONCLUSIVE: N_("Nothing was found out about {point}, for or against."),
    Outcome.REFUSED: N_("The guard refused to restore {point} into {target}."),
    Outcome.MISSED: N_("The slot passed without a drill."),
    Outcome.SKIPPED: N_("The slot was left out on purpose."),
    Outcome.ABORTED: N_("The drill was stopped before it found anything out about {point}."),
}
