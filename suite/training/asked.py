"""What is asked of one training: all but its network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

from suite.core.phases import Phase, phases
from suite.core.recipe import Recipe
from suite.core.task import Shape
from suite.datasets import Dataset
from suite.training.best import OnEpoch
from suite.training.deadline import Forecast, Left, forever
from suite.training.fitting import Traced

Build = Callable[[Shape, float], keras.Model]  # the network for pictures (H, W, C), with this share of its dropout


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of one training, see `loop.train`."""

    recipe: Recipe
    data: Dataset  # at the size at which the network is used
    epochs: int  # for which rates and sizes are planned
    until: int  # epoch after which it ends
    seed: int
    checkpoint: Path | None = None
    left: Left = forever
    forecast: Callable[[Forecast], object] | None = None
    on_epoch: OnEpoch | None = None
    traced: Traced | None = None  # networks that may be trained in place of one that is like them
    build: Build | None = None  # None: its recipe names no other sizes

    @property
    def plan(self) -> dict[str, Any]:
        """All that decides how a training goes on from a checkpoint."""
        told = {"epochs": self.epochs, "seed": self.seed, "dataset_digest": self.data.digest}
        return {**asdict(self.recipe), **told}

    @property
    def phases(self) -> list[Phase]:
        """The sizes of pictures that it goes through."""
        return phases(self.recipe.sizes, self.epochs)

    def traced_for(self, parts: int) -> Traced:
        """Return the traced networks that may serve for batches in so many parts.

        None serves where pictures of other sizes are learned from. Where whole batches are too large, all are freed.
        """
        if self.traced and parts > 1:
            self.traced.forget()
        return self.traced if self.traced and parts == 1 and len(self.phases) == 1 else Traced()
