"""Write a report: one page, with its figures and tables as files.

The page needs no internet. Runs need not be finished. Those on different data sets stand side by side. TABLE.csv is any
table of results, as in `suite front`.

With --format md the report is Markdown for a README or a pull request: the answer, the front as a table and its
figure. `-o -` prints it.

With --catalogue the report is about measured networks: what each costs, beside the accuracy that its paper prints.

\b
suite report resnet
suite report resnet mobilenet alexnet -o reports/comparison
suite report results.csv --objective accuracy --objective parameters
suite report resnet --format md -o -
suite report resnet --language ru
suite report --catalogue laptop.csv server.csv -o reports/catalogue
suite report --catalogue laptop.csv --language ru
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from suite import pipeline
from suite.cli import arguments
from suite.cli.options import aimed, rooted
from suite.cli.speaking import say, tell
from suite.core.trial import Run
from suite.report.language import ENGLISH, LANGUAGES, spoken

STDOUT = Path("-")


@click.command(help=__doc__)
@click.argument("runs", metavar="[RUN|TABLE.csv...]", nargs=-1)
@click.option(
    "--catalogue",
    "tables",
    multiple=True,
    metavar="FILE...",
    type=click.Path(path_type=Path),
    help="Tables of measured networks, ours or timm's, in place of runs. One or several.",
)
@click.option(
    "--format",
    "format",
    type=click.Choice(["html", "md"]),
    default="html",
    show_default=True,
    help="Page or Markdown.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False, allow_dash=True),
    help="Folder of the report; - prints Markdown.",
)
@click.option(
    "--language", type=click.Choice(LANGUAGES), default=ENGLISH, show_default=True, help="English or Russian."
)
@aimed
@rooted
def command(
    runs: Sequence[str],
    tables: Sequence[Path],
    format: str,
    output: Path | None,
    language: str,
    aims: Sequence[str],
    root: Path,
) -> None:
    """Write the report and print where its page is."""
    _check(tables, format, output)
    with spoken(language):
        _write(runs, tables, format, output, aims, root)


def _write(
    runs: Sequence[str], tables: Sequence[Path], format: str, output: Path | None, aims: Sequence[str], root: Path
) -> None:
    if tables:
        say(pipeline.catalogue(arguments.tables(tables, runs), output or root / "catalogue").resolve())
        return
    asked = arguments.objectives(aims)
    found = arguments.results(arguments.named(runs), root, asked)
    of_runs = [one for one in found if isinstance(one, Run)]
    usual = of_runs[0].folder / "report" if of_runs and len(found) == 1 else root / "report"
    if output == STDOUT:
        say(pipeline.markdown(found, usual, asked))
        return
    into = output or usual
    if format == "md":
        say(pipeline.report_as_markdown(found, into, asked).resolve())
        return
    say(pipeline.report(found, into, asked).resolve())
    for line in pipeline.deliver(of_runs, root, into):
        tell(line)


def _check(tables: Sequence[Path], format: str, output: Path | None) -> None:
    if tables and format == "md":
        raise click.UsageError("--format md is for runs and tables of results, not with --catalogue")
    if output == STDOUT and format != "md":
        raise click.UsageError("-o - prints Markdown: add --format md, or name a folder for the page")
