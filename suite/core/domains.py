"""What a study searches over: a value of a field is fixed, or one of a domain."""

from __future__ import annotations

import math
from dataclasses import dataclass

from suite.core import rules
from suite.core.errors import StudyError

Value = bool | int | float | str | tuple["Value", ...]


@dataclass(frozen=True)
class Choice:
    """One of several unordered values."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise StudyError("an empty choice: name at least one value")
        if len(set(self.values)) < len(self.values):
            raise StudyError("a choice names the same value twice")

    @property
    def size(self) -> float:
        """The number of values."""
        return len(self.values)


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number from `low` to `high`, both included: an integer if both are integers."""

    low: int | float
    high: int | float
    step: int | float | None = None  # distance between values; None: 1 for integers, continuous for floats
    log: bool = False  # drawn evenly on the logarithm

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise StudyError(f"an empty range: {self.low} is not below {self.high}")
        if self.log and self.low <= 0:
            raise StudyError(f"a logarithmic range must begin above 0, not at {self.low}")
        if self.step is not None and (self.step <= 0 or self.log):
            raise StudyError("a step must be above 0, and a logarithmic range has none")
        if not math.isfinite((self.high - self.low) / (self.step or 1)):
            raise StudyError(
                f"a range from {self.low} to {self.high} is too wide to be searched in steps of {self.step or 1}"
            )

    @property
    def integer(self) -> bool:
        """Whether the values are integers."""
        return isinstance(self.low, int) and isinstance(self.high, int) and isinstance(self.step or 1, int)

    @property
    def size(self) -> float:
        """The number of values; infinite for a continuous range."""
        if self.integer:
            return (self.high - self.low) // (self.step or 1) + 1
        return math.floor((self.high - self.low) / self.step + 1e-9) + 1 if self.step else math.inf


Domain = Choice | Range


def hold(key: str, entry: Value | Domain) -> None:
    """Raise StudyError unless `key` may have every value of `entry`: `needs more than 0; not -1.0`."""
    for value in values_of(entry):
        rules.hold(key, value)


def values_of(entry: Value | Domain) -> tuple[Value, ...]:
    """Return the values of a choice, the ends of a range, or a fixed value alone."""
    if isinstance(entry, Range):
        return entry.low, entry.high
    return entry.values if isinstance(entry, Choice) else (entry,)
