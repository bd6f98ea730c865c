"""What the page knows of each row beside what it knows of every candidate: cited accuracies, speed, sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from suite.report import phrases
from suite.report.catalogue.data import Field
from suite.report.catalogue.network import COMPARABLE, LINES, OWN
from suite.report.catalogue.rows import BATCH, CITED, LINE, PATH, PRECISION, SIDE, STATE, YEAR, Row, chosen, compared
from suite.report.comparison import Comparison
from suite.report.language import localised, say
from suite.report.study import data

SPEED = "throughput"
_COLUMNS = (  # of the table, until others are asked for
    "trial", "kind", YEAR, "accuracy", CITED, "latency", "latency~", "parameters", "macs", "peak_memory", "energy",
    SIDE, STATE,
)  # fmt: skip
_COORDINATES = (YEAR, SIDE, "parameters", "macs", "peak_memory", "energy", "latency", "accuracy")


def embedded(field: Field, rows: Sequence[Row], comparison: Comparison) -> dict[str, Any]:
    """Return what the page embeds of the catalogue."""
    found = data.embedded(comparison, [(None, None)])
    devices = field.devices
    unstable = [int(row.point is not None and not row.point.is_stable) for row in rows]
    measures = found["measures"]
    if "latency" in measures:
        measures["latency"]["unstable"] = unstable
    cited = {"accuracy": [row.network.top1 for row in rows], "top5": [row.network.top5 for row in rows]}
    apart = [int(row.kind != COMPARABLE) for row in rows]
    found["measures"] = {
        **{name: _cited(name, values, apart) for name, values in cited.items()},
        **{name: one for name, one in measures.items() if name not in cited},
        SPEED: _speed(rows, unstable),
    }
    for key, title in _titles().items():
        if key in found["settings"]:
            found["settings"][key] |= {"title": title, "is_plain": key == YEAR}
    found["trials"] |= {
        "network": data.coded(row.network.title for row in rows),
        "set": [devices.index(row.point.device) if row.point else 0 for row in rows],
        "net": data.several(row.network.name for row in rows),
    }
    return found | {
        "sets": devices,
        "of_networks": True,
        "looks": _looks(comparison.kinds, rows),
        "switches": [CITED, STATE],
        "hidden": [f"place:{place}" for place in comparison.places if place not in _shown(field)],
        "columns": list(_COLUMNS),
        "coordinates": list(_COORDINATES),
        "more": _more(rows),
    }


def _cited(name: str, values: Sequence[float | None], apart: Sequence[int]) -> dict[str, Any]:
    title = phrases.title(name)
    return {
        "title": title,
        "unit": phrases.unit(name),
        "word": phrases.word(name),
        "axis": say("{title} as cited, %", title=title),
        "meaning": say("as cited, of the validation pictures of ImageNet"),
        "goal": "max",
        "is_cost": False,
        "is_part": False,
        "per_device": False,
        "values": list(values),
        "apart": list(apart),
    }


def _speed(rows: Sequence[Row], unstable: Sequence[int]) -> dict[str, Any]:
    timed = [row.point if row.point and row.point.cell.latency else None for row in rows]
    return {
        "title": say("Throughput"),
        "unit": say("images/s"),
        "word": say("throughput"),
        "axis": say("Throughput, images/s"),
        "meaning": say("images per second, with one call after another"),
        "goal": "max",
        "is_cost": False,
        "is_part": False,
        "per_device": True,
        "values": [point.rate if point else None for point in timed],
        "low": [point.rates[0] if point else None for point in timed],
        "high": [point.rates[1] if point else None for point in timed],
        "unstable": list(unstable),
    }


def _titles() -> dict[str, str]:
    return {
        LINE: say("line of descent"),
        YEAR: say("year"),
        CITED: say("cited accuracy"),
        PATH: say("path"),
        PRECISION: say("precision"),
        BATCH: say("batch"),
        SIDE: say("picture side, pixels"),
        STATE: say("measurement"),
    }


def _looks(families: Sequence[str], rows: Sequence[Row]) -> list[list[int]]:
    """Return the colour of each family's line of descent, as in the figures below, and a shape within that line."""
    lines = [*LINES, OWN]
    of_line = {row.family: lines.index(row.network.line) for row in rows}
    seen = [of_line[family] for family in families]
    return [[line, seen[:place].count(line)] for place, line in enumerate(seen)]


def _shown(field: Field) -> set[str]:
    """Return the places of the rows that the page opens with: of each device that with most networks."""
    return {place for main in field.mains for place in compared(chosen(main)).places}


def _more(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return tables of facts, with the text of each row; a fact that no row has is left out."""
    return [
        {"title": title, "facts": [[name, data.coded(texts)] for name, texts in facts if any(texts)]}
        for title, facts in (
            (say("What its paper says"), [(name, [tell(row) for row in rows]) for name, tell in _of_paper()]),
            (say("How it was measured"), [(name, [tell(row) for row in rows]) for name, tell in _of_timing()]),
        )
    ]


Told = list[tuple[str, Callable[[Row], str]]]


def _of_paper() -> Told:
    return [
        (say("network"), lambda row: row.network.title),
        (say("source"), lambda row: row.network.source),
        (say("conditions"), lambda row: row.network.conditions),
        (say("size for the accuracy"), lambda row: _number(row.network.size) if row.network.top1 is not None else ""),
    ]


def _of_timing() -> Told:
    return [
        (say("device"), lambda row: row.point.device if row.point else ""),
        (say("threads"), lambda row: row.place.threads if row.place else ""),
        (say("path"), lambda row: f"{row.point.cell.path}: {phrases.path(row.point.cell.path)}" if row.point else ""),
        (say("measured, UTC"), lambda row: row.point.cell.measured if row.point else ""),
        (say("all parameters, with those that are not trained"), lambda row: _number(row.network.total_parameters)),
        *((name, _of_cell(key)) for name, key in _readings()),
    ]


def _of_cell(key: str) -> Callable[[Row], str]:
    def told(row: Row) -> str:
        value = getattr(row.point.cell, key) if row.point else None
        return value if isinstance(value, str) else _number(value)

    return told


def _readings() -> list[tuple[str, str]]:
    return [
        (say("classes"), "classes"),
        (say("digest of its file"), "digest"),
        (say("given sizes"), "given"),
        (say("most memory alive at once, MB"), "activation_memory"),
        (say("timed in turns with"), "reference"),
        (say("its time over theirs"), "ratio"),
        (say("their time at rest, ms"), "rest"),
        (say("power of their time that its time follows"), "follows"),
        (say("blocks of calls"), "blocks"),
        (say("calls"), "calls"),
        (say("drift of the references, %"), "drift"),
        (say("processes that ran, mean"), "load"),
        (say("taken by other processes, %"), "others"),
        (say("taken by other machines, %"), "steal"),
        (say("clock, MHz"), "clock"),
        (say("temperature, °C"), "temperature"),
        (say("seconds of measuring"), "seconds"),
    ]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return localised(f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if value < 1000 else f"{value:,.0f}")
