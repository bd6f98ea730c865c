"""What a key of a study file may hold beyond its type."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from suite.errors import StudyError, did_you_mean
from suite.measures import MEASURES
from suite.paths import DEPLOYED
from suite.study import RECIPE_CHOICES, SAMPLERS, Choice, Domain, Objective, Range, Value
from suite.studyfile.kinds import shown

_KNOWN: dict[str, Collection[str]] = {"sampler": SAMPLERS, "measure": MEASURES, "path": DEPLOYED, **RECIPE_CHOICES}

_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": (
        "needs letters, digits, '-', '_' and '.' (a folder is named after it), at most 100, a letter or digit first",
        lambda name: len(name) <= 100 and re.fullmatch(r"[^\W_][\w.-]*", name) is not None and name[-1] != ".",
    ),
    "architecture": (
        'needs FAMILY/VARIANT, such as "resnet/50", or FILE.py/VARIANT',
        lambda name: re.fullmatch(r"([^\s/]+|.+\.py)/[^\s/]+(?<!\.py)", name) is not None,
    ),
    "dataset": (
        'needs a tensorflow-datasets name, a folder, or "digits"',
        lambda name: bool(name.strip()),
    ),
    "image": (
        "needs [height, width, channels]: sides of at least 1 pixel, 1 to 4 channels",
        lambda image: min(image) >= 1 and image[2] <= 4,
    ),
    "seed": ("needs 0 to 4294967295", lambda seed: 0 <= seed < 2**32),
    "trials": ("needs at least 1", lambda trials: trials >= 1),
    "hours": ("needs more than 0", lambda hours: hours > 0),
    "epochs": ("needs at least 1", lambda epochs: epochs >= 1),
    "seconds": ("needs more than 0", lambda seconds: seconds > 0),
    "batch": ("needs at least 1", lambda pictures: pictures >= 1),
    "threads": ("needs at least 1", lambda threads: threads >= 1),
    "min_epochs": ("needs at least 1", lambda epochs: epochs >= 1),
    "at_most": ("needs more than 0", lambda limit: limit > 0),
    "learning_rate": ("needs more than 0", lambda rate: rate > 0),
    "warmup": ("needs a share of the steps, 0 or more and below 1", lambda share: 0 <= share < 1),
    "momentum": ("needs 0 or more and below 1", lambda momentum: 0 <= momentum < 1),
    "weight_decay": ("needs 0 or more", lambda decay: decay >= 0),
    "adaptive_clipping": ("needs 0 or more (0 clips no gradient)", lambda limit: limit >= 0),
    "batch_size": ("needs at least 1", lambda images: images >= 1),
    "label_smoothing": ("needs 0 or more and below 1", lambda share: 0 <= share < 1),
    "shift": ("needs a share of the side, 0 to 1", lambda share: 0 <= share <= 1),
}


def hold(key: str, entry: Value | Domain) -> None:
    """Raise StudyError unless every value of `entry`, of the right type already, may stand at `key`."""
    values = entry.values if isinstance(entry, Choice) else (entry,)
    for value in (entry.low, entry.high) if isinstance(entry, Range) else values:
        if key in _KNOWN and value not in _KNOWN[key]:
            raise StudyError(f"no {key} {shown(value)}.{did_you_mean(str(value), _KNOWN[key])}")
        needs, allows = _RULES.get(key, ("", lambda _: True))
        if not allows(value):
            raise StudyError(f"{needs}; not {shown(value)}")


def hold_objectives(objectives: tuple[Objective, ...]) -> None:
    """Raise StudyError unless there is an objective, and no measure is named twice."""
    if not objectives:
        raise StudyError('needs at least one: [[objectives]] with measure = "accuracy" and goal = "max"')
    measures = [objective.measure for objective in objectives]
    twice = next((measure for measure in measures if measures.count(measure) > 1), None)
    if twice:
        raise StudyError(f"{twice} is named twice; remove one of the two")
