"""Check study files and their pictures, and print the search spaces.

"In order" means that the study will run: a network can be built for these pictures, and one of your own architecture
can be saved and loaded again. Nothing is downloaded.

\b
suite check studies/*.toml
suite check studies/resnet.toml --set budget.trials=5 fidelity.epochs=1
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from suite import pipeline
from suite.cli import arguments
from suite.cli.options import formatted, overriding, skipping
from suite.cli.printing import rendered, show
from suite.cli.speaking import tell
from suite.core import seen
from suite.core.errors import BrokenFilesError, DatasetError
from suite.core.numbered import numbered
from suite.studyfile import binding

if TYPE_CHECKING:
    from suite.datasets import Dataset

SHOWN = 12  # classes whose pictures are counted in the answer


@click.command(help=__doc__)
@click.argument("files", metavar="STUDY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@overriding
@skipping
@click.option("--problems", type=click.Path(path_type=Path), help="CSV file that lists every file with a problem.")
@formatted
def command(
    files: Sequence[Path], overrides: Sequence[str], skip_broken: bool, problems: Path | None, format: str
) -> None:
    """Check the studies and print what they search over."""
    files, overrides = arguments.told_apart(files, overrides, skip_broken=skip_broken)
    for file in files:
        try:
            study, data = pipeline.check(file, overrides)
        except BrokenFilesError as error:
            if problems:
                _list(error.files, problems)
            raise
        show([row._asdict() for row in binding.summary(study)], format, binding.Row._fields)
        size = "infinitely many" if study.size == float("inf") else f"{study.size:,.0f}"
        tell(f"{file}: in order. {study.name}: {size} configurations from {study.network}.")
        tell(_described(data) if data else f"{study.dataset} is downloaded when the study runs.")


def _list(files: Mapping[str, Sequence[Path]], into: Path) -> None:
    """Write every file with what is wrong with it. Raises DatasetError if that cannot be written."""
    rows = [{"file": str(path), "problem": kind} for kind, paths in files.items() for path in paths]
    try:
        into.write_text(rendered(rows, "csv") + "\n", encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise DatasetError(f"{into}: cannot be written ({error.strerror}): name another file") from error
    tell(f"{numbered(len(rows), 'file is', 'files are')} listed in {into}.")


def _described(data: Dataset) -> str:
    """Return how many pictures there are, and how small a difference they can show."""
    held_out = data.sizes["validation"]
    spread = 196 * math.sqrt(0.25 / held_out)  # half the 95 % interval of a share near one half, in points
    classes = ", ".join(f"{name} {count:,}" for name, count in list(data.counts.items())[:SHOWN])
    more = f", and {numbered(len(data.counts) - SHOWN, 'more class', 'more classes')}" * (len(data.counts) > SHOWN)
    counted = f" ({classes}{more})" if classes else ""
    return (
        f"{sum(data.sizes.values()):,} pictures of {len(data.classes)} classes{counted}: {data.sizes['train']:,} for "
        f"training, {held_out:,} for validation, {data.sizes['test']:,} for the test. With {held_out:,} validation "
        f"pictures a difference of less than {spread:.1f} points may be chance. " + seen.to_beat(*data.baseline)
    )
