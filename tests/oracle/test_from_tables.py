"""Networks of which no library has the form of the paper, written here once more from their tables.

AlexNet with groups, OverFeat, GoogLeNet, Inception-v2; the dense layers of the first two are narrower.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.oracle.compare import assert_same

DENSE = (24, 16)


def alexnet(side: int, groups: int) -> nn.Module:
    """Krizhevsky et al. 2012, Figure 2."""
    return tower(
        side,
        nn.Conv2d(3, 96, 11, 4), nn.ReLU(), across_channels(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=groups), nn.ReLU(), across_channels(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1, groups=groups), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=groups), nn.ReLU(), nn.MaxPool2d(3, 2),
    )  # fmt: skip


def across_channels() -> nn.Module:
    """torch divides alpha by the number of channels."""
    return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2)


def overfeat_fast(side: int) -> nn.Module:
    """Sermanet et al. 2014, Table 1."""
    return tower(
        side,
        nn.Conv2d(3, 96, 11, 4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(96, 256, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(256, 512, 3, padding=1), nn.ReLU(),
        nn.Conv2d(512, 1024, 3, padding=1), nn.ReLU(),
        nn.Conv2d(1024, 1024, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    )  # fmt: skip


def overfeat_accurate(side: int) -> nn.Module:
    """Sermanet et al. 2014, Table 3."""
    return tower(
        side,
        nn.Conv2d(3, 96, 7, 2), nn.ReLU(), nn.MaxPool2d(3),
        nn.Conv2d(96, 256, 7), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(256, 512, 3, padding=1), nn.ReLU(),
        nn.Conv2d(512, 512, 3, padding=1), nn.ReLU(),
        nn.Conv2d(512, 1024, 3, padding=1), nn.ReLU(),
        nn.Conv2d(1024, 1024, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3),
    )  # fmt: skip


def tower(side: int, *parts: nn.Module) -> nn.Module:
    """Add the dense layers."""
    features = nn.Sequential(*parts, nn.Flatten())
    width = features(torch.zeros(1, 3, side, side)).shape[1]
    for units in DENSE:
        features.extend([nn.Linear(width, units), nn.ReLU(), nn.Dropout()])
        width = units
    return features.append(nn.Linear(width, 7))


ROWS = [
    ("alexnet/2012", lambda side: alexnet(side, groups=2), 99),
    ("alexnet/ungrouped", lambda side: alexnet(side, groups=1), 101),
    ("overfeat/fast", overfeat_fast, 139),
    ("overfeat/accurate", overfeat_accurate, 150),
]


@pytest.mark.parametrize(("name", "build", "side"), ROWS, ids=[row[0] for row in ROWS])
def test_a_tower_is_that_of_its_paper(name: str, build: Callable[[int], nn.Module], side: int) -> None:
    """TensorFlow normalises over channels in single precision."""
    assert_same(name, build(side), side, dense=DENSE, tolerance=1e-4 if "alexnet" in name else 1e-5)


class Same(nn.Module):
    """A layer with a window, after padding as in TensorFlow: as little as the stride needs, the odd pixel last."""

    def __init__(self, layer: nn.Module, value: float = 0.0) -> None:
        super().__init__()
        self.layer, self.value = layer, value
        size, stride = layer.kernel_size, layer.stride
        self.size, self.stride = (side if isinstance(side, int) else side[0] for side in (size, stride))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        lacking = [max((-(-side // self.stride) - 1) * self.stride + self.size - side, 0) for side in x.shape[2:]]
        (top, bottom), (left, right) = ((number // 2, number - number // 2) for number in lacking)
        return self.layer(functional.pad(x, (left, right, top, bottom), value=self.value))


def conv(before: int, after: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(Same(nn.Conv2d(before, after, size, stride)), nn.ReLU())


def conv_bn(before: int, after: int, size: int, stride: int = 1) -> nn.Sequential:
    convolution = Same(nn.Conv2d(before, after, size, stride, bias=False))
    return nn.Sequential(convolution, nn.BatchNorm2d(after, eps=1e-3), nn.ReLU())


def pool(stride: int, kind: str = "max") -> nn.Module:
    if kind == "avg":
        return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)
    return Same(nn.MaxPool2d(3, stride), value=-torch.inf)


class Side(nn.ModuleList):
    """Branches over one input, joined by their channels."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(x) for branch in self], dim=1)


def classified(*parts: nn.Module, width: int) -> nn.Sequential:
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 7))


def googlenet(norm: Callable[[], nn.Module]) -> nn.Sequential:
    """Szegedy et al. 2015, Table 1, #1x1 to pool proj."""

    def block(before: int, one: int, reduce3: int, three: int, reduce5: int, five: int, projection: int) -> nn.Module:
        return Side(
            [
                conv(before, one, 1),
                nn.Sequential(conv(before, reduce3, 1), conv(reduce3, three, 3)),
                nn.Sequential(conv(before, reduce5, 1), conv(reduce5, five, 5)),
                nn.Sequential(pool(1), conv(before, projection, 1)),
            ]
        )

    return classified(
        conv(3, 64, 7, 2), pool(2), norm(), conv(64, 64, 1), conv(64, 192, 3), norm(), pool(2),
        block(192, 64, 96, 128, 16, 32, 32), block(256, 128, 128, 192, 32, 96, 64), pool(2),
        block(480, 192, 96, 208, 16, 48, 64), block(512, 160, 112, 224, 24, 64, 64),
        block(512, 128, 128, 256, 24, 64, 64), block(512, 112, 144, 288, 32, 64, 64),
        block(528, 256, 160, 320, 32, 128, 128), pool(2),
        block(832, 256, 160, 320, 32, 128, 128), block(832, 384, 192, 384, 48, 128, 128),
        width=1024,
    )  # fmt: skip


def inception_v2() -> nn.Module:
    """Ioffe and Szegedy 2015, Figure 5, with 96 channels of the pool projections of 4c and 4d."""

    def block(before: int, one: int, reduce: int, three: int, narrow: int, double: int, kind: str, projection: int):
        stride = 1 if one else 2
        chains = [
            nn.Sequential(conv_bn(before, reduce, 1), conv_bn(reduce, three, 3, stride)),
            nn.Sequential(conv_bn(before, narrow, 1), conv_bn(narrow, double, 3), conv_bn(double, double, 3, stride)),
        ]
        if not one:
            return Side([*chains, pool(2)])
        return Side([conv_bn(before, one, 1), *chains, nn.Sequential(pool(1, kind), conv_bn(before, projection, 1))])

    return classified(
        conv_bn(3, 64, 7, 2), pool(2), conv_bn(64, 64, 1), conv_bn(64, 192, 3), pool(2),
        block(192, 64, 64, 64, 64, 96, "avg", 32), block(256, 64, 64, 96, 64, 96, "avg", 64),
        block(320, 0, 128, 160, 64, 96, "max", 0),
        block(576, 224, 64, 96, 96, 128, "avg", 128), block(576, 192, 96, 128, 96, 128, "avg", 128),
        block(576, 160, 128, 160, 128, 160, "avg", 96), block(576, 96, 128, 192, 160, 192, "avg", 96),
        block(576, 0, 128, 192, 192, 256, "max", 0),
        block(1024, 352, 192, 320, 160, 224, "avg", 128), block(1024, 352, 192, 320, 192, 224, "max", 128),
        width=1024,
    )  # fmt: skip


def test_googlenet_is_that_of_its_table() -> None:
    """On odd sides without normalisation: where single precision makes another pixel the largest, gradients differ."""
    assert_same("googlenet/2014", googlenet(across_channels), 64, tolerance=1e-4)
    assert_same("googlenet/2014", googlenet(nn.Identity), 97, normalization=False)


@pytest.mark.parametrize(("number", "blocks", "width"), [(1, 11, 512), (2, 14, 528)])
def test_an_auxiliary_classifier_of_googlenet_is_that_of_section_5(number: int, blocks: int, width: int) -> None:
    """On the outputs of 4a and of 4d, of which its pooling leaves 2x2."""
    middle = nn.Sequential(
        nn.AvgPool2d(5, 3), nn.Conv2d(width, 128, 1), nn.ReLU(), nn.Flatten(),
        nn.Linear(2 * 2 * 128, 1024), nn.ReLU(), nn.Linear(1024, 7),
    )  # fmt: skip
    theirs = nn.Sequential(*googlenet(nn.Identity)[:blocks], middle)
    assert_same("googlenet/2014-auxiliary", theirs, 128, normalization=False, output=f"auxiliary{number}_logits")


@pytest.mark.parametrize("side", [64, 97])
def test_inception_v2_is_that_of_its_figure(side: int) -> None:
    assert_same("inception_v2/2015", inception_v2(), side)
