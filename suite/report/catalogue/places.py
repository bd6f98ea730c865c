"""A measurement, and a place: a device, a path and a precision. Values of two places are never compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from suite.core.cells import UNSTABLE, Cell, slug
from suite.core.measures import interval
from suite.report.catalogue.network import Network


@dataclass(frozen=True, kw_only=True)
class Point:
    """One measurement: a network in one place at one batch size."""

    key: str  # its name among all: the network's, and what tells it from other measurements of it
    network: Network
    cell: Cell
    device: str

    @property
    def kind(self) -> str:
        """One of KINDS: whether its accuracy may be compared."""
        return self.network.kind(self.cell.size)

    @property
    def is_stable(self) -> bool:
        """Whether its latency is known well; another counts by its interval, and is marked."""
        return self.cell.state != UNSTABLE

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
    onednn: str  # the same
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
