"""The catalogue's page: one self-contained HTML file, and beside it each figure as CSV, PNG and SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib import resources
from pathlib import Path

import pandas as pd
from jinja2 import Environment, StrictUndefined

from suite.core.cells import Table, of_timm, row
from suite.core.errors import TableError
from suite.core.measures import COUNTED, MEASURES, written
from suite.core.paths import PATHS
from suite.report.catalogue import cited, costs, grids, measured, timeline, words
from suite.report.catalogue.data import Field, Point, join
from suite.report.catalogue.network import Network
from suite.report.phrases import listed
from suite.report.picture import Picture

UNMEASURED = "not measured"
_WIDE = 7.0  # inches; a wider figure takes the whole width
_TALL = 7.0  # inches; a taller figure scrolls


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A column of the table of measurements."""

    text: str
    meaning: str = ""
    numeric: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table of measurements."""

    key: str
    device: str
    state: str
    on_front: bool
    cells: str  # markup


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A figure as the page shows it."""

    picture: Picture
    svg: str
    where: str
    wide: bool
    tall: bool
    listing: Sequence[Sequence[str]]  # its numbers as a table, headings first; may be empty


SHOWN = [cost for cost in MEASURES.values() if cost.is_cost]
HEADINGS = (
    Heading(text="network"),
    Heading(text="device"),
    Heading(text="path", meaning="; ".join(f"{name}: {said}" for name, said in PATHS.items())),
    Heading(text="precision"),
    Heading(text="batch", numeric=True),
    Heading(text="image", meaning="height, width and channels of the pictures"),
    Heading(text="state"),
    Heading(text="front", meaning="on the accuracy-speed front of its device, path and precision"),
    Heading(text="top1, %", meaning="cited, ImageNet validation", numeric=True),
    Heading(text="accuracy", meaning="whether its cited accuracy may be compared"),
    Heading(text="images/s", numeric=True),
    *(Heading(text=cost.heading, meaning=cost.meaning, numeric=True) for cost in SHOWN),
    Heading(text="measured", meaning="UTC"),
    Heading(text="reason", meaning="why it is not stable"),
)


def write(networks: Sequence[Network], tables: Sequence[Table], folder: Path) -> Path:
    """Write the page and its files into `folder` and return the path of the page, `index.html`.

    Raises TableError when there is no measurement: no table, no row, or only rows of timm's that match no network of
    the catalogue.
    """
    field = join(networks, tables)
    if not field.points:
        raise TableError(
            "nothing to report: no row matches a network of the catalogue. Name at least one table that `suite "
            "measure` wrote, or one of timm's"
        )
    folder.mkdir(parents=True, exist_ok=True)
    shown = [_shown(each, each.save(folder), field) for each in figures(field)]
    best = {key for place in field.places for key in measured.best(place)}
    _frame(field, best).to_csv(folder / "cells.csv", index=False)
    pd.DataFrame(of_timm(point.cell for point in field.points)).to_csv(folder / "cells-timm.csv", index=False)
    page = folder / "index.html"
    page.write_text(_html(field, shown, best), encoding="utf-8")
    return page


def figures(field: Field) -> list[Picture]:
    """Return every figure that has something to draw, from the top of the page down."""
    rows = _rows_of(field)
    known = field.networks
    mains = [(place, words.suffix(field, place)) for place in field.mains]
    drawn = [
        *(grids.recommendation(place, suffix) for place, suffix in mains),
        *measured.speeds(field),
        cited.balls(known, rows, "top1"),
        cited.balls(known, rows, "top5"),
        cited.density_bars(known, rows),
        cited.density_plane(known, rows),
        cited.curves(known, rows, "parameters"),
        cited.curves(known, rows, "macs"),
        *(costs.complexity(field, place, suffix) for place, suffix in mains),
        *(grids.times(place, suffix) for place, suffix in mains),
        *(grids.memories(place, suffix) for place, suffix in mains),
        *(costs.memory(place, suffix) for place, suffix in mains),
        timeline.accuracies(known, rows),
        timeline.sizes(known, rows),
        *measured.places(field),
    ]
    return [each for each in drawn if each]


def _rows_of(field: Field) -> Mapping[str, str]:
    """Map each network of the catalogue to its row in the table: if measured, the row that most figures show."""
    ordered = [*(point for place in field.mains for point in place.chosen[1]), *field.points]
    measured_rows = {point.network.name: point.key for point in reversed(ordered)}
    return {network.name: network.name for network in field.networks} | measured_rows


def _shown(drawn: Picture, svg: str, field: Field) -> Shown:
    width, height = drawn.figure.get_size_inches()
    place = next((p for p in field.mains if drawn.name.endswith(p.slug)), None)
    return Shown(
        picture=drawn,
        svg=svg,
        where=words.where(field, place) if place else "",
        wide=width > _WIDE,
        tall=height > _TALL,
        listing=_listing(drawn),
    )


def _listing(drawn: Picture) -> Sequence[Sequence[str]]:
    """Return the numbers of a recommendation as a table; nothing for other figures."""
    if not drawn.name.startswith("recommendation"):
        return ()
    texts = [[_text(value) for value in row] for row in drawn.table.itertuples(index=False)]
    return [[column.replace("_", " ") for column in drawn.table.columns], *texts]


def _text(value: object) -> str:
    """Return a number with few digits; an unknown one is empty."""
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
    return str(value)


def _html(field: Field, shown: Sequence[Shown], best: set[str]) -> str:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_asset("suite.report.catalogue", "page.html.jinja"))
    rows = _rows(field, best)
    return template.render(
        title=listed(list(dict.fromkeys(place.device for place in field.places))),
        style=_asset("suite.report.catalogue", "page.css"),
        script=_asset("suite.report.catalogue", "page.js"),
        headlines=words.headlines(field),
        notes=words.absent(field, [each.picture.name for each in shown]),
        pictures=shown,
        headings=HEADINGS,
        rows=rows,
        devices=list(dict.fromkeys(row.device for row in rows if row.device)),
        states=list(dict.fromkeys(row.state for row in rows)),
        surroundings=[(table.device, list(table.surroundings.items())) for table in field.tables],
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )


def _asset(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def _rows(field: Field, best: set[str]) -> list[Row]:
    """Return a row for each measurement, those on a front first, then one for each network without any."""
    measured_rows = [_row(point, point.key in best) for point in field.points]
    seen = {point.network.name for point in field.points}
    missing = [_missing(network) for network in field.networks if network.name not in seen]
    return sorted(measured_rows, key=lambda row: not row.on_front) + missing


def _row(point: Point, on_front: bool) -> Row:
    network, cell = point.network, point.cell
    texts = [
        network.name, point.device, cell.path, cell.precision, str(cell.batch), cell.image, cell.state,
        "●" if on_front else "", _text(network.top1), point.kind if network.top1 is not None else "not cited",
        _text(cell.rate), *_costs(network, cell.measures), cell.measured, cell.reason,
    ]  # fmt: skip
    return Row(key=point.key, device=point.device, state=cell.state, on_front=on_front, cells=_markup(texts))


def _missing(network: Network) -> Row:
    said = network.kind(network.resolution) if network.top1 is not None else "not cited"
    texts = [network.name, *[""] * 5, UNMEASURED, "", _text(network.top1), said, "", *_costs(network, {}), "", ""]
    return Row(key=network.name, device="", state=UNMEASURED, on_front=False, cells=_markup(texts))


def _costs(network: Network, measures: Mapping[str, float]) -> list[str]:
    """Return the texts under SHOWN: measured values, else the counts of the catalogue."""
    counted = {name: getattr(network, name) for name in COUNTED}
    known = {name: value for name, value in counted.items() if value is not None} | dict(measures)
    return [written(cost.name, known[cost.name]) if cost.name in known else "" for cost in SHOWN]


def _markup(texts: Sequence[str]) -> str:
    # Not left to the template: escaping many thousands of cells one by one there takes seconds.
    return "".join(f"<td>{escape(text)}</td>" for text in texts)


def _frame(field: Field, best: set[str]) -> pd.DataFrame:
    """Return every measurement with all its columns, its cited accuracy, and whether that may be compared."""
    return pd.DataFrame(
        {"device": point.device, **row(point.cell)}
        | {"top1": point.network.top1, "kind": point.kind, "on_front": point.key in best}
        for point in field.points
    )
