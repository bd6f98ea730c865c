"""The schedules of the learning rate that a recipe may name. A new one needs a row in `training.schedules`."""

from __future__ import annotations

SCHEDULES: dict[str, str] = {  # by name: what the rate does after it has warmed up
    "cosine": "falls along a cosine to zero",
    "step": "a tenth after one third of the steps, a hundredth after two",
    "exponential": "falls by the same share in every step, to a hundredth",
    "one-cycle": "rises along a cosine from a 25th, then falls along one to zero",
    "plateau": "a tenth whenever the validation loss has not fallen for a tenth of the epochs",
    "constant": "stays",
}
