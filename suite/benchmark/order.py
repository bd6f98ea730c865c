"""What the process that builds a network is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class BuildOrder:
    """What is to be written."""

    model: str  # a name of the catalogue, or a file: .keras, or the folder of a SavedModel
    image: tuple[int, int, int] | None  # H, W, C; None: the network's own
    classes: int
    precision: str
    paths: tuple[str, ...]
    batches: tuple[int, ...]  # of which the activations are counted
    folder: str
