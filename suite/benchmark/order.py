"""The order to the process that builds a network."""

from __future__ import annotations

from dataclasses import dataclass

from suite.core.inputs import Given


@dataclass(frozen=True, kw_only=True)
class BuildOrder:
    """The network to write, and the paths to write it for."""

    model: str  # a name of the catalogue, or the file of a model, or its folder
    given: Given  # sizes by --image, as core.inputs has them; empty: the network's own
    classes: int
    precision: str
    paths: tuple[str, ...]
    batches: tuple[int, ...]  # batch sizes whose activations are counted
    folder: str
    trusted: bool  # whether code that a file brings along may run
