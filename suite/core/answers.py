"""What trained networks said of held-out pictures, kept in files of a run folder.

runs/resnet/answers/7.npz        the network of trial 7, of the validation pictures
runs/resnet/confirmed/7/3.npz    the same network trained again with seed 3, of the test pictures
runs/coca/confirmed/7/3-by-text.npz    what it says by the texts of the classes alone, before its classifier is trained

Reading a file runs no code.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from suite.core import files
from suite.core.errors import StoreError, first_line

Kind = TypeVar("Kind", bound="Named")


@dataclass(frozen=True, kw_only=True, eq=False)
class Named:
    """The classes that were named for N pictures, in the data set's sequence."""

    labels: NDArray[np.int32]  # the class of each picture
    named: NDArray[np.int32]  # the class with the largest output

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each answer is right."""
        return np.asarray(self.named == self.labels)


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers(Named):
    """The answers to N pictures, in the data set's sequence."""

    said: NDArray[np.float32]  # its probability
    of_label: NDArray[np.float32]  # the probability of the picture's class
    tempered: NDArray[np.float32]  # the probability of `named`, with all outputs divided by the temperature
    temperature: NDArray[np.float64]  # the number that fits these pictures best, []

    def worst(self, count: int) -> NDArray[np.int64]:
        """Return the numbers of up to `count` wrong answers, those with the greatest probability first."""
        wrong = np.flatnonzero(~self.right)
        return wrong[np.argsort(-self.said[wrong], kind="stable")][:count]


def place(folder: Path, number: int) -> Path:
    """Return the file of a trial's answers in the folder of its run."""
    return folder / "answers" / f"{number}.npz"


def again(folder: Path, number: int, seed: int) -> Path:
    """Return the file of the answers to the test pictures of a trial's network, trained again with a seed."""
    return folder / "confirmed" / str(number) / f"{seed}.npz"


def by_text(folder: Path, number: int, seed: int) -> Path:
    """Return the file of the same network's answers by the texts of the classes alone; not every network has any."""
    return folder / "confirmed" / str(number) / f"{seed}-by-text.npz"


def write(answers: Answers, file: Path) -> None:
    """Keep answers; `file` is never half-written. Raises StoreError when it cannot be written."""
    arrays: dict[str, Any] = {each.name: getattr(answers, each.name) for each in fields(Answers)}
    try:
        with files.replacing(file) as draft, draft.open("wb") as stream:
            np.savez_compressed(stream, **arrays)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror or error})") from error


def read(file: Path) -> Answers | None:
    """Return the answers in a file; None if there is none, as of runs of earlier versions.

    Raises StoreError when it cannot be read.
    """
    return _read(file, Answers)


def named(file: Path) -> Named | None:
    """Return only which classes the answers in a file name, in a third of the time; else as `read`."""
    return _read(file, Named)


def _read(file: Path, wanted: type[Kind]) -> Kind | None:
    if not file.exists():
        return None
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            return wanted(**{each.name: kept[each.name] for each in fields(wanted)})
    except files.UNREADABLE as error:
        raise StoreError(
            f"{file}: the answers of a trial cannot be read ({first_line(error)}). Remove the file: the trial stays, "
            "without the intervals that need its answers."
        ) from error
