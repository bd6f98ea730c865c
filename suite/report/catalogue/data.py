"""The catalogue and where it was measured: tables of measurements joined with what papers say of the networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from suite.core.cells import STATES, Cell, Table
from suite.core.paths import INT8
from suite.report.catalogue.network import Network
from suite.report.catalogue.places import Place, Point
from suite.report.catalogue.timm import OURS
from suite.report.language import say
from suite.report.results import told_apart


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

    @property
    def devices(self) -> list[str]:
        """The devices that something was measured on."""
        return list(dict.fromkeys(place.device for place in self.places))

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
    devices = _devices(tables)
    kept = [_of_timm(t.cells, catalogue) if t.surroundings.get("source") == "timm" else t.cells for t in tables]
    keys = iter(_keys([(device, cell) for device, cells in zip(devices, kept, strict=True) for cell in cells]))
    places: list[Place] = []
    for table, device, cells in zip(tables, devices, kept, strict=True):
        points = [
            Point(key=next(keys), network=catalogue.get(cell.model) or _own(cell), cell=cell, device=device)
            for cell in cells
        ]
        places += _places(points, table)
    unknown = sum(len(table.cells) for table in tables) - sum(map(len, kept))
    return Field(networks=tuple(networks), places=tuple(places), tables=tuple(tables), unknown=unknown)


def _places(points: Sequence[Point], table: Table) -> list[Place]:
    """Return the places of one table."""
    return [
        Place(
            device=points[0].device, path=path, precision=precision, threads=table.surroundings.get("threads", ""),
            onednn=table.surroundings.get("onednn", ""),
            points=tuple(p for p in points if (p.cell.path, p.cell.precision) == (path, precision)),
        )
        for path, precision in dict.fromkeys((point.cell.path, point.cell.precision) for point in points)
    ]  # fmt: skip


def _keys(measured: Sequence[tuple[str, Cell]]) -> list[str]:
    """Return a name for each cell of a device: its network's, and only what tells it from others of that network."""
    telling: tuple[Callable[[str, Cell], str], ...] = (
        lambda device, cell: device,
        lambda device, cell: cell.path,
        lambda device, cell: cell.precision,
        lambda device, cell: say("batch {size}", size=str(cell.batch)),
        lambda device, cell: cell.image,
        lambda device, cell: cell.digest[:8],
        lambda device, cell: cell.given,
    )
    keys = [cell.model for _, cell in measured]
    for word in telling:
        keys = told_apart(keys, [word(device, cell) for device, cell in measured])
    return told_apart(keys, [f"({number})" for number in range(1, len(keys) + 1)])


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
