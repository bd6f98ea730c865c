from __future__ import annotations

import pytest
import timm

from tests.oracle.compare import assert_same

ROWS = [
    ("resnet_v2/18", "resnetv2_18", 65),
    ("resnet_v2/50", "resnetv2_50", 64),
]


@pytest.mark.parametrize(("name", "theirs", "side"), ROWS)
def test_resnet_v2_is_that_of_timm(name: str, theirs: str, side: int) -> None:
    assert_same(name, timm.create_model(theirs, num_classes=7), side)


def test_zeros_around_the_picture_before_pooling_are_noticed() -> None:
    with pytest.raises(AssertionError, match="logits: off by"):
        assert_same("resnet_v2/18", timm.create_model("resnetv2_18", num_classes=7), 65, zero_padding=True)
