"""What a model sees and answers: where datasets and architectures meet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Task:
    """Classify pictures of one shape into classes."""

    height: int  # pixels
    width: int  # pixels
    channels: int  # 1 grey, 3 colour
    classes: int

    @property
    def image(self) -> tuple[int, int, int]:
        """Shape of one picture, channels last: (H, W, C)."""
        return self.height, self.width, self.channels
