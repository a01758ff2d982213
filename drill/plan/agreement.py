"""Hold plans against the configuration and against each other, before anything is started.

The guard asks the same questions again with facts read from the cloud. Here they are answered from
the files alone, so that the author of a plan hears of them early and at the right line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from drill.plan.config import Config
from drill.plan.loaded import LoadedPlan
from drill.plan.model import ExistingTarget, NewTarget
from drill.plan.positions import KeyPath, find_positions
from drill.plan.problems import Problem, in_order, problem_at
from drill.plan.sentences import suggest
from drill.plan.visible import shortened

Found = tuple[KeyPath, str, str]
"""The key, what is wrong, and the hint."""


def check_plans_against(config: Config, plans: Sequence[LoadedPlan]) -> list[Problem]:
    """Return every problem that no plan has alone: with the configuration, or with another plan.

    ``plans`` should be all plans there are, not only those to run: the source of any of them is
    never a target. Ids are compared whatever the name of the cloud and the case of their letters,
    as two names may stand for the same account.
    """
    site = _Site(config, plans)
    problems = []
    for loaded in plans:
        for path, message, hint in site.complaints(loaded):
            positions = find_positions(loaded.text)
            problems.append(
                problem_at(path, message, hint, file=str(loaded.file), positions=positions)
            )
    return in_order(problems)


class _Site:
    """What all plans are held against."""

    def __init__(self, config: Config, plans: Sequence[LoadedPlan]) -> None:
        self._clouds = config.clouds
        self._scratch = {(entry.cloud, entry.instance_id) for entry in config.scratch}
        self._scratch_ids = {entry.instance_id.lower() for entry in config.scratch}
        self._protected_ids = {
            one.lower() for entry in config.protected for one in entry.instance_ids
        }
        self._sources: Mapping[str, LoadedPlan] = {
            loaded.plan.source.instance_id.lower(): loaded for loaded in reversed(plans)
        }

    def complaints(self, loaded: LoadedPlan) -> Iterator[Found]:
        """Yield everything that is wrong with one plan."""
        plan = loaded.plan
        if plan.source.cloud not in self._clouds:
            yield (
                ("source", "cloud"),
                f"no cloud of config.toml is named {plan.source.cloud!r}",
                suggest(plan.source.cloud, sorted(self._clouds)),
            )
        if plan.source.instance_id.lower() in self._scratch_ids:
            yield (
                ("source", "instance_id"),
                f"the source {plan.source.instance_id} is on the scratch allow-list",
                (
                    "A scratch instance may be overwritten at any time: name the production "
                    "instance, or take this one from the allow-list in config.toml."
                ),
            )
        if isinstance(plan.target, ExistingTarget):
            yield from self._about_existing(loaded, plan.target)
        else:
            yield from self._about_new(loaded, plan.target)

    def _about_existing(self, loaded: LoadedPlan, target: ExistingTarget) -> Iterator[Found]:
        at: KeyPath = ("target", "instance_id")
        plan, target_id = loaded.plan, target.instance_id
        if target_id.lower() in self._protected_ids:
            yield (
                at,
                f"the target {target_id} is protected",
                "No drill may ever touch it: name a scratch instance.",
            )
        elif (plan.source.cloud, target_id) not in self._scratch:
            yield (
                at,
                f"the target {target_id} is not on the scratch allow-list",
                (
                    "If it holds nothing that anybody needs, add to config.toml: [[scratch]] with "
                    f'cloud = "{plan.source.cloud}", instance_id = "{target_id}", baseline, user '
                    "and password."
                ),
            )
        other = self._sources.get(target_id.lower())
        if other is not None and other is not loaded:
            yield (
                at,
                f"the target {target_id} is the source of the plan {other.plan.name}",
                "A drill never restores over a source: name a scratch instance.",
            )
        if plan.login is None:
            yield (
                ("target", "kind"),
                "the checks have no login",
                (
                    "Add [login] with user, password and database: the accounts of an existing "
                    "target are those that come with the data."
                ),
            )

    def _about_new(self, loaded: LoadedPlan, target: NewTarget) -> Iterator[Found]:
        del target
        cloud = self._clouds.get(loaded.plan.source.cloud)
        if cloud is not None and cloud.new_instances_at_most == 0:
            yield (
                ("target", "kind"),
                f"the cloud {shortened(loaded.plan.source.cloud)} allows no new instance",
                (
                    "Raise new_instances_at_most of this cloud in config.toml, or use a scratch "
                    "instance that exists."
                ),
            )
