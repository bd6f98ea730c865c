"""The rules for the values of a study, beyond their types, with the words for messages."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields
from datetime import date, time
from typing import Any

from suite.core.errors import LONG, StudyError, did_you_mean
from suite.core.measures import MEASURES
from suite.core.optimizers import OPTIMIZERS
from suite.core.paths import DEPLOYED
from suite.core.presets import FAMILY, PRESETS
from suite.core.schedules import SCHEDULES

SAMPLERS = ("cheap-first", "tpe", "nsga2", "random")
AUTO = "auto"  # what is fastest here, by measuring
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
RECIPE_CHOICES = {
    "preset": (FAMILY, *PRESETS),
    "optimizer": tuple(OPTIMIZERS),
    "schedule": tuple(SCHEDULES),
    "cross_entropy": ("softmax", "sigmoid"),
    "class_weight": ("none", "balanced"),
    "mode": ("scratch", "frozen", "tune"),
    "batch_norm": ("inference", "train"),
    "precision": (*PRECISIONS, AUTO),
    "xla": ("default", "off", "on", AUTO),
}


def _is_part(share: float) -> bool:
    return 0 < share <= 1


_KNOWN: dict[str, Collection[str]] = {"sampler": SAMPLERS, "measure": MEASURES, "path": DEPLOYED, **RECIPE_CHOICES}

_WHOLE = (
    "seed", "trials", "epochs", "min_epochs", "batch_size", "batch", "threads", "patience", "frozen_stages", "fixres",
    "progressive", "networks", "seeds",
)  # fmt: skip

_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": (
        "needs letters, digits, '-', '_' and '.', a letter or digit first. A folder is named after it, so it has at "
        "most 100 of them, which take 200 bytes at most",
        lambda name: (
            len(name) <= 100
            and len(name.encode(errors="replace")) <= 200  # a file system takes 255
            and re.fullmatch(r"[^\W_][\w.-]*", name) is not None
            and name[-1] != "."
        ),
    ),
    "architecture": (
        'needs FAMILY/VARIANT, such as "resnet/50", or FILE.py/VARIANT',
        lambda names: bool(names) and all(map(_is_network, (names,) if isinstance(names, str) else names)),
    ),
    "dataset": (
        'needs a tensorflow-datasets name, a folder, "hf:NAME", or "digits"',
        lambda name: bool(name.strip()),
    ),
    "weights": (
        'needs "imagenet", a file, an earlier trial as "RUN/NUMBER", or "none"',
        lambda name: bool(name.strip()),
    ),
    "image": (
        "needs a side in pixels, or [height, width, channels]: sides of at least 1 pixel, 1 or 3 channels",
        lambda image: image >= 1 if isinstance(image, int) else min(image) >= 1 and image[2] in (1, 3),
    ),
    "background": (
        'needs a colour: "white", "grey", "black" or red, green and blue as "#ff8800"',
        lambda colour: re.fullmatch("white|gr[ae]y|black|#[0-9a-fA-F]{6}", colour) is not None,
    ),
    "seed": ("needs 0 to 4294967295", lambda seed: 0 <= seed < 2**32),
    "trials": ("needs at least 1", lambda trials: trials >= 1),
    "hours": ("needs more than 0", lambda hours: hours > 0),
    "epochs": ("needs at least 1", lambda epochs: epochs >= 1),
    "seconds": ("needs more than 0", lambda seconds: seconds > 0),
    "settling": ("needs 0 or more", lambda seconds: seconds >= 0),
    "networks": ("needs at least 1", lambda networks: networks >= 1),
    "seeds": ("needs at least 1", lambda seeds: seeds >= 1),
    "batch": ("needs at least 1", lambda pictures: pictures >= 1),
    "threads": ("needs at least 1", lambda threads: threads >= 1),
    "min_epochs": ("needs at least 1", lambda epochs: epochs >= 1),
    "at_most": ("needs more than 0", lambda limit: limit > 0),
    "temperature": ("needs more than 0", lambda temperature: temperature > 0),
    "learning_rate": ("needs more than 0", lambda rate: rate > 0),
    "warmup": ("needs a share of the steps, 0 or more and below 1", lambda share: 0 <= share < 1),
    "momentum": ("needs 0 or more and below 1", lambda momentum: 0 <= momentum < 1),
    "epsilon": ("needs more than 0", lambda epsilon: epsilon > 0),
    "weight_decay": ("needs 0 or more", lambda decay: decay >= 0),
    "norm_clipping": ("needs 0 or more (0 clips no gradient)", lambda limit: limit >= 0),
    "adaptive_clipping": ("needs 0 or more (0 clips no gradient)", lambda limit: limit >= 0),
    "sharpness": ("needs a radius of 0 or more (0 is off)", lambda radius: radius >= 0),
    "average": ("needs 0 (off) or more and below 1, such as 0.999", lambda share: 0 <= share < 1),
    "patience": ("needs 0 (never) or more epochs", lambda epochs: epochs >= 0),
    "batch_size": ("needs at least 1", lambda images: images >= 1),
    "label_smoothing": ("needs 0 or more and below 1", lambda share: 0 <= share < 1),
    "body_rate": ("needs a share of the classifier's rate, above 0 and up to 1", lambda share: 0 < share <= 1),
    "layer_decay": ("needs more than 0, up to 1", lambda decay: 0 < decay <= 1),
    "frozen_stages": ("needs 0 or more", lambda stages: stages >= 0),
    "dropout": ("needs a share of the units, 0 or more and below 1", lambda share: 0 <= share < 1),
    "stochastic_depth": ("needs a probability, 0 or more and below 1", lambda share: 0 <= share < 1),
    "train_side": ("needs a share of the side at which the network is used, above 0 and up to 1", _is_part),
    "fixres": ("needs 0 (off) or more epochs", lambda epochs: epochs >= 0),
    "progressive": ("needs 0 (off) or more stages", lambda stages: stages >= 0),
    "first_side": ("needs a share of the last stage's side, above 0 and up to 1", _is_part),
    "first_strength": ("needs a share of the last stage's strength, above 0 and up to 1", _is_part),
    "skip_broken": ("needs true or false", lambda skip: isinstance(skip, bool)),
    "keep_copies": ("needs true or false", lambda keep: isinstance(keep, bool)),
    "flip": ("needs true or false", lambda flip: isinstance(flip, bool)),
    "shift": ("needs a share of the side, 0 to 1", lambda share: 0 <= share <= 1),
    "crop": ("needs a share of the area, 0 (off) to 1", lambda share: 0 <= share <= 1),
    "colour": ("needs a share, 0 to 1", lambda share: 0 <= share <= 1),
    "randaugment": ("needs a strength, 0 to 10", lambda strength: 0 <= strength <= 10),
    "augmix": ("needs a strength, 0 to 10", lambda strength: 0 <= strength <= 10),
    "erase": ("needs a probability, 0 to 1", lambda probability: 0 <= probability <= 1),
    "mixup": ("needs 0 (off) or more, such as 0.2", lambda alpha: alpha >= 0),
    "cutmix": ("needs 0 (off) or more, such as 1", lambda alpha: alpha >= 0),
}


def _is_network(name: str) -> bool:
    return re.fullmatch(r"([^\s/]+|.+\.py)/[^\s/]+(?<!\.py)", name) is not None


def shown(value: object) -> str:
    """Return `value` as `written`, for a message: cut where it is long."""
    text = written(value)
    return text if len(text) <= LONG else f"{text[:LONG]}..."


def written(value: object) -> str:
    """Return `value` as a study file writes it: `true`, `"adamw"`, `[1, [2, 3]]`."""
    if isinstance(value, (date, time)):
        return f"the date {value}"
    return json.dumps(value, ensure_ascii=False, default=str)


def brief(value: object) -> str:
    """Return `value` for people: `1, 2, 2`, `true`, `adamw`, `0.00123`."""
    if isinstance(value, tuple):
        return ", ".join(map(brief, value))
    if isinstance(value, float):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value)


def hold(key: str, value: object) -> None:
    """Raise StudyError unless `key` may have `value`: `needs more than 0; not -1.0`."""
    if key in _KNOWN and value not in _KNOWN[key]:
        raise StudyError(f"no {key} {shown(value)}.{did_you_mean(str(value), _KNOWN[key])}")
    if key in _WHOLE and (not isinstance(value, int) or isinstance(value, bool)):
        raise StudyError(f"needs a whole number; not {shown(value)}")
    needs, allows = _RULES.get(key, ("", lambda _: True))
    if not _is_finite(value) or not _allowed(allows, value):
        raise StudyError(f"{needs or 'needs a finite number'}; not {shown(value)}")


def hold_fields(made: Any, but: Collection[str] = ()) -> None:
    """Raise StudyError, which names the field, if a field of the dataclass `made` has a value that it may not have."""
    for field in fields(made):
        value = getattr(made, field.name)
        if value is not None and field.name not in but:
            hold_named(field.name, value)


def hold_named(key: str, value: object) -> None:
    """Raise StudyError as `hold` does, with the key before it: `learning_rate: needs more than 0; not -1.0`."""
    try:
        hold(key, value)
    except StudyError as error:
        raise StudyError(f"{key}: {error}") from None


def hold_objectives(measures: Sequence[str]) -> None:
    """Raise StudyError unless there is an objective, and no measure is named twice."""
    if not measures:
        raise StudyError('needs at least one: [[objectives]] with measure = "accuracy" and goal = "max"')
    twice = next((measure for measure in measures if measures.count(measure) > 1), None)
    if twice:
        raise StudyError(f"{twice} is named twice; remove one of the two")


def _is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _allowed(allows: Callable[[Any], bool], value: object) -> bool:
    try:
        return allows(value)
    except (TypeError, AttributeError, IndexError):  # a value of the wrong type
        return False
