"""The meaning of words on the command line: names of runs, limits, wildcards for architectures, shapes."""

from __future__ import annotations

import fnmatch
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from suite import architectures as catalogue
from suite.benchmark.campaign import Settings, Told
from suite.cli.options import LIMITS
from suite.cli.speaking import tell
from suite.core import task
from suite.core.cells import Cell
from suite.core.errors import ArchitectureError, StoreError, did_you_mean
from suite.core.measures import MEASURES
from suite.core.paths import PATHS
from suite.core.rules import RECIPE_CHOICES
from suite.core.study import Constraint, Objective, is_own, split
from suite.core.task import Shape
from suite.core.trial import Run
from suite.machine.capacity import processors
from suite.machine.progress import left
from suite.report import choice
from suite.report import results as results_tables
from suite.report.comparison import Comparison, Entry
from suite.report.results import Results, objective
from suite.search import folder

PRECISIONS = RECIPE_CHOICES["precision"]
_OF_KERAS_2 = "a file of an earlier Keras. Load it with the Keras that wrote it, and export it as a SavedModel"
MODELS = {  # endings of models, and why those that are not measured are not
    ".keras": "",
    ".h5": _OF_KERAS_2,
    ".hdf5": _OF_KERAS_2,
    ".tflite": "a file for LiteRT alone, whose layers cannot be counted",
    ".onnx": "a file for ONNX Runtime alone, whose layers cannot be counted",
    ".pb": "a file of a SavedModel, or a frozen graph",
    ".pt": "a file of PyTorch",
    ".pth": "a file of PyTorch",
    ".safetensors": "weights without a network",
}
TINY = "tiny"  # variant for tests and first runs
ON = tuple(path for path in PATHS if path != "pytorch")  # paths that we can measure on


def told_apart(
    files: Sequence[Path], overrides: Sequence[str], *, skip_broken: bool = False
) -> tuple[list[Path], list[str]]:
    """Return study files and overrides separately: one `--set` may be followed by several overrides.

    The flag `--skip-broken` is an override, too.
    """
    more = [file for file in files if overrides and "=" in str(file) and not file.exists()]
    named = [file for file in files if file not in more]
    if not named:
        raise click.UsageError("name at least one study file")
    return named, [*overrides, *map(str, more), *["skip_broken=true"] * skip_broken]


def tables(files: Sequence[Path], more: Sequence[str]) -> list[Path]:
    """Return all tables of `--catalogue`: names after one `--catalogue` are tables too."""
    lost = [name for name in more if not Path(name).is_file()]
    if lost:
        raise click.UsageError(f"'{lost[0]}' is no file. With --catalogue, every name must be the file of a table")
    return [*files, *map(Path, more)]


def named(names: Sequence[str]) -> Sequence[str]:
    """Return names of runs; raise a UsageError if there is none."""
    if not names:
        raise click.UsageError("name at least one run, or tables of measured networks with --catalogue")
    return names


def runs(names: Sequence[str], root: Path) -> list[Run]:
    """Return runs by folder, or by name within `root`."""
    return [folder.read(folder.named(name, root)) for name in names]


def results(names: Sequence[str], root: Path, asked: Sequence[Objective]) -> list[Run | Results]:
    """Return runs, as `runs` does, and tables of results by their files; print how a table was read.

    Raises TableError for a table that cannot be read or lacks an objective in `asked`.
    """
    found: list[Run | Results] = []
    for name in names:
        if folder.is_run(root / name) or not results_tables.is_table(name):
            found += runs([name], root)
            continue
        table = results_tables.read(Path(name))
        results_tables.require(table, asked)
        found.append(table)
        shown = " and ".join(f"{one.measure} ({one.goal})" for one in asked or table.objectives)
        for note in (*table.notes, f"compared in {shown}; --objective names others"):
            tell(f"{name}: {note}.")
    return found


def objectives(names: Sequence[str]) -> tuple[Objective, ...]:
    """Return objectives by the names of their measures, each once. Raises a UsageError for an unknown measure."""
    for name in names:
        if name not in MEASURES:
            raise click.BadParameter(f"no measure '{name}'.{did_you_mean(name, MEASURES)}", param_hint="--objective")
    return tuple(map(objective, dict.fromkeys(names)))


def every_run(root: Path) -> list[Run]:
    """Return all runs in `root`; raise StoreError when there is none."""
    found = [folder.read(home) for home in folder.every(root)]
    if not found:
        raise StoreError(f"{root}: no runs here yet. `suite run STUDY` makes one.")
    return found


def limits(options: Mapping[str, float | None]) -> tuple[Constraint, ...]:
    """Return the limits among `options`, which are keyed as LIMITS."""
    return tuple(
        Constraint(measure=LIMITS[name].name, **{"at_most" if LIMITS[name].goal == "min" else "at_least": value})
        for name, value in options.items()
        if value is not None
    )


def entry(comparison: Comparison, trial: str, limits: Sequence[Constraint]) -> Entry:
    """Return the trial for a number, `run/number`, `best` or `knee`."""
    if trial in ("best", "knee"):
        return choice.best(comparison, limits) if trial == "best" else choice.knee(comparison, limits)
    return choice.named(comparison, trial)


def architectures(patterns: Sequence[str]) -> list[str]:
    """Return the matching names of the catalogue, of `FILE.py/VARIANT`, and files of models.

    Raises ArchitectureError when a pattern matches nothing.
    """
    return list(dict.fromkeys(name for pattern in patterns for name in _matches(pattern)))


def _matches(pattern: str) -> list[str]:
    ending = Path(pattern).suffix
    if ending in MODELS and not os.path.exists(pattern):  # which takes any text, unlike Path.exists
        raise ArchitectureError(f"{pattern}: no such file")
    if ending == ".keras" or os.path.isfile(os.path.join(pattern, "saved_model.pb")):
        return [pattern]
    if ending in MODELS or os.path.isdir(pattern):
        kind = MODELS.get(ending, "a folder without a saved_model.pb")
        raise ArchitectureError(f"{pattern}: {kind}. Give a .keras file or the folder of a SavedModel")
    family, variant = split(pattern)
    if is_own(family):
        names = list(catalogue.family(family).VARIANTS)
        return [f"{family}/{name}" for name in _chosen(names, variant, f"variant '{variant}' of {family}")]
    recorded = catalogue.recorded()
    names = [name for name in recorded if TINY in pattern or not recorded[name].tiny]  # tests' networks must be named
    return _chosen(names, pattern, f"architecture '{pattern}'", " `suite list architectures` lists them all.")


def _chosen(names: Sequence[str], pattern: str, wanted: str, way_out: str = "") -> list[str]:
    found = fnmatch.filter(names, pattern)
    if not found:
        raise ArchitectureError(f"no {wanted}.{did_you_mean(pattern, names) or way_out}")
    return found


def shape(text: str | None) -> Shape | None:
    """Return (H, W, C) of `32x32x3`."""
    image = None if text is None else task.shape(text)
    if text is not None and image is None:
        raise click.BadParameter(f"'{text}': write height, width and channels like 32x32x3", param_hint="--image")
    return image


def settings(
    paths: str,
    batches: str,
    image: Shape | None,
    classes: int,
    precision: str,
    threads: int | None,
    seconds: float,
    longest: float,
    again: bool,
) -> Settings:
    """Return the settings of a measurement; `paths` and `batches` are lists with commas."""
    unknown = [path for path in paths.split(",") if path not in ON]
    if unknown:
        raise click.BadParameter(f"'{unknown[0]}' is no path: give some of {', '.join(ON)}", param_hint="--path")
    sizes = batches.split(",")
    if not all(size.isdigit() and int(size) for size in sizes):
        raise click.BadParameter(f"'{batches}': write whole numbers like 1,8,32", param_hint="--batch")
    there = processors()
    if threads and threads > there:
        raise click.BadParameter(f"{threads} is too many: there are {there} processors", param_hint="--threads")
    return Settings(
        paths=tuple(dict.fromkeys(paths.split(","))),
        batches=tuple(sorted(set(map(int, sizes)))),
        image=image,
        classes=classes,
        precision=precision,
        threads=threads or there,
        seconds=seconds,
        longest=longest,
        again=again,
    )


def teller() -> Told:
    """Return a function that prints each measurement, and the time left, to stderr."""
    began = time.monotonic()

    def told(cell: Cell, done: int, count: int) -> None:
        known = f"{cell.model}, {cell.path}, batch {cell.batch}: {cell.said}"
        tell(f"{known}  [{done} of {count}, {left(began, done, count)} left]")

    return told
