"""Read configuration and plans for a command; say every problem at once, then stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drill.cli.names import no_such
from drill.errors import ConfigInvalid, PlanInvalid
from drill.plan.agreement import check_plans_against
from drill.plan.config import Config
from drill.plan.loaded import LoadedPlan
from drill.plan.loader import load_config, load_plans
from drill.plan.problems import Problem, in_order

if TYPE_CHECKING:
    from drill.bootstrap import House


@dataclass(frozen=True, slots=True)
class Setting:
    """A valid configuration and valid plans."""

    folder: Path
    config: Config
    plans: tuple[LoadedPlan, ...]

    def named(self, names: Sequence[str]) -> list[LoadedPlan]:
        """Return the plans by these names, or all without names. Raise UnknownName."""
        if not names:
            return list(self.plans)
        by_name = {loaded.plan.name: loaded for loaded in self.plans}
        unknown = [name for name in names if name not in by_name]
        if unknown:
            raise no_such("plan", unknown, known=by_name)
        return [by_name[name] for name in dict.fromkeys(names)]


def read_config(config_file: str) -> tuple[Config, Path]:
    """Return the configuration and its folder. Raise ConfigInvalid with every problem."""
    config, problems = load_config(Path(config_file))
    if config is None or problems:
        raise ConfigInvalid(problems_text(problems))
    return config, Path(config_file).resolve().parent


def read_setting(config_file: str) -> Setting:
    """Return configuration and all plans. Raise ConfigInvalid or PlanInvalid with every problem.

    All plans are read even if a command is about one: the source of any plan is never a target.
    """
    config, folder = read_config(config_file)
    plans, problems = load_plans(folder / config.folders.plans)
    problems = [*problems, *check_plans_against(config, plans)]
    if problems:
        raise PlanInvalid(problems_text(problems))
    return Setting(folder, config, tuple(plans))


def problems_text(problems: Sequence[Problem]) -> str:
    """Return one block of text: each problem with its place, and how many there are."""
    count = len(problems)
    lines = [str(problem) for problem in in_order(problems)]
    return f"{count} problem{'s' if count != 1 else ''} found, nothing was started\n" + "\n".join(
        lines
    )


def house_of(setting: Setting) -> House:
    """Put the parts together; imports everything heavy."""
    from drill.bootstrap import build_house

    return build_house(
        setting.config, [loaded.plan for loaded in setting.plans], folder=setting.folder
    )
