"""The rows of the catalogue's page: each network as it was measured, as a candidate of a comparison.

An accuracy that may not be compared is no measure of its row. The page shows it, and it decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from suite.core.domains import Value
from suite.core.measures import COUNTED
from suite.core.trial import Trial
from suite.report.catalogue import spoken
from suite.report.catalogue.data import Field
from suite.report.catalogue.network import COMPARABLE, LINES, OWN, Network
from suite.report.catalogue.places import Place, Point
from suite.report.comparison import Comparison, compare
from suite.report.language import say
from suite.report.results import Results

LINE, YEAR, CITED = "network.line", "network.year", "network.cited"
PATH, PRECISION, BATCH, SIDE, STATE = (
    "measured.path", "measured.precision", "measured.batch", "measured.side", "measured.state",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Row:
    """One network as it was measured; or one that was not measured."""

    network: Network
    point: Point | None = None
    place: Place | None = None

    @property
    def name(self) -> str:
        """Its name, unique on the page."""
        return self.point.key if self.point else self.network.name

    @property
    def kind(self) -> str:
        """One of KINDS: whether its accuracy may be compared."""
        return self.point.kind if self.point else self.network.kind(self.network.resolution)

    @property
    def family(self) -> str:
        """Its family, or that it is one of your own."""
        return self.network.family or spoken.line(OWN)

    @property
    def measures(self) -> dict[str, float]:
        """Counts of its network, what was measured, and its accuracy if that may be compared."""
        counts = {name: getattr(self.network, name) for name in COUNTED}
        cited = {"accuracy": self.network.top1, "top5": self.network.top5} if self.kind == COMPARABLE else {}
        known = counts | cited | dict(self.point.cell.measures if self.point else {})
        return {name: float(value) for name, value in known.items() if value is not None}

    @property
    def settings(self) -> dict[str, Value]:
        """What tells it from other rows."""
        network, cell = self.network, self.point.cell if self.point else None
        known: dict[str, Value | None] = {
            LINE: spoken.line(network.line),
            YEAR: network.year,
            CITED: spoken.kind(self.kind) if network.top1 is not None else say("not cited"),
            PATH: cell.path if cell else None,
            PRECISION: cell.precision if cell else None,
            BATCH: cell.batch if cell else None,
            SIDE: (cell.size if cell else network.resolution) or None,
            STATE: spoken.state(cell.state if cell else spoken.UNMEASURED),
        }
        return {key: value for key, value in known.items() if value is not None}

    @property
    def surroundings(self) -> Mapping[str, str]:
        """Where and how it was measured, as `trial.place` names it."""
        if not self.point or not self.place:
            return {}
        cell = self.point.cell
        known = {
            "device": self.point.device, "threads": self.place.threads, "latency_path": cell.path,
            "latency_batch": str(cell.batch), "latency_precision": cell.precision, "latency_onednn": self.place.onednn,
        }  # fmt: skip
        return {key: value for key, value in known.items() if value}


def every(field: Field) -> list[Row]:
    """Return a row for each measurement and for each network without one, by lines of descent and families."""
    seen = {point.network.name for point in field.points}
    measured = [
        Row(network=point.network, point=point, place=place) for place in field.places for point in place.points
    ]
    missing = [Row(network=network) for network in field.networks if network.name not in seen]
    order = {family: place for place, family in enumerate(family for line in LINES.values() for family in line)}
    return sorted([*measured, *missing], key=lambda row: order.get(row.family, len(order)))


def chosen(place: Place) -> list[Row]:
    """Return the rows of a place that most figures show."""
    return [Row(network=point.network, point=point, place=place) for point in place.chosen[1]]


def compared(rows: list[Row]) -> Comparison:
    """Return rows as the candidates of one comparison."""
    trials = [
        Trial(
            number=number, state="complete", configuration=row.settings, measures=row.measures,
            reason=row.point.cell.reason if row.point else "", surroundings=row.surroundings,
        )
        for number, row in enumerate(rows)
    ]  # fmt: skip
    table = Results(
        file=Path("catalogue"), labels=tuple(row.name for row in rows), trials=tuple(trials),
        families=tuple(row.family for row in rows),
    )  # fmt: skip
    return compare([table])
