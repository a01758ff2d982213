"""The plans that a daemon works with: the last valid ones, and what is wrong with the files now.

A file that is changed into nonsense at noon must not cost the night its drill, and never that of
another plan. So a plan stands as it was valid last, until its file is valid again or gone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from drill.plan.config import Config
from drill.plan.loaded import LoadedPlan
from drill.plan.loader import check_plans_against, load_plans
from drill.plan.problems import Problem, in_order

_Signature = Mapping[str, tuple[int, int, int]]


class PlanBook:
    """Reads the folder of plans again and again; knows what was valid last."""

    def __init__(
        self,
        folder: Path,
        config: Config,
        *,
        remembered: Callable[[Path], LoadedPlan | None] = lambda file: None,
    ) -> None:
        """``remembered`` returns the plan of a file as the process before this one had it."""
        self._folder = folder
        self._remembered = remembered
        self._config = config
        self._read_as: _Signature | None = None
        self._by_name: dict[str, LoadedPlan] = {}
        self._rejected: list[LoadedPlan] = []
        self.problems: tuple[Problem, ...] = ()
        """What is wrong with the files now, in their order."""

    @property
    def plans(self) -> tuple[LoadedPlan, ...]:
        """Return the plans to work with, by name."""
        return tuple(self._by_name[name] for name in sorted(self._by_name))

    @property
    def known(self) -> tuple[LoadedPlan, ...]:
        """Return these and those that contradict them: the source of any is never a target."""
        return (*self.plans, *self._rejected)

    def read(self, *, anyway: bool = False) -> bool:
        """Read the plans if a file has changed (or ``anyway``); tell whether anything is new.

        New is a plan, its text, its end, or a problem. A folder that cannot be read, such as a
        share that is away, leaves every plan as it is. Raise what ``remembered`` raises.
        """
        found = self._signature()
        if found is not None and found == self._read_as and not anyway:
            return False
        plans, problems = load_plans(self._folder)
        kept = dict(self._by_name)
        if found is not None:
            kept = {name: plan for name, plan in kept.items() if f"{name}.toml" in found}
            kept |= self._recalled(set(found), {*kept, *(one.plan.name for one in plans)})
            if not found:
                problems = []  # an empty folder is an order, too: there is nothing to do
        self._read_as = found
        return self._accept(kept, plans, problems)

    def _recalled(self, files: Collection[str], known: Collection[str]) -> dict[str, LoadedPlan]:
        """Return the plans whose files were spoilt while no process was there to remember them."""
        names = {file.removesuffix(".toml") for file in files} - set(known)
        found = (self._remembered(self._folder / f"{name}.toml") for name in sorted(names))
        return {one.plan.name: one for one in found if one is not None}

    def _accept(
        self, kept: Mapping[str, LoadedPlan], read: Sequence[LoadedPlan], problems: list[Problem]
    ) -> bool:
        """Take every plan as it was read, or as it was before; none that contradicts another."""
        chosen = {**kept, **{one.plan.name: one for one in read}}
        disagreements = check_plans_against(self._config, list(chosen.values()))
        at_odds = _plans_of(disagreements, chosen)
        for name in at_odds:
            if name in kept and chosen[name] is not kept[name]:
                chosen[name] = kept[name]
            else:
                del chosen[name]
        while still := _plans_of(check_plans_against(self._config, list(chosen.values())), chosen):
            for name in still:
                del chosen[name]
        before = self._as_a_whole()
        self._by_name = chosen
        self._rejected = [one for one in read if chosen.get(one.plan.name) is not one]
        self.problems = tuple(in_order([*problems, *disagreements]))
        return before != self._as_a_whole()

    def _as_a_whole(self) -> tuple[frozenset[str], tuple[Problem, ...]]:
        return frozenset(f"{one.plan.name} {one.digest}" for one in self.known), self.problems

    def _signature(self) -> _Signature | None:
        """Return what tells the files of plans apart, or None where the folder cannot be read."""
        found = {}
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or not entry.name.lower().endswith(".toml"):
                        continue
                    try:
                        status = os.stat(entry.path)
                    except OSError:  # gone meanwhile, or a link that leads nowhere
                        found[entry.name] = (0, 0, 0)
                        continue
                    found[entry.name] = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            return None
        return found


def _plans_of(problems: Sequence[Problem], plans: Mapping[str, LoadedPlan]) -> list[str]:
    """Return the names of the plans that some problem is about."""
    files = {problem.file for problem in problems}
    return [
        name
        for name, one in plans.items()
        if Problem(str(one.file), None, None, "", "").file in files
    ]
