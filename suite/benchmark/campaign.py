"""Networks measured on this device: each is built, written and timed in separate processes; every result is a cell.

Each cell is in the file before the next is begun. The same command does not measure it again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from time import perf_counter
from typing import Any

from suite import architectures
from suite.benchmark import outcome
from suite.benchmark.order import BuildOrder
from suite.core import cells
from suite.core.cells import Cell
from suite.core.errors import ArchitectureError, TableError
from suite.core.inputs import Given, Sizes, all_spelled
from suite.core.numbered import numbered
from suite.core.paths import made_for
from suite.core.study import is_file, is_own
from suite.core.task import spelled
from suite.machine import capacity, helper
from suite.machine.surroundings import surroundings, version_of
from suite.timing import repeated, runtimes
from suite.timing.order import Order
from suite.timing.readings import READINGS
from suite.timing.timer import GoneError, onednn

COPIES = 3  # of a network's weights, for which memory is needed to build and write it
HEAD = (
    "device", "threads", "platform", "python", "suite", "tensorflow", "keras", "litert", "onnxruntime", "openvino",
    "onednn",
)  # fmt: skip
ABSENT = "not installed"  # what a table says of a library, or would have said before it knew of it

Told = Callable[[Cell, int, int], None]  # takes a new cell, how many are done, and how many there are


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How networks are measured."""

    paths: tuple[str, ...] | None = None  # None: what each network is made for
    batches: tuple[int, ...] = (1,)
    image: Sizes | None = None  # H, W, C; None: what each network was made for
    images: Given = field(default_factory=dict)  # sizes by the names of inputs, for files of several
    classes: int = 1000
    precision: str = "float32"
    threads: int  # processors given to the process, and threads of the runtime
    seconds: float = 30.0  # after which no further block begins; ten are always timed
    longest: float = 600.0  # seconds: skip a cell if ten blocks would take longer
    again: bool = False  # whether cells that are not stable are measured again; those that failed always are
    trusted: bool = False  # whether code that a model's file brings along may run

    @property
    def given(self) -> Given:
        """All sizes by the names of inputs; "" is the only input of a network."""
        return {**({"": self.image} if self.image else {}), **self.images}


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

    The cheapest come first, so that most are done at an interruption. A name is one of the catalogue, or a file:
    .keras, .h5, .tflite, .onnx, or the folder of a SavedModel. If a network cannot be measured, its cell says why.
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
    count = sum(map(len, wanted.values()))
    done = 0
    for missing in sorted(filter(None, wanted.values()), key=_work):
        for cell in _measured(missing, known.values(), settings):
            known = cells.added(file, head, cell)
            done += 1
            told(known[cell.key], done, count)
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
    return cell.state == cells.STABLE or (cell.state != cells.FAILED and not settings.again)


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


def _measured(wanted: Sequence[Cell], known: Iterable[Cell], settings: Settings) -> Iterator[Cell]:
    """Measure one network and yield its cells. The `known` cells show which need not be tried."""
    slow = {cell.key: cell for cell in outcome.too_long(wanted, list(known), settings.longest)}
    yield from slow.values()
    missing = [cell for cell in wanted if cell.key not in slow]
    if not missing:
        return
    first, began = missing[0], perf_counter()
    reason = _too_large(first.model)
    if reason:
        yield from (outcome.ended(cell, began, state=cells.NO_MEMORY, reason=reason) for cell in missing)
        return
    with TemporaryDirectory(prefix="suite-") as folder:
        paths = tuple(dict.fromkeys(cell.path for cell in missing))
        made = _made(first.model, settings, paths, folder)
        if "artefacts" not in made:
            yield from (outcome.ended(cell, began, **made) for cell in missing)
            return
        for path in paths:
            of_path = [outcome.counted(cell, made) for cell in missing if cell.path == path]
            impossible = _impossible(of_path, made)
            yield from (outcome.ended(cell, began, state=cells.FAILED, reason=why) for cell, why in impossible)
            possible = [cell for cell in of_path if cell not in [one for one, _ in impossible]]
            if possible:
                yield from _timed(possible, made, settings)


def _impossible(of_path: Sequence[Cell], made: dict[str, Any]) -> list[tuple[Cell, str]]:
    """Return the cells of one path that need not be tried, each with the reason."""
    failed, batch = made["artefacts"][of_path[0].path].get("failed"), made["batch"]
    whys = [failed or ("" if batch in (None, cell.batch) else f"its batch is fixed at {batch}") for cell in of_path]
    return [(cell, why) for cell, why in zip(of_path, whys, strict=True) if why]


def _too_large(model: str) -> str:
    """Return why a network of the catalogue cannot be built in the free memory; empty if it can."""
    counted = architectures.recorded().get(model)
    needed, free = COPIES * 4 * (counted.total_parameters if counted else 0), capacity.free_memory()
    return f"needs {needed / 1e9:.1f} GB to be built, {free / 1e9:.1f} GB are free" if needed > free else ""


def _made(model: str, settings: Settings, paths: Sequence[str], folder: str) -> dict[str, Any]:
    """Return the answer of the process that builds a network; state and reason if there is no network."""
    order = BuildOrder(
        model=model, given=settings.given, classes=settings.classes, precision=settings.precision, paths=tuple(paths),
        batches=settings.batches, folder=folder, trusted=settings.trusted,
    )  # fmt: skip
    try:
        answer = next(_asked("suite.benchmark.builder", order))  # how the process then ends does not matter
    except GoneError as gone:
        return outcome.gone(gone, "it was built")
    return answer if "artefacts" in answer else outcome.reason(answer)


def _timed(of_path: Sequence[Cell], made: dict[str, Any], settings: Settings) -> Iterator[Cell]:
    """Yield the cells of one path as they are known. If a batch ends the process, larger ones are not tried."""
    began, peaks, first = perf_counter(), made["counts"].get("peaks", {}), of_path[0]
    order = Order(
        artefact=made["artefacts"][first.path]["file"],
        sizes=made["sizes"],
        batches=tuple(cell.batch for cell in of_path),
        seconds=settings.seconds,
        longest=settings.longest,
        readings=tuple(READINGS),
        needs=tuple(peaks.get(str(cell.batch), 0) for cell in of_path),
    )
    left = list(of_path)
    try:
        name = " ".join(filter(None, map(str, (first.model, first.image, first.given, first.precision, first.digest))))
        for answer in repeated.answers(first.path, settings.threads, order, name):
            cell = left.pop(0)
            yield outcome.ended(cell, began, **outcome.told(cell, answer, answer["alone"]))
            began = perf_counter()
    except GoneError as gone:
        said = outcome.gone(gone, "it was run")
        for cell in left:
            yield outcome.ended(cell, began, **said)
            said = {**said, "reason": "a smaller batch failed"}


def _asked(module: str, order: BuildOrder) -> Iterator[dict[str, Any]]:
    """Give `order` to a process and yield its answers as they come. Raises GoneError when the process fails."""
    with TemporaryFile("w+") as errors, helper.start(module, errors=errors) as process:
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps(asdict(order)))
            process.stdin.close()
            yield from (json.loads(line) for line in process.stdout if line.startswith("{"))
        except BaseException:
            process.kill()
            raise
        if code := process.wait():
            errors.seek(0)
            raise GoneError(code, errors.read())
