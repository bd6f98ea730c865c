"""Checks of a Config before its network is built; their messages name the field."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints

from suite.core.errors import ArchitectureError, StudyError
from suite.core.task import Task
from suite.studyfile.kinds import typed


def require(condition: bool, message: str) -> None:
    """Raise ArchitectureError with `message` unless `condition` holds."""
    if not condition:
        raise ArchitectureError(message)


def require_types(config: Any) -> None:
    """Raise ArchitectureError unless every field of a Config has the type, or one of the values, that it declares.

    Numbers must be finite; true does not count as a number.
    """
    for name, kind in _kinds(config.__class__).items():
        value = getattr(config, name)
        if value is None and NoneType in get_args(kind):
            continue
        try:
            typed(value, kind)
        except StudyError as error:
            raise ArchitectureError(f"{name} {error}") from None


@cache
def _kinds(config: type) -> dict[str, Any]:
    return get_type_hints(config)


def require_positive(**fields: float | Sequence[float]) -> None:
    """Raise ArchitectureError unless every field is a number above 0, or one or more of them."""
    for name, value in fields.items():
        if isinstance(value, Sequence):
            sound = len(value) > 0 and min(value) > 0
            require(sound, f"{name} = {list(value)}: give one or more numbers above 0")
        else:
            require(value > 0, f"{name} = {value}: give a number above 0")


def require_per_stage(**fields: tuple[int, ...]) -> None:
    """Raise ArchitectureError unless every field holds numbers above 0, as many as the first: one per stage."""
    require_positive(**fields)
    counts = ", ".join(f"{len(values)} {name}" for name, values in fields.items())
    require(len({len(values) for values in fields.values()}) == 1, f"{counts}: give one of each per stage")


def require_share(**fields: float) -> None:
    """Raise ArchitectureError unless every field is a share from 0 up to, not including, 1."""
    for name, value in fields.items():
        require(0 <= value < 1, f"{name} = {value}: give a share from 0 up to, not including, 1")


def require_size(
    family: str, task: Task, minimum: int, *, resize: int | None = None,
    way_out: str = "choose stem = 'small', or fewer stages",
) -> None:  # fmt: skip
    """Raise ArchitectureError when a side of the pictures, or of the resized pictures, is below `minimum`.

    `way_out` names what helps besides larger pictures.
    """
    if resize is not None:
        require(resize >= minimum, f"resize = {resize}: give at least {minimum} for this {family}")
        return
    require(
        min(task.height, task.width) >= minimum,
        f"pictures of {task.height}x{task.width} are too small for this {family}: it needs {minimum}x{minimum} "
        f"(enlarge the pictures, {way_out})",
    )
