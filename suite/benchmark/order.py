"""The order to the process that builds a network."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class BuildOrder:
    """The network to write, and the paths to write it for."""

    model: str  # a name of the catalogue, or a file: .keras, or the folder of a SavedModel
    image: tuple[int, int, int] | None  # H, W, C; None: the network's own
    classes: int
    precision: str
    paths: tuple[str, ...]
    batches: tuple[int, ...]  # batch sizes whose activations are counted
    folder: str
