"""Judge which objects of a check are in the catalogue of the copy."""

from __future__ import annotations

from collections.abc import Sequence

from drill.check.finding import Finding, failed, no_data, passed
from drill.check.wording import count_of, listing
from drill.plan.model import ObjectsCheck

_MOST_NAMES = 20


def judge_objects(
    check: ObjectsCheck, missing: Sequence[str], unseen: Sequence[str] = ()
) -> Finding:
    """Name all that are missing at once.

    ``unseen`` are those that the login could not see if they were there: no data.
    """
    wanted = len({*check.schemas}) + len({*check.tables}) + len({*check.routines})
    expected = count_of(wanted, "object")
    observed = f"{wanted - len(missing) - len(unseen)} of {wanted} found"
    if missing:
        names = listing(missing, _MOST_NAMES)
        return failed(f"missing: {names}", expected=expected, observed=observed)
    if unseen:
        names = listing(unseen, _MOST_NAMES)
        return no_data(f"{observed}, and the login may not see: {names}", expected=expected)
    return passed(f"{observed} in the catalogue", expected=expected, observed=observed)
