"""How a picture becomes the input of a network: cropped, resized, scaled. A value that goes with the network."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Literal, Self

Colour = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """What of a picture is seen, and how it is resized. The values of its pixels stay within 0 to 255."""

    crop: float = 1.0  # share of the picture that is seen, its centre; above 0, up to 1
    square: bool = False  # that share of the largest part that has the input's shape; else of both sides, stretched
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    antialias: bool = True  # shrink pictures as Pillow does, rather than TensorFlow

    @property
    def is_whole(self) -> bool:
        """Whether all of a picture is seen."""
        return self.crop == 1 and not self.square


@dataclass(frozen=True, kw_only=True)
class Preprocessing(Geometry):
    """From the pixels of a picture (0 to 255) to the input of a network. By default all of it, stretched, -1 to 1."""

    mean: Colour = (127.5, 127.5, 127.5)  # subtracted; red, green, blue, 0 to 255
    deviation: Colour = (127.5, 127.5, 127.5)  # divided by
    reverse: bool = False  # to blue, green, red
    resolution: int = 0  # side that its weights were made for, pixels; 0: it has none

    @property
    def geometry(self) -> Geometry:
        """The part that comes before augmentation. Two that agree in it share the pictures kept in memory."""
        return Geometry(**{each.name: getattr(self, each.name) for each in fields(Geometry)})

    @property
    def is_grey(self) -> bool:
        """Whether it treats all colours alike, as pictures of one channel need it."""
        return len(set(self.mean)) == len(set(self.deviation)) == 1

    def __str__(self) -> str:
        """Return it as one line of JSON, as trials and exports keep it."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the value that was written as `text`."""
        told = json.loads(text)
        return cls(**{**told, "mean": tuple(told["mean"]), "deviation": tuple(told["deviation"])})


PLAIN = Preprocessing()  # of a network that is trained from scratch
