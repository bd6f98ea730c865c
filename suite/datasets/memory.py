"""What is kept in memory of the pictures of a data set that is seen in several ways."""

from __future__ import annotations

from dataclasses import dataclass, field

import tensorflow as tf

from suite.core.preprocessing import Geometry

Frame = tuple[tuple[int, int, int], Geometry]  # (H, W, C), and what of a picture is seen
Split = tuple[tf.Tensor, tf.Tensor]  # all pictures, [N, H, W, C], and labels, [N]


@dataclass(kw_only=True)
class Memory:
    """The splits that were read, by frame. When there is no room for another, the frame used longest ago goes first."""

    room: float  # bytes, for the pictures of all frames together
    kept: dict[Frame, dict[str, Split]] = field(default_factory=dict, repr=False)  # the frame used last is last
    mapped: dict[tuple[Frame, str], Split] = field(default_factory=dict, repr=False)  # to files: they take no room here
    nowhere: set[Frame] = field(default_factory=set)  # frames that have no room on disk either

    def of(self, frame: Frame) -> dict[str, Split]:
        """Return the splits that are kept of a frame, by their names."""
        self.kept[frame] = self.kept.pop(frame, {})
        return self.kept[frame]

    def make_room(self, needed: int) -> None:
        """Let frames go, until there are `needed` bytes more for the one used last, or nothing is left but that."""
        for frame in list(self.kept)[:-1]:
            if self._used() + needed <= self.room:
                return
            del self.kept[frame]

    def _used(self) -> int:
        pictures = [images for splits in self.kept.values() for images, _ in splits.values()]
        return sum(images.shape.num_elements() * images.dtype.size for images in pictures)
