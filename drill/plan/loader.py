"""Read plans and config.toml: everything that is valid, and every problem of every file at once."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from drill.plan.agreement import check_plans_against
from drill.plan.config import Config
from drill.plan.files import FileUnfit, read_bounded
from drill.plan.forms import DEVICE_NAMES, NAME_PATTERN
from drill.plan.loaded import LoadedPlan
from drill.plan.model import Plan
from drill.plan.positions import find_positions
from drill.plan.problems import (
    Problem,
    in_order,
    problem_at,
    problem_of_syntax,
    problems_of_validation,
)
from drill.plan.sentences import suggest

__all__ = ["LIMIT_BYTES", "LoadedPlan", "check_plans_against", "load_config", "load_plans"]

LIMIT_BYTES = 1_000_000
"""No plan is larger: what is, is another file with a wrong name."""

_SUFFIX = ".toml"

Table = TypeVar("Table", bound=BaseModel)


def load_plans(folder: Path, names: Sequence[str] = ()) -> tuple[list[LoadedPlan], list[Problem]]:
    """Return the valid plans of a folder, by name, and the problems of all others.

    Every ``*.toml`` file of the folder is a plan; hidden files, folders and other files are none.
    A name has no capital letters and must be that of the file, so no two plans have the same one.
    With ``names`` only these plans are read. Nothing is raised for bad input: who starts drills
    looks at the problems first.
    """
    files, problems = _plan_files(folder)
    if names:
        wanted = list(dict.fromkeys(names))
        problems += [_no_such_plan(name, folder, files) for name in wanted if name not in files]
        problems = [one for one in problems if _is_about(one, folder, wanted)]
        files = {name: files[name] for name in wanted if name in files}
    elif not files and not problems:
        hint = "Write a plan there; docs/plan-format.md has one to begin with."
        problems = [Problem(str(folder), None, None, "there is no plan in this folder", hint)]
    plans = []
    for file in files.values():
        plan, found = _load_plan(file)
        problems += found
        if plan is not None:
            plans.append(plan)
    return sorted(plans, key=lambda one: one.plan.name), in_order(problems)


def load_config(file: Path) -> tuple[Config | None, list[Problem]]:
    """Return the configuration, or every problem of its file. Nothing is raised for bad input."""
    text, _, problems = _read_text(file)
    if text is None:
        return None, problems
    data, problems = _parsed(text, file)
    if data is None:
        return None, problems
    config, problems = _validated(Config, data, text, file)
    return config, in_order(problems)


def _plan_files(folder: Path) -> tuple[dict[str, Path], list[Problem]]:
    """Return the file of each plan by its name, and the files that could be plans but are not."""
    files: dict[str, Path] = {}
    problems = []
    try:
        root = folder.resolve(strict=True)
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (getattr(error, "strerror", None) or "no such folder").lower()
        hint = "Create it, or set folders.plans in config.toml."
        return {}, [Problem(str(folder), None, None, f"cannot read this folder: {reason}", hint)]
    for entry in found:
        if entry.name.startswith(".") or not entry.name.lower().endswith(_SUFFIX):
            continue
        file = folder / entry.name
        if complaint := _complaint_of_name(entry.name):
            problems.append(Problem(str(file), None, None, *complaint))
        elif entry.is_symlink() and not _stays_inside(file, root):
            message = "this link leads out of the folder of plans"
            hint = "Put the file itself there: what is restored is decided in this folder alone."
            problems.append(Problem(str(file), None, None, message, hint))
        else:
            files[entry.name.removesuffix(_SUFFIX)] = file
    return files, problems


def _complaint_of_name(file_name: str) -> tuple[str, str] | None:
    hint = "Lower-case letters, digits and dashes, at most 63, then .toml: orders-latest.toml."
    stem = file_name.removesuffix(_SUFFIX)
    if stem == file_name or re.fullmatch(NAME_PATTERN, stem) is None:
        return "this file name is not safe for a plan", hint
    if DEVICE_NAMES.fullmatch(stem):
        return "this file name is that of a device on Windows", hint
    return None


def _stays_inside(file: Path, root: Path) -> bool:
    try:
        return file.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # it leads nowhere, or round in a circle
        return False


def _no_such_plan(name: str, folder: Path, files: dict[str, Path]) -> Problem:
    return Problem(
        str(folder), None, None, f"no plan is named {name[:80]!r}", suggest(name, sorted(files))
    )


def _is_about(problem: Problem, folder: Path, names: Sequence[str]) -> bool:
    """Tell whether a problem concerns one of these plans, or the folder as a whole."""
    return problem.file == Problem(str(folder), None, None, "", "").file or any(
        problem.file == Problem(str(folder / f"{name}{_SUFFIX}"), None, None, "", "").file
        for name in names
    )


def _load_plan(file: Path) -> tuple[LoadedPlan | None, list[Problem]]:
    text, digest, problems = _read_text(file)
    if text is None:
        return None, problems
    data, problems = _parsed(text, file)
    if data is None:
        return None, problems
    plan, problems = _validated(Plan, data, text, file)
    name = data.get("name")
    if isinstance(name, str) and name != file.stem and re.fullmatch(NAME_PATTERN, name):
        problem = problem_at(
            ("name",),
            f"the plan is named {name!r}, but its file {file.stem!r}",
            f'Write name = "{file.stem}", or rename the file to {name}.toml.',
            file=str(file),
            positions=find_positions(text),
        )
        return None, [*problems, problem]
    return (LoadedPlan(plan, file, digest, text), []) if plan else (None, problems)


def _read_text(file: Path) -> tuple[str | None, str, list[Problem]]:
    """Return the text and the digest of the bytes, or no text and the problem."""
    try:
        data = read_bounded(file, LIMIT_BYTES)
    except FileUnfit as unfit:
        hint = "Put a readable TOML file of at most 1 MB there."
        return None, "", [Problem(str(file), None, None, f"this file {unfit}", hint)]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        hint = "Save the file as UTF-8."
        return None, "", [Problem(str(file), line, column, "this is no UTF-8 text", hint)]
    if text.startswith("\ufeff"):
        message = "the file begins with a byte order mark"
        return None, "", [Problem(str(file), 1, 1, message, "Save the file as UTF-8 without BOM.")]
    return text, hashlib.sha256(data).hexdigest(), []


def _parsed(text: str, file: Path) -> tuple[dict[str, Any] | None, list[Problem]]:
    try:
        return tomllib.loads(text), []
    except ValueError as error:
        # not only TOMLDecodeError: int() refuses thousands of digits by a plain ValueError
        return None, [problem_of_syntax(error, file=str(file), text=text)]
    except RecursionError:
        message = "no valid TOML: arrays or tables are nested too deeply"
        return None, [Problem(str(file), None, None, message, "No plan needs more than a few.")]


def _validated(
    model: type[Table], data: dict[str, Any], text: str, file: Path
) -> tuple[Table | None, list[Problem]]:
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, problems_of_validation(error, model, file=str(file), text=text)
