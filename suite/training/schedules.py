"""Learning rates over a training: each is a function of the step alone, so a stopped training goes on exactly.

A rate rises to its peak while it warms up, and then follows its fall to the last step. A plateau has no fall of its
own: its rate follows from the validation losses so far.

He et al. 2016, https://arxiv.org/abs/1512.03385, section 3.4 (step). Loshchilov and Hutter 2017,
https://arxiv.org/abs/1608.03983 (cosine). Smith and Topin 2017, https://arxiv.org/abs/1708.07120 (one-cycle; from a
25th of the peak and along cosines as in fastai; the momentum stays as it is). Tan and Le 2019,
https://arxiv.org/abs/1905.11946, section 5.2 (exponential: 0.97 every 2.4 of 350 epochs is about 0.01 in all).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from suite.core.recipe import Recipe

Share = Callable[[Any], Any]  # share of the peak, 0 to 1, by the part of the rise or fall that is done, 0 to 1


def _cosine(done: Any) -> Any:
    return (1 + ops.cos(math.pi * done)) / 2


def _linear(done: Any) -> Any:
    return done


def _constant(done: Any) -> Any:
    return ops.ones_like(done)


def _tenths(done: Any) -> Any:
    """Return a tenth after one third of the fall and a hundredth after two."""
    return ops.power(0.1, ops.floor(ops.minimum(3 * done + ROUNDING, 2.0)))


def _hundredth(done: Any) -> Any:
    return ops.power(0.01, done)


def _from_a_25th(done: Any) -> Any:
    return 1 - (1 - 1 / 25) * _cosine(done)


ROUNDING = 1e-5  # thirds of a float are not exact


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The form of a schedule."""

    rise: Share = _linear
    fall: Share


# A test holds the names to core.rules.RECIPE_CHOICES: a name without a row is an error, not another one's row.
SHAPES: dict[str, Shape] = {
    "cosine": Shape(fall=_cosine),
    "step": Shape(fall=_tenths),
    "exponential": Shape(fall=_hundredth),
    "one-cycle": Shape(rise=_from_a_25th, fall=_cosine),
    "plateau": Shape(fall=_constant),
    "constant": Shape(fall=_constant),
}


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of a recipe over `steps` steps."""

    def __init__(self, name: str, peak: float, steps: int, warmup: float) -> None:
        self.name = name
        # Variables: what was traced with them serves other trainings too.
        self._peak, self._rises, self._falls = (
            keras.Variable(0.0, trainable=False, name=name) for name in ("peak", "rises", "falls")
        )
        self.share = keras.Variable(1.0, trainable=False, name="share")  # of the rate, which a plateau makes smaller
        self.plan(peak, steps, warmup)

    def plan(self, peak: float, steps: int, warmup: float) -> None:
        """Plan the rate of another training."""
        self.peak, self.steps, self.warmup, rises = peak, steps, warmup, round(warmup * steps)
        self._peak.assign(peak)
        self._rises.assign(rises)
        self._falls.assign(max(1, steps - rises))
        self.share.assign(1.0)

    def __call__(self, step: Any) -> Any:
        """Return the rate of the next step, when so many are done."""
        shape, done, rises = SHAPES[self.name], ops.cast(step, "float32"), ops.convert_to_tensor(self._rises)
        fallen = shape.fall(ops.clip((done - rises) / self._falls, 0.0, 1.0))
        risen = shape.rise(ops.minimum(done / ops.maximum(rises, 1.0), 1.0))
        return self._peak * self.share * ops.where(done < rises, risen, fallen)

    def get_config(self) -> dict[str, Any]:
        """Return what Keras needs to make this schedule again."""
        return {"name": self.name, "peak": self.peak, "steps": self.steps, "warmup": self.warmup}


def schedule(recipe: Recipe, steps: int) -> Schedule:
    """Return the learning rate over `steps` steps of a training."""
    return Schedule(recipe.schedule, recipe.learning_rate, steps, recipe.warmup)


class Plateau(keras.callbacks.Callback):
    """Divides the rate by ten, as often as the validation loss has stopped to fall for a tenth of the epochs."""

    def __init__(self, rate: Schedule, epochs: int, curve: Callable[[], Sequence[Mapping[str, float]]]) -> None:
        super().__init__()
        self._rate, self._patience, self._curve = rate, max(2, round(epochs / 10)), curve

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Set the rate of an epoch by the curve so far, that of earlier pieces of the training included."""
        self._rate.share.assign(0.1 ** plateaus([row["val_loss"] for row in self._curve()], self._patience))


def plateaus(losses: Sequence[float], patience: int) -> int:
    """Return how often `patience` losses in a row were not below the least before; counting begins again after each."""
    least, waited, found = math.inf, 0, 0
    for loss in losses:
        waited = 0 if loss < least else waited + 1
        least = min(least, loss)
        if waited == patience:
            waited, found = 0, found + 1
    return found
