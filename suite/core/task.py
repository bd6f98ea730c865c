"""What a model sees and answers: where datasets and architectures meet."""

from __future__ import annotations

from dataclasses import dataclass

Shape = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Task:
    """Classify pictures of one shape into classes."""

    height: int  # pixels
    width: int  # pixels
    channels: int  # 1 grey, 3 colour
    classes: int

    @property
    def image(self) -> Shape:
        """Shape of one picture, channels last: (H, W, C)."""
        return self.height, self.width, self.channels


def spelled(sizes: tuple[int, ...]) -> str:
    """Return the shape of a picture, or other sizes, as tables and options write them: `224x224x3`."""
    return "x".join(map(str, sizes))


def shape(text: str) -> Shape | None:
    """Return the shape that `spelled` wrote; None for any other text. Earlier versions left spaces around the x."""
    sides = text.lower().replace(" ", "").split("x")
    if len(sides) != 3 or not all(side.isdecimal() and int(side) for side in sides):
        return None
    height, width, channels = map(int, sides)
    return height, width, channels
