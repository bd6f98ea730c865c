"""A checkpoint: the state of a training in one file, from which it goes on as if it had never stopped.

The file is a NumPy archive: a header in JSON, and the variables, numbered as in the network and its optimizer. Reading
it runs no code.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import keras
import numpy as np

from suite.core import files
from suite.core.errors import StoreError, first_line
from suite.core.trial import best_epoch, reached

SPARED = 20  # times what a save takes pass until the next one


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The state of a training between two epochs, besides the variables of its network and optimizer."""

    curve: tuple[dict[str, float], ...] = ()  # a row an epoch, see Trial.curve
    weights: Sequence[np.ndarray] = ()  # of the network after its best epoch
    seconds: float = 0.0  # spent so far
    by: str = "accuracy"  # the measure of the best epoch
    parts: int = 1  # in which each batch is trained, if a whole one does not fit into the memory

    @property
    def epochs(self) -> int:
        """Number of the last epoch; 0 is a classifier fitted to features."""
        return reached(self.curve)

    @property
    def best(self) -> Mapping[str, float]:
        """Row of the best epoch."""
        return best_epoch(self.curve, self.by)


NOTHING = Progress()


def save(file: Path, variables: Sequence[keras.Variable], plan: Mapping[str, Any], progress: Progress) -> None:
    """Write the `variables` that a training changes, and its `progress`; `file` is never half-written.

    `plan` (values of JSON) is what the rest of the training depends on. Raises StoreError when the disk refuses; an
    earlier file then stays as it was.
    """
    known = {
        "curve": progress.curve,
        "seconds": progress.seconds,
        "weights": len(progress.weights),
        "parts": progress.parts,
    }
    header = json.dumps({"plan": plan, "variables": _described(variables), **known})
    state = (keras.ops.convert_to_numpy(variable) for variable in variables)
    arrays = {**_named("state", state), **_named("best", progress.weights)}
    _write(file, {"header": np.array(header), **arrays})


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A training up to an epoch: its progress, and the values of the variables that go on from there."""

    progress: Progress
    state: Sequence[np.ndarray] = ()  # none where nothing was kept
    described: Sequence[str] = ()  # name and shape of each variable
    file: Path = Path()  # where it was kept

    def give(self, variables: Sequence[keras.Variable]) -> None:
        """Give the values to the `variables`. Raises StoreError when they are those of another network."""
        if not self.described:
            return
        if difference := _other(self.described, _described(variables)):
            raise _refused(self.file, difference)
        for variable, value in zip(variables, self.state, strict=True):
            variable.assign(value)


def read(file: Path | None, plan: Mapping[str, Any], start: Progress = NOTHING) -> Kept:
    """Return what `file` keeps; without a file, the `start`.

    Its best epoch is found by the measure of the start. A batch is in as many parts as in either of the two. Raises
    StoreError when the file is damaged or was written for another plan.
    """
    if file is None or not file.exists():
        return Kept(progress=start)
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            header = json.loads(str(archive["header"]))
            if difference := _difference(header["plan"], plan):
                raise _refused(file, difference)
            state = [archive[f"state{index}"] for index in range(len(header["variables"]))]
            weights = [archive[f"best{index}"] for index in range(header["weights"])]
            parts = max(start.parts, header["parts"])
            known = {"seconds": header["seconds"], "parts": parts}
            progress = Progress(curve=tuple(header["curve"]), weights=weights, by=start.by, **known)
            return Kept(progress=progress, state=state, described=header["variables"], file=file)
    except files.UNREADABLE as error:
        reason = str(error.strerror) if isinstance(error, PermissionError) else "it is damaged or no checkpoint"
        raise _refused(file, reason) from error


def restored(file: Path | None, variables: Sequence[keras.Variable], plan: Mapping[str, Any]) -> Progress:
    """Load `file` into the `variables` and return its progress; without a file, there is none.

    Raises StoreError as `read` and `Kept.give` do; the variables then stay as they are.
    """
    kept = read(file, plan)
    kept.give(variables)
    return kept.progress


def way(file: Path | None) -> dict[str, str]:
    """Return the `precision` and the `xla` of the recipe by which a file was trained; none if there is no such file."""
    try:
        with (file or Path()).open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            plan = json.loads(str(archive["header"]))["plan"]
            return {"precision": plan["precision"], "xla": plan["xla"]}
    except files.UNREADABLE:  # the training that goes on from a damaged file says so
        return {}


def best_weights(file: Path) -> list[np.ndarray]:
    """Return the weights of the best epoch that `file` keeps. Raises StoreError when it cannot be read."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return [archive[f"best{index}"] for index in range(json.loads(str(archive["header"]))["weights"])]
    except files.UNREADABLE as error:
        raise StoreError(f"{file}: what was learned cannot be read ({first_line(error)})") from error


class Keeper(keras.callbacks.Callback):
    """Saves a training after its epochs, so that one whose process is killed goes on from there.

    The epoch `until` is not saved: what becomes of it is known only at the end. Nor is an epoch while saves would take
    more than one part in `spared` of the time; with 0, each is.
    """

    def __init__(self, save: Callable[[], object], until: float = math.inf, *, spared: float | None = None) -> None:
        super().__init__()
        self._save, self._until, self._spared = save, until, SPARED if spared is None else spared
        self._rest, self._saved = 0.0, -math.inf  # seconds from one save to the next; when the last one ended

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save, unless it is the last epoch or too early."""
        began = time.monotonic()
        if epoch + 1 < self._until and not self.model.stop_training and began - self._saved >= self._rest:
            self._save()
            self._saved = time.monotonic()
            self._rest = self._spared * (self._saved - began)


def _described(variables: Sequence[keras.Variable]) -> list[str]:
    """Return name and shape of every variable.

    Leaves out the numbers that Keras appends to layers' names: they count all layers that the process has built.
    """
    return [f"{re.sub(r'_[0-9]+', '', variable.path)} {tuple(variable.shape)}" for variable in variables]


def _named(name: str, arrays: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{name}{index}": _plain(array) for index, array in enumerate(arrays)}


def _plain(array: np.ndarray) -> np.ndarray:
    """Return an array that NumPy can write: bfloat16 becomes float32, which holds the same values."""
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def _difference(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """Return the first value in which two plans differ; empty if they are equal."""
    unlike = [key for key in {**theirs, **ours} if theirs.get(key) != ours.get(key)]
    return f"it was written with {unlike[0]} {theirs.get(unlike[0])}, not {ours.get(unlike[0])}" if unlike else ""


def _other(theirs: Sequence[str], ours: Sequence[str]) -> str:
    """Return the first variable in which two networks differ; empty if they are equal."""
    unlike = [pair for pair in zip_longest(theirs, ours, fillvalue="nothing") if pair[0] != pair[1]]
    return f"it was written for another network: {unlike[0][0]} in place of {unlike[0][1]}" if unlike else ""


def _refused(file: Path, reason: str) -> StoreError:
    return StoreError(
        f"{file}: the training cannot go on from here: {reason}. Delete this file to train again from the first epoch."
    )


def _write(file: Path, arrays: Mapping[str, Any]) -> None:
    try:
        with files.replacing(file) as draft, draft.open("wb") as stream:
            np.savez(stream, **arrays)
    except OSError as error:
        raise StoreError(
            f"{file}: the checkpoint cannot be written ({error.strerror or error}). Finished trials are safe: mend the "
            "disk and run the same command again."
        ) from error
