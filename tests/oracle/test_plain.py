"""AlexNet and VGG: what torchvision adds for pictures of any size is taken out, and the dense layers are narrower."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from torch import nn
from torchvision.models import alexnet, vgg11_bn, vgg16

from tests.oracle.compare import assert_same

DENSE = (24, 16)


def narrow(theirs: Any, features: int) -> nn.Module:
    """Return their convolutions before dense layers of DENSE units."""
    theirs.avgpool = nn.Identity()
    first, second = DENSE
    theirs.classifier = nn.Sequential(
        nn.Linear(features, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), nn.Linear(second, 7)
    )
    for weight in theirs.parameters():
        if weight.dim() > 1:
            nn.init.kaiming_normal_(weight)  # or the answers hardly depend on the pictures
    return theirs


ROWS = [  # side of the pictures, and the pixels by channels that it leaves
    ("alexnet/one-weird-trick", alexnet, 99, 2 * 2 * 256),
    ("vgg/16", vgg16, 65, 2 * 2 * 512),
    ("vgg/11-bn", vgg11_bn, 65, 2 * 2 * 512),
]


@pytest.mark.parametrize(("name", "build", "side", "features"), ROWS)
def test_a_plain_network_is_that_of_torchvision(name: str, build: Callable[[], Any], side: int, features: int) -> None:
    assert_same(name, narrow(build(), features), side, dense=DENSE)
