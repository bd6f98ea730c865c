"""The meaning of words on the command line: names of runs, limits, wildcards for architectures."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from suite import architectures as catalogue
from suite.cli.options import LIMITS
from suite.cli.speaking import tell
from suite.core.errors import ArchitectureError, StoreError, did_you_mean
from suite.core.measures import MEASURES
from suite.core.paths import READY
from suite.core.study import Constraint, Objective, is_own, split
from suite.core.trial import Run
from suite.export.formats import FORMATS
from suite.report import choice
from suite.report import results as results_tables
from suite.report.comparison import Comparison
from suite.report.entries import Entry
from suite.report.results import Results, objective
from suite.search import exchange, folder

MODELS = (".keras", ".h5", ".hdf5", *READY)  # endings of files that are measured
OTHERS = {  # endings of other models, and what leads from them to one that is measured
    ".pb": "a file of a SavedModel, whose whole folder is to be given, or a frozen graph, which has no signature",
    ".pt": "a file of PyTorch, which torch.onnx.export writes as a .onnx file",
    ".pth": "a file of PyTorch, which torch.onnx.export writes as a .onnx file",
    ".safetensors": "weights without a network",
    ".ckpt": "weights without a network",
    ".index": "weights without a network",
}
TAKEN = "Give a .keras, .h5, .tflite or .onnx file, or the folder of a SavedModel."
TINY = "tiny"  # variant for tests and first runs


def told_apart(
    files: Sequence[Path], overrides: Sequence[str], *, skip_broken: bool = False
) -> tuple[list[Path], list[str]]:
    """Return study files and overrides separately: one `--set` may be followed by several overrides.

    The flag `--skip-broken` is an override, too.
    """
    more = [file for file in files if overrides and "=" in str(file) and not os.path.exists(file)]
    named = [file for file in files if file not in more]
    if not named:
        raise click.UsageError("name at least one study file")
    return named, [*overrides, *map(str, more), *["skip_broken=true"] * skip_broken]


def tables(files: Sequence[Path], more: Sequence[str]) -> list[Path]:
    """Return all tables of `--catalogue`: names after one `--catalogue` are tables too."""
    lost = [name for name in more if not os.path.isfile(name)]
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
    return [exchange.exchanged(folder.named(name, root)) for name in names]


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
    found = [exchange.exchanged(home) for home in folder.every(root)]
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


def formats(names: str) -> tuple[str, ...]:
    """Return the formats of an export, of a list with commas. Raises a BadParameter for an unknown one."""
    chosen = tuple(dict.fromkeys(name.strip() for name in names.split(",")))
    for name in chosen:
        if name not in FORMATS:
            raise click.BadParameter(f"no format '{name}'.{did_you_mean(name, FORMATS)}", param_hint="--format")
    return chosen


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
    family, variant = split(pattern)
    if is_own(family):
        names = list(catalogue.family(family).VARIANTS)
        return [f"{family}/{name}" for name in _chosen(names, variant, f"variant '{variant}' of {family}")]
    if os.path.exists(pattern):  # which takes any text, unlike Path.exists
        return [_checked(pattern)]
    if _is_path(pattern):
        raise ArchitectureError(f"{pattern}: no such file")
    recorded = catalogue.recorded()
    names = [name for name in recorded if TINY in pattern or not recorded[name].tiny]  # tests' networks must be named
    return _chosen(names, pattern, f"architecture '{pattern}'", " `suite list architectures` lists them all.")


def _is_path(pattern: str) -> bool:
    """Whether a pattern that is not there can be meant as a file only."""
    ending = Path(pattern).suffix.lower()
    return (
        ending in (*MODELS, *OTHERS)
        or os.path.isabs(pattern)
        or pattern.startswith((".", "~"))
        or pattern.endswith("/")
    )


def _checked(path: str) -> str:
    """Return the path of a model. Raises ArchitectureError when what is there is of another kind."""
    ending = Path(path).suffix.lower()
    if os.path.isfile(os.path.join(path, "saved_model.pb")) or (os.path.isfile(path) and ending in MODELS):
        return path
    if ending == ".py":
        raise ArchitectureError(f"{path}: say which of its VARIANTS, as {path}/VARIANT")
    of_file = OTHERS.get(ending, "a file of no kind that is measured")
    kind = "a folder without a saved_model.pb" if os.path.isdir(path) else of_file
    raise ArchitectureError(f"{path}: {kind}. {TAKEN}")


def _chosen(names: Sequence[str], pattern: str, wanted: str, way_out: str = "") -> list[str]:
    found = fnmatch.filter(names, pattern)
    if not found:
        raise ArchitectureError(f"no {wanted}.{did_you_mean(pattern, names) or way_out}")
    return found
