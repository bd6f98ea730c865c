"""Networks measured on this device: every result is a cell of a table.

Each cell is written after each of its rounds. The same command measures only those that failed, or whose rounds are not
over.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from suite import architectures
from suite.benchmark import together
from suite.benchmark.settings import Settings
from suite.core import cells
from suite.core.cells import Cell
from suite.core.errors import ArchitectureError, TableError
from suite.core.inputs import all_spelled
from suite.core.numbered import numbered
from suite.core.paths import made_for
from suite.core.study import is_file, is_own
from suite.core.task import spelled
from suite.machine.surroundings import surroundings, version_of
from suite.timing import rounds, runtimes
from suite.timing.timer import onednn

HEAD = (
    "device", "threads", "platform", "python", "suite", "tensorflow", "keras", "litert", "onnxruntime", "openvino",
    "onednn",
)  # fmt: skip
ABSENT = "not installed"  # what a table says of a library, or would have said before it knew of it

Told = Callable[[Cell, int, int], None]  # takes a cell after a round, how many rounds are done, how many there are


def here(threads: int) -> dict[str, str]:
    """Return the head of a table that is measured here."""
    known = surroundings() | {
        "threads": str(threads),
        "litert": version_of("ai-edge-litert"),
        "onnxruntime": version_of("onnxruntime"),
        "openvino": version_of("openvino"),
        "onednn": onednn(),
    }
    return {key: known[key] for key in HEAD}


def name(head: dict[str, str]) -> str:
    """Return the file name of a table with this head: device, threads and version."""
    threads = numbered(int(head["threads"]), "thread")
    return f"measured-{cells.slug([head['device'], threads, 'tensorflow', head['tensorflow']])}.csv"


def measure(names: Sequence[str], settings: Settings, file: Path, told: Told = lambda *_: None) -> list[Cell]:
    """Measure those `names` that `file` does not have yet; return the cells of all `names`.

    The cheapest come first, so that most are done at an interruption. Several take turns, and each cell is written
    after each round. A name is one of the catalogue, or a file: .keras, .h5, .tflite, .onnx, or the folder of a
    SavedModel. If a network cannot be measured, its cell says why.
    Raises TableError when `file` is of another device or of other versions, MissingExtraError when the library of a
    path is not installed, ArchitectureError for settings that a network ignores.
    """
    for path in dict.fromkeys(path for one in names for path in _paths(one, settings)):
        runtimes.check(path)
    _refuse_what_is_ignored(names, settings)
    head = here(settings.threads)
    known = _known(file, head)
    done_with = {key for key, cell in known.items() if _is_done(cell, settings)}
    asked = {one: list(_empty(one, settings)) for one in names}
    wanted = {one: [cell for cell in empty if cell.key not in done_with] for one, empty in asked.items()}
    left = {cell.key: rounds.planned(settings.seconds) for missing in wanted.values() for cell in missing}
    count = sum(left.values())
    for group in together.groups(sorted(filter(None, wanted.values()), key=_work), settings):
        for cell in together.measured(group, known.values(), settings):
            known = cells.added(file, head, cell)
            left[cell.key] = cell.left or 0
            told(known[cell.key], count - sum(left.values()), count)
    return [known[cell.key] for one in names for cell in asked[one]]


def _known(file: Path, head: dict[str, str]) -> dict[tuple[Any, ...], Cell]:
    """Return the cells of `file`. Raises TableError when it was measured with another device or version."""
    if not os.path.exists(file):  # which takes a name of any length
        return {}
    table = cells.read(file)
    other = [key for key in HEAD if table.surroundings.get(key, ABSENT) != head[key]]
    if other:
        there, now = table.surroundings.get(other[0], ABSENT), head[other[0]]
        raise TableError(
            f"{file}: was measured with {other[0]} {there}, and here it is {now}: one table must not mix them. Name "
            "another file with -o."
        )
    return {cell.key: cell for cell in table.cells}


def _is_done(cell: Cell, settings: Settings) -> bool:
    """Whether a cell need not be measured again. The reason of one that failed may be mended."""
    return not cell.left and (cell.state == cells.STABLE or (cell.state != cells.FAILED and not settings.again))


def _paths(name: str, settings: Settings) -> tuple[str, ...]:
    return settings.paths or (made_for(name),)


def _refuse_what_is_ignored(names: Sequence[str], settings: Settings) -> None:
    """Raise ArchitectureError when a network would ignore a setting, and its row would be wrong."""
    files = [name for name in names if is_file(name)]
    if files and settings.precision != Settings.precision:
        raise ArchitectureError(
            f"{files[0]}: a file has its own precision: --precision is for networks that are built here. Measure files "
            "in a separate command without it."
        )
    built = [name for name in names if not is_file(name)]
    if built and (settings.images or len(settings.image or (0, 0, 0)) != 3):
        raise ArchitectureError(
            f"{built[0]}: it is built here, for pictures: write height, width and channels like 32x32x3 (--image). "
            "Measure files of other inputs in a separate command."
        )


def _empty(name: str, settings: Settings) -> Iterator[Cell]:
    """Yield the cells of a network before they are measured."""
    digest, of_file = _digest(name), is_file(name)
    side = None if of_file else architectures.resolution(name)
    image = settings.image or ((side, side, 3) if side else None)
    for path in _paths(name, settings):
        for batch in sorted(settings.batches):
            yield Cell(
                model=name,
                batch=batch,
                path=path,
                precision="its own" if of_file else settings.precision,
                image="its own" if of_file or not image else spelled(image),
                classes=None if of_file else settings.classes,
                state=cells.FAILED,
                digest=digest,
                given=all_spelled(settings.given) if of_file else "",
            )


def _work(of_one: Sequence[Cell]) -> int:
    """Return the multiply-adds of a network of the catalogue; 0 for any other."""
    counted = architectures.recorded().get(of_one[0].model)
    return counted.macs if counted else 0


def _digest(name: str) -> str:
    """Return the digest of the user's own file; empty for a network of the catalogue."""
    path = Path(name)
    if is_own(name):
        return architectures.digest(name.rpartition("/")[0])[:16]
    if not path.exists():
        return ""
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    content = hashlib.sha256()
    for one in files:
        content.update(one.read_bytes())
    return content.hexdigest()[:16]
