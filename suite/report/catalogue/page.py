"""The catalogue's page: the page of a study on other rows, and beside it each figure as a file.

A row is one network as it was measured. The static figures are those of the literature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from suite.core.cells import Table, of_timm, row
from suite.core.errors import TableError
from suite.report import called
from suite.report.catalogue import cited, costs, density, embedded, grids, measured, rows, timeline, words
from suite.report.catalogue.data import Field, join
from suite.report.catalogue.network import Network
from suite.report.catalogue.places import Place
from suite.report.language import say
from suite.report.phrases import listed
from suite.report.picture import Picture
from suite.report.study import page as of_study
from suite.report.study.page import Drawn
from suite.report.study.sides import Side

_INTERACTIVE = ("speed", "throughput")  # figures that the page draws by itself


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
    pictures = [(each, each.save(folder)) for each in figures(field)]
    _frame(field).to_csv(folder / "cells.csv", index=False)
    pd.DataFrame(of_timm(point.cell for point in field.points)).to_csv(folder / "cells-timm.csv", index=False)
    page = folder / "index.html"
    page.write_text(_html(field, pictures), encoding="utf-8")
    return page


def figures(field: Field) -> list[Picture]:
    """Return every figure that has something to draw, from the top of the page down."""
    named = _rows_of(field)
    known = field.networks
    mains = [(place, words.suffix(field, place)) for place in field.mains]
    drawn = [
        *(grids.recommendation(place, suffix) for place, suffix in mains),
        *measured.speeds(field),
        cited.balls(known, named, "top1"),
        cited.balls(known, named, "top5"),
        density.bars(known, named),
        density.plane(known, named),
        cited.curves(known, named, "parameters"),
        cited.curves(known, named, "macs"),
        *(costs.complexity(field, place, suffix) for place, suffix in mains),
        *(grids.times(place, suffix) for place, suffix in mains),
        *(grids.memories(place, suffix) for place, suffix in mains),
        *(costs.memory(place, suffix) for place, suffix in mains),
        timeline.accuracies(known, named),
        timeline.sizes(known, named),
        *measured.places(field),
    ]
    return [each for each in drawn if each]


def _rows_of(field: Field) -> Mapping[str, str]:
    """Map each network of the catalogue to its row on the page: if measured, the row that most figures show."""
    ordered = [*(point for place in field.mains for point in place.chosen[1]), *field.points]
    measured_rows = {point.network.name: point.key for point in reversed(ordered)}
    return {network.name: network.name for network in field.networks} | measured_rows


def _html(field: Field, pictures: Drawn) -> str:
    every = rows.every(field)
    still = [each for each in pictures if not each[0].name.startswith(_INTERACTIVE)]
    sides = [_side(field, device, pictures, still) for device in field.devices]
    of_sides = {picture.name for side in sides for picture, _ in side["pictures"]}
    return of_study.whole(
        embedded.embedded(field, every, rows.compared(every)),
        title=listed(field.devices),
        called=called.of_networks(),
        questions=[(words.question(), "")],
        sides=sides,
        common=[each for each in still if each[0].name not in of_sides],
        files=[picture for picture, _ in pictures],
        tables=[
            (say("Every measurement, all columns"), "cells.csv"),
            (say("Every measurement, in the columns of timm"), "cells-timm.csv"),
        ],
        surroundings=_surroundings(field),
        names=[table.device for table in field.tables],
    )


def _side(field: Field, device: str, pictures: Drawn, still: Drawn) -> dict[str, Any]:
    """Return what the page shows of one device, or of the only one: its answer, its front and its figures."""
    alone = len(field.devices) == 1
    mains = [place for place in field.mains if place.device == device]
    headings, front = Side(comparison=rows.compared([e for p in mains for e in rows.chosen(p)]), title="").front
    absent = words.absent(field, [picture.name for picture, _ in pictures]) if device == field.devices[0] else []
    return {
        "title": "" if alone else device,
        "runs": "",
        "answer": [sentence for place in mains for sentence in words.answer(place)],
        "worth": [],
        "headlines": [*words.headlines(field, device), *absent],
        "notes": [],
        "headings": [say("network"), *headings[1:]],
        "rows": front,
        "static": [
            each for each in pictures if each[0].name.startswith(_INTERACTIVE) and _is_of(each[0], mains, alone)
        ][:1],
        "pictures": [each for each in still if _is_of(each[0], mains, alone)],
    }


def _is_of(drawn: Picture, mains: Sequence[Place], alone: bool) -> bool:
    """Whether a figure is of these places."""
    return alone or any(drawn.name.endswith(f"-{place.slug}") for place in mains)


def _surroundings(field: Field) -> list[tuple[str, list[str]]]:
    """Return the rows of the table of surroundings: a key, then each table's value."""
    keys = dict.fromkeys(key for table in field.tables for key in table.surroundings)
    return [(key.replace("_", " "), [table.surroundings.get(key, "") for table in field.tables]) for key in keys]


def _frame(field: Field) -> pd.DataFrame:
    """Return every measurement with all its columns, its cited accuracy, and whether that may be compared."""
    best = {key for place in field.places for key in measured.best(place)}
    return pd.DataFrame(
        {"device": point.device, **row(point.cell)}
        | {"top1": point.network.top1, "kind": point.kind, "on_front": point.key in best}
        for point in field.points
    )
