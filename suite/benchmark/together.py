"""Networks measured together: each is built, written and timed once in separate processes; then all are timed in turns.

What is known of a network is yielded after each round, so that nothing is lost if the command is stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from suite import architectures
from suite.benchmark import building, outcome
from suite.benchmark.settings import Settings
from suite.core import cells
from suite.core.cells import Cell
from suite.core.paths import narrowed
from suite.timing import rounds
from suite.timing.order import Order
from suite.timing.readings import READINGS, file_size
from suite.timing.timer import GoneError

Begun = dict[rounds.Network, dict[int, Cell]]  # networks whose first round is over: their cells by batch size

MOST = 6  # networks in a group
ROOM = 1000.0  # MB of written networks in a group, unless a single one takes more


def groups(wanted: Iterable[Sequence[Cell]], settings: Settings) -> Iterator[list[Sequence[Cell]]]:
    """Yield the networks, each with its cells, in groups that take turns; one by one if they have a single round."""
    most = MOST if rounds.planned(settings.seconds) > 1 else 1
    group: list[Sequence[Cell]] = []
    written = 0.0
    for cells_of_one in wanted:
        size = _written(cells_of_one)
        if group and (len(group) == most or written + size > ROOM):
            yield group
            group, written = [], 0.0
        group.append(cells_of_one)
        written += size
    if group:
        yield group


def _written(of_one: Sequence[Cell]) -> float:
    """Return about how many MB a network takes that is written for its paths."""
    name, paths = of_one[0].model, {cell.path for cell in of_one}
    counted = architectures.recorded().get(name)
    if counted:
        return 4e-6 * counted.total_parameters * len(paths)
    return len(paths) * file_size(Path(name))


def measured(together: Sequence[Sequence[Cell]], known: Iterable[Cell], settings: Settings) -> Iterator[Cell]:
    """Measure networks in turns; yield each cell after each round. `known` cells show which need not be tried."""
    with TemporaryDirectory(prefix="suite-") as folder:
        begun: Begun = {}
        for number, wanted in enumerate(together):
            yield from _first(wanted, known, settings, Path(folder, str(number)), begun)
        yield from _further(begun)


def _first(
    wanted: Sequence[Cell], known: Iterable[Cell], settings: Settings, folder: Path, begun: Begun
) -> Iterator[Cell]:
    """Build one network, write it into `folder`, and yield its cells after their first round. Add it to `begun`."""
    slow = {cell.key: cell for cell in outcome.too_long(wanted, list(known), settings.longest)}
    yield from slow.values()
    missing = [cell for cell in wanted if cell.key not in slow]
    if not missing:
        return
    first, start = missing[0], perf_counter()
    reason = building.too_large(first.model)
    if reason:
        yield from (outcome.ended(cell, start, state=cells.NO_MEMORY, reason=reason) for cell in missing)
        return
    paths = tuple(dict.fromkeys(cell.path for cell in missing))
    folder.mkdir()
    made = building.made(first.model, settings, paths, str(folder))
    if "artefacts" not in made:
        yield from (outcome.ended(cell, start, **made) for cell in missing)
        return
    for path in paths:
        of_path = [outcome.counted(cell, made) for cell in missing if cell.path == path]
        impossible = _impossible(of_path, made)
        yield from (outcome.ended(cell, start, state=cells.FAILED, reason=why) for cell, why in impossible)
        possible = [cell for cell in of_path if cell not in [one for one, _ in impossible]]
        if possible:
            network = _network(possible, made, settings)
            begun[network] = {cell.batch: cell for cell in possible}
            yield from _timed(network, begun[network])


def _impossible(of_path: Sequence[Cell], made: dict[str, Any]) -> list[tuple[Cell, str]]:
    """Return the cells of one path that need not be tried, each with the reason."""
    failed, batch = made["artefacts"][of_path[0].path].get("failed"), made["batch"]
    whys = [failed or ("" if batch in (None, cell.batch) else f"its batch is fixed at {batch}") for cell in of_path]
    return [(cell, why) for cell, why in zip(of_path, whys, strict=True) if why]


def _network(of_path: Sequence[Cell], made: dict[str, Any], settings: Settings) -> rounds.Network:
    """Return the network of these cells of one path, to be timed."""
    counts, first = made["counts"], of_path[0]
    peaks = counts.get("peaks", {})
    order = Order(
        artefact=made["artefacts"][first.path]["file"],
        sizes=made["sizes"],
        batches=tuple(cell.batch for cell in of_path),
        seconds=settings.seconds,
        longest=settings.longest,
        readings=tuple(READINGS),
        needs=peaks,
        touches={batch: narrowed(first.path, counts["weights"] + peak) for batch, peak in peaks.items()},
    )
    name = " ".join(filter(None, map(str, (first.model, first.image, first.given, first.precision, first.digest))))
    return rounds.Network(first.path, settings.threads, order, name)


def _timed(network: rounds.Network, of: dict[int, Cell]) -> Iterator[Cell]:
    """Yield the cells of a network as they are known. If a batch ends the process, larger ones are not tried."""
    start, unknown = perf_counter(), list(of)
    try:
        for answer in network.first():
            unknown.remove(answer["batch"])
            yield _told(network, of, answer, start)
            start = perf_counter()
    except GoneError as gone:
        said = outcome.gone(gone, "it was run")
        for batch in unknown:
            yield outcome.ended(of[batch], start, **said)
            said = {**said, "reason": "a smaller batch failed"}


def _further(begun: Begun) -> Iterator[Cell]:
    """Yield the cells again after each further round."""
    start = perf_counter()
    for network, answer in rounds.further(list(begun)):
        yield _told(network, begun[network], answer, start)
        start = perf_counter()


def _told(network: rounds.Network, of: dict[int, Cell], answer: rounds.Answer, start: float) -> Cell:
    """Return the cell of an answer, and keep it; its earlier rounds took their time too."""
    batch = answer["batch"]
    cell = of[batch]
    known = outcome.told(cell, answer, answer["alone"])
    of[batch] = outcome.ended(cell, start - (cell.seconds or 0.0), left=network.left(batch), **known)
    return of[batch]
