"""What a training has reached: its curve, and the weights of its best epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import keras

from suite.training.checkpoint import Progress

OnEpoch = Callable[[dict[str, float]], object]


class DivergedError(ArithmeticError):
    """The loss is no longer a number."""


class Best(keras.callbacks.Callback):
    """Keeps the curve, and the weights of the epoch that is best on the validation pictures; ends by patience."""

    def __init__(self, begun: Progress, patience: int, on_epoch: OnEpoch | None = None) -> None:
        super().__init__()
        self.progress = begun
        self.side: int | None = None  # pixels: shorter side of the pictures just now; None: always the same
        self._patience, self._on_epoch = patience, on_epoch

    @property
    def is_over(self) -> bool:
        """Whether so many epochs brought no better one that the training ends."""
        best = self.progress.best["epoch"] if self.progress.curve else 0
        return 0 < self._patience <= self.progress.epochs - best

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record one epoch."""
        row = self._row(epoch + 1, logs or {})
        if not math.isfinite(row["loss"]) or not math.isfinite(row["val_loss"]):
            raise DivergedError(f"the loss is not a number after epoch {epoch + 1}: a lower learning rate may help")
        self.progress = replace(self.progress, curve=(*self.progress.curve, row))
        if self.progress.best is row:
            self.progress = replace(self.progress, weights=self.model.get_weights())
        if self.is_over:
            self.model.stop_training = True
        if self._on_epoch:
            self._on_epoch(row)

    def _row(self, epoch: int, logs: dict[str, float]) -> dict[str, float]:
        shares = ("accuracy", "top5", "balanced_accuracy")
        percent = {*shares, *(f"val_{name}" for name in shares)}
        measured = {key: float(value) * (100 if key in percent else 1) for key, value in logs.items()}
        rate = float(self.model.optimizer.learning_rate)
        sized = {} if self.side is None else {"side": self.side}
        return {"epoch": epoch, "time": time.time(), **measured, "learning_rate": rate, **sized}
