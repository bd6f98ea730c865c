"""A network of the catalogue with its cited accuracy, and the rule for comparing accuracies.

An accuracy may be compared if it comes from one network, trained on ImageNet-1k alone, that saw one crop of each
picture, at the picture size that was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from suite.report.language import many, say

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
COMPARABLE, OTHERWISE, OTHER_SIZE = KINDS = (
    "one crop, ImageNet-1k only", "several crops or more data", "cited at another size",
)  # fmt: skip
_LINE_OF = {family: line for line, families in LINES.items() for family in families}


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network of the catalogue: what its paper says of it, and what our copy costs for one picture."""

    name: str  # resnet/50
    title: str
    family: str = ""
    year: int | None = None
    top1: float | None = None  # %, ImageNet validation, as cited
    top5: float | None = None
    size: int | None = None  # side of the pictures for the cited accuracy, pixels
    crops: int | None = None  # of each picture; the answers are averaged
    dense: bool = False  # whether the network slides over the whole picture
    scales: int = 1  # sizes of each picture; the answers are averaged
    ensemble: int = 1  # networks; their answers are averaged
    extra_data: str = ""  # training pictures beside ImageNet-1k
    notes: str = ""  # for readers
    source: str = ""
    resolution: int  # side of the pictures for our counts, pixels
    parameters: int | None = None  # trainable
    total_parameters: int | None = None
    macs: int | None = None
    activations: int | None = None

    @property
    def label(self) -> str:
        """The short name beside its mark."""
        return self.title.split(" (")[0]

    @property
    def line(self) -> str:
        """Its line of descent: a key of LINES, or OWN."""
        return _LINE_OF.get(self.family, OWN)

    @property
    def is_plain(self) -> bool:
        """Whether its accuracy comes from one network and one crop, trained on ImageNet-1k alone."""
        once = (self.crops, self.dense, self.scales, self.ensemble) == (1, False, 1, 1)
        return once and not self.extra_data

    def kind(self, size: int) -> str:
        """Return one of KINDS: whether its accuracy may be compared with its cost on pictures of `size` pixels."""
        if not self.is_plain:
            return OTHERWISE
        return COMPARABLE if self.size == size else OTHER_SIZE

    @property
    def conditions(self) -> str:
        """How its accuracy came about, for readers: `10 crops; extra data: JFT-300M`, and the notes."""
        crops = self.crops or 0
        said = [
            many(self.ensemble, "{number} network", "{number} networks") if self.ensemble > 1 else "",
            say("dense evaluation") if self.dense else "",
            many(crops, "{number} crop", "{number} crops") if crops > 1 else "",
            say("one crop of {size} pixels", size=str(self.size)) if crops == 1 else "",
            many(self.scales, "{number} scale", "{number} scales") if self.scales > 1 else "",
            say("extra data: {data}", data=self.extra_data) if self.extra_data else "",
        ]
        how = "; ".join(filter(None, said))
        return ". ".join(filter(None, (how, self.notes)))
