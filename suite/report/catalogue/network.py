"""A network of the catalogue with its cited accuracy, and when such accuracies may be compared.

They may when one network saw one crop and was trained on ImageNet-1k alone, on pictures of the size that was measured.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LINES = {
    "plain": ("alexnet", "overfeat", "vgg"),
    "Inception": (
        "googlenet", "inception_v2", "inception_v3", "inception_v4", "inception_resnet", "xception",
    ),
    "residual": ("resnet", "resnet_v2", "densenet", "senet", "nfnet", "convnext"),
    "MobileNet": ("mobilenet", "mobilenet_v2", "mobilenet_v3"),
    "searched and scaled": ("nasnet", "efficientnet", "efficientnet_v2", "align"),
    "attention": ("vit", "coatnet", "maxvit", "coca"),
}  # fmt: skip
OWN = "your own"
COMPARABLE, OTHERWISE, OTHER_SIZE, UNSURE = KINDS = (
    "one crop, ImageNet-1k only", "several crops or more data", "cited at another size", "unstable",
)  # fmt: skip
_LINE_OF = {family: line for line, families in LINES.items() for family in families}


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network of the catalogue: what its paper says of it, and what ours costs for one picture."""

    name: str  # resnet/50
    title: str
    family: str = ""
    year: int | None = None
    top1: float | None = None  # %, ImageNet validation, as cited
    top5: float | None = None
    cited_size: int | None = None  # side of the pictures that the paper counts with, pixels
    conditions: str = ""  # of the cited accuracy
    source: str = ""
    lecture_top1: float | None = None
    lecture_parameters: int | None = None
    resolution: int  # side of the pictures that ours was counted with, pixels
    parameters: int | None = None  # trainable
    total_parameters: int | None = None
    macs: int | None = None
    activations: int | None = None

    @property
    def label(self) -> str:
        """What stands beside its mark."""
        return self.title.split(" (")[0]

    @property
    def line(self) -> str:
        """The line of descent that it belongs to, a key of LINES, or OWN."""
        return _LINE_OF.get(self.family, OWN)

    @property
    def size(self) -> int | None:
        """Side of the pictures that its accuracy is of, pixels: what `conditions` says, or else what was counted."""
        said = re.search(r"(?:one crop of|tuned at) (\d+)", self.conditions)
        return int(said[1]) if said else self.cited_size

    @property
    def protocol(self) -> str:
        """How its accuracy came about, by the first clause of `conditions`: one crop, several crops or more data."""
        first = self.conditions.split(";")[0]
        if "pre-trained" in first or "noisy student" in first:
            return "more data"
        return "one crop" if "one crop" in first else "several crops"

    def kind(self, size: int) -> str:
        """Return whether its accuracy may be compared when it runs on pictures of `size` pixels: one of KINDS."""
        if self.protocol != "one crop":
            return OTHERWISE
        return COMPARABLE if self.size == size else OTHER_SIZE
