"""How pictures are shown to a network of timm: its config.json beside the weights, as on the Hugging Face hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from suite.architectures.offers.sources import as_pillow
from suite.core.errors import ArchitectureError
from suite.core.preprocessing import Preprocessing

FILE = "config.json"
CROPS = ("center", "squash")  # of the crop modes of timm, those that are ours: a square, or all stretched


def described(weights: Path) -> Preprocessing | None:
    """Return what the file beside some weights says; None if there is none, or none of timm's.

    Raises ArchitectureError if it says what we cannot do.
    """
    file = weights.parent / FILE
    try:
        said = json.loads(file.read_text(encoding="utf-8")).get("pretrained_cfg")
    except (OSError, ValueError, AttributeError):
        return None
    return None if said is None else _preprocessing(said, file)


def _preprocessing(said: dict[str, Any], file: Path) -> Preprocessing:
    try:
        mode, (_, _, side) = said.get("crop_mode", "center"), said["input_size"]
        if mode not in CROPS:
            raise ValueError(f"crop_mode {mode}")
        mean, deviation = ([255 * float(value) for value in said[key]] for key in ("mean", "std"))
        crop, interpolation = float(said["crop_pct"]), said["interpolation"]
        return as_pillow(int(side), crop, interpolation, mean, deviation, square=mode == "center")
    except (KeyError, TypeError, ValueError) as error:
        raise ArchitectureError(
            f"{file} describes pictures in a way that is not known ({error}): take the weights alone, in another folder"
        ) from None
