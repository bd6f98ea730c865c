"""Classify pictures with an exported model.

Prints the likeliest classes of each picture, as the exported model sees it.

\b
suite predict exports/resnet-7 cat.jpg dog.png
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from suite import pipeline
from suite.cli.options import formatted
from suite.cli.printing import show


@click.command(help=__doc__)
@click.argument("exported", metavar="EXPORT", type=click.Path(path_type=Path))
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top", default=5, show_default=True, help="Number of classes to print.")
@formatted
def command(exported: Path, images: Sequence[Path], top: int, format: str) -> None:
    """Print the likeliest classes."""
    rows = [
        {"image": str(image), "rank": rank, "class": name, "probability": round(probability, 6)}
        for image, ranked in zip(images, pipeline.predict(exported, images), strict=True)
        for rank, (name, probability) in enumerate(ranked[:top], start=1)
    ]
    show(rows, format)
