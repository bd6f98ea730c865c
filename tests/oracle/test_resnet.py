from __future__ import annotations

import pytest
from torchvision.models import resnet18, resnet50, resnext50_32x4d

from tests.oracle.compare import assert_same

ROWS = [
    ("resnet/18", resnet18, 65),
    ("resnet/50-v1.5", resnet50, 64),
    ("resnet/50-32x4d", resnext50_32x4d, 64),
]


@pytest.mark.parametrize(("name", "build", "side"), ROWS)
def test_resnet_is_that_of_torchvision(name: str, build, side: int) -> None:
    assert_same(name, build(num_classes=7), side)


@pytest.mark.parametrize(("name", "changes"), [("resnet/50", {}), ("resnet/50-v1.5", {"epsilon": 1.001e-5})])
def test_a_network_that_is_not_quite_the_same_is_noticed(name: str, changes: dict[str, float]) -> None:
    with pytest.raises(AssertionError, match="logits: off by"):
        assert_same(name, resnet50(num_classes=7), 64, **changes)
