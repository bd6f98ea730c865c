"""Measurements by place: a device, a path and a precision. Values of two places are never compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from suite.core.cells import STATES, UNSTABLE, Cell, Table, slug
from suite.core.measures import interval
from suite.report.catalogue.network import UNSURE, Network
from suite.report.catalogue.timm import OURS

INT8 = "litert-int8"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One measurement: a network in one place at one batch size."""

    network: Network
    cell: Cell
    device: str

    @property
    def key(self) -> str:
        """Its row in the table of the page."""
        cell = self.cell
        return ", ".join(
            [cell.model, self.device, cell.path, cell.precision, f"batch {cell.batch}", cell.image]
            + [word for word in (f"{cell.classes} classes" if cell.classes else "", cell.digest[:8]) if word]
        )

    @property
    def kind(self) -> str:
        """One of KINDS."""
        return UNSURE if self.cell.state == UNSTABLE else self.network.kind(self.cell.size)

    @property
    def milliseconds(self) -> float:
        """Median latency of one call, ms."""
        return self.cell.measures["latency"]

    @property
    def slowest(self) -> float:
        """Upper end of the median's interval, ms; the median itself where the table has no interval."""
        return interval(self.cell.measures, "latency")[1]

    @property
    def fastest(self) -> float:
        """Lower end of the interval, ms."""
        return interval(self.cell.measures, "latency")[0]

    @property
    def memory(self) -> float | None:
        """Peak memory of its process, MB; None if it was not measured."""
        return self.cell.measures.get("peak_memory")

    @property
    def per_image(self) -> float:
        """Milliseconds for one picture of its batch."""
        return self.milliseconds / self.cell.batch

    @property
    def rate(self) -> float:
        """Pictures per second."""
        return 1000 / self.per_image

    @property
    def rates(self) -> tuple[float, float]:
        """Lowest and highest rate, from the interval of one call."""
        low, high = (1000 * self.cell.batch / end for end in (self.slowest, self.fastest))
        return low, high

    @property
    def times(self) -> tuple[float, float]:
        """Fewest and most milliseconds for one picture, from the same interval."""
        return self.fastest / self.cell.batch, self.slowest / self.cell.batch


@dataclass(frozen=True, kw_only=True)
class Place:
    """All measurements of one device, path and precision."""

    device: str
    path: str
    precision: str
    threads: str  # empty where the table does not say
    points: tuple[Point, ...]  # in any state

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.device}, {self.path}, {self.precision}"

    @property
    def slug(self) -> str:
        """For names of files."""
        return slug([self.name])

    @property
    def batches(self) -> list[int]:
        """The batch sizes, smallest first."""
        return sorted({point.cell.batch for point in self.points})

    def at(self, batch: int) -> list[Point]:
        """Return the timed points at one batch size, one for each network."""
        return self._one_each(point for point in self.points if point.cell.batch == batch)

    def fastest(self) -> list[Point]:
        """Return each network at its batch size with the most pictures per second."""
        return self._one_each(sorted(self.timed, key=lambda point: -point.rate))

    @cached_property
    def timed(self) -> list[Point]:
        """The points with a latency."""
        return [point for point in self.points if point.cell.is_timed]

    @cached_property
    def chosen(self) -> tuple[int | None, list[Point]]:
        """Batch size and points of most figures: batch 1, or None and each network's fastest if batch 1 has none."""
        single = self.at(1)
        return (1, single) if single else (None, self.fastest())

    def _one_each(self, points: Iterable[Point]) -> list[Point]:
        """Return one timed point per network: the first at the picture size of its accuracy, else the first."""
        known: dict[str, Point] = {}
        for point in points:
            before = known.get(point.network.name)
            fits = point.cell.size == point.network.size
            if point.cell.is_timed and (before is None or fits > (before.cell.size == before.network.size)):
                known[point.network.name] = point
        return list(known.values())


@dataclass(frozen=True, kw_only=True)
class Field:
    """The catalogue, and the places where some of it was measured."""

    networks: tuple[Network, ...]
    places: tuple[Place, ...]
    tables: tuple[Table, ...]
    unknown: int  # cells of timm without a network of the catalogue at that picture size

    @property
    def cited(self) -> list[Network]:
        """The networks with a cited top-1 accuracy."""
        return [network for network in self.networks if network.top1 is not None]

    @cached_property
    def mains(self) -> list[Place]:
        """Each device's place with the most networks timed, then the most points; 8 bits only if there is no other."""
        timed = [place for place in self.places if place.timed]
        devices = dict.fromkeys(place.device for place in timed)
        return [
            max(
                (place for place in timed if place.device == device),
                key=lambda place: (place.path != INT8, len(place.chosen[1]), len(place.timed)),
            )
            for device in devices
        ]

    @property
    def points(self) -> list[Point]:
        """Every point of every place."""
        return [point for place in self.places for point in place.points]


def join(networks: Sequence[Network], tables: Sequence[Table]) -> Field:
    """Join measured cells with their networks. A network outside the catalogue has no accuracy."""
    catalogue = {network.name: network for network in networks}
    places, unknown = [], 0
    for table, device in zip(tables, _devices(tables), strict=True):
        cells = _of_timm(table.cells, catalogue) if table.surroundings.get("source") == "timm" else table.cells
        unknown += len(table.cells) - len(cells)
        points = [
            Point(network=catalogue.get(cell.model) or _own(cell), cell=cell, device=device) for cell in cells
        ]  # fmt: skip
        places += [
            Place(
                device=device, path=path, precision=precision, threads=table.surroundings.get("threads", ""),
                points=tuple(p for p in points if (p.cell.path, p.cell.precision) == (path, precision)),
            )
            for path, precision in dict.fromkeys((cell.path, cell.precision) for cell in cells)
        ]  # fmt: skip
    return Field(networks=tuple(networks), places=tuple(places), tables=tuple(tables), unknown=unknown)


def count(points: Iterable[Point]) -> dict[str, int]:
    """Return the number of points in each state."""
    states = [point.cell.state for point in points]
    return {state: states.count(state) for state in STATES}


def _devices(tables: Sequence[Table]) -> list[str]:
    """Name the device of each table. Tables of one device get numbers: their values come from two occasions."""
    names = [table.device for table in tables]
    return [
        name if names.count(name) == 1 else f"{name} (table {index})" for index, name in enumerate(names, start=1)
    ]  # fmt: skip


def _of_timm(cells: Iterable[Cell], catalogue: dict[str, Network]) -> tuple[Cell, ...]:
    """Return timm's cells that match a network of the catalogue, at the picture size of its counts."""
    return tuple(
        replace(cell, model=name)
        for cell in cells
        for name in OURS.get(cell.model, ())
        if name in catalogue and catalogue[name].resolution == cell.size
    )


def _own(cell: Cell) -> Network:
    return Network(
        name=cell.model,
        title="/".join(cell.model.split("/")[-2:]),
        resolution=cell.size,
        total_parameters=cell.total_parameters,
        parameters=_count(cell, "parameters"),
        macs=_count(cell, "macs"),
        activations=_count(cell, "activations"),
    )


def _count(cell: Cell, name: str) -> int | None:
    return int(cell.measures[name]) if name in cell.measures else None
