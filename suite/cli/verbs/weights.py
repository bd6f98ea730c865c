"""List the weights that others trained for our networks, or fetch some.

Each NAME is a network, a wildcard, or what a study calls some weights. Without one all networks are listed. The first
weights of a network are what `imagenet` means. `top1` is the accuracy on ImageNet that the publisher names. `here` says
whether the file is on this machine: nothing is downloaded without --fetch. It brings the first weights of a network.

\b
suite weights 'efficientnet/lite*'
suite weights resnet/18 --format csv
suite weights resnet/18 --fetch
suite weights timm:resnet18.a1_in1k --fetch
"""

from __future__ import annotations

import importlib

import click

from suite.cli import published
from suite.cli.options import formatted
from suite.cli.printing import show
from suite.cli.speaking import tell
from suite.machine import quiet


@click.command(help=__doc__)
@click.argument("names", nargs=-1)
@click.option("--fetch", is_flag=True, help="Download what is not here.")
@formatted
def command(names: tuple[str, ...], fetch: bool, format: str) -> None:
    """Print what is published, after downloading what was asked for."""
    chosen = published.chosen(names, first=fetch)
    for offer in chosen if fetch else ():
        if offer.file is None:
            tell(f"Fetching {offer.title} for {offer.name}")
            quiet.load_tensorflow()
            importlib.import_module("suite.architectures.weights").fetch(offer.name, offer.wanted)
    rows = published.rows(names, chosen)
    show(rows, format, published.COLUMNS, spare=published.SPARE, apart=published.APART)
