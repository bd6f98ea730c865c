"""MobileNetV2 and V3, EfficientNet and EfficientNetV2: in timm, the forms that pad and normalise as TensorFlow does."""

from __future__ import annotations

from typing import Any

import pytest
import timm
from timm.models import efficientnet

from tests.oracle.compare import assert_same

AS_TENSORFLOW = {"pad_type": "same", "bn_eps": 1e-3}

ROWS: list[tuple[str, str, dict[str, Any], int]] = [
    ("mobilenet_v2/1.0", "mobilenetv2_100", AS_TENSORFLOW, 65),
    ("mobilenet_v2/0.35", "mobilenetv2_035", AS_TENSORFLOW, 64),
    ("mobilenet_v3/large", "tf_mobilenetv3_large_100", {}, 65),
    ("mobilenet_v3/small-0.75", "tf_mobilenetv3_small_075", {}, 64),
    ("efficientnet/b0", "tf_efficientnet_b0", {}, 65),
    ("efficientnet/b2", "tf_efficientnet_b2", {}, 64),
    ("efficientnet/lite2", "tf_efficientnet_lite2", {}, 65),
    ("efficientnet_v2/b1", "tf_efficientnetv2_b1", {}, 65),
]


@pytest.mark.parametrize(("name", "theirs", "form", "side"), ROWS)
def test_a_network_of_inverted_residuals_is_that_of_timm(
    name: str, theirs: str, form: dict[str, Any], side: int
) -> None:
    assert_same(name, timm.create_model(theirs, num_classes=7, **form), side)


def test_efficientnet_v2_xl_is_that_of_timm() -> None:
    """Both a quarter as wide, but for timm's head, and with a tenth of the blocks."""
    theirs = efficientnet._gen_efficientnetv2_xl(
        "tf_efficientnetv2_xl", channel_multiplier=0.25, depth_multiplier=0.1, num_classes=7, **AS_TENSORFLOW
    )
    assert_same("efficientnet_v2/xl", theirs, 65, width=0.25, depth=0.1, head_width=4 * 1280)


def test_symmetric_padding_is_noticed() -> None:
    with pytest.raises(AssertionError, match="logits: off by"):
        assert_same("mobilenet_v2/0.35", timm.create_model("mobilenetv2_035", num_classes=7, bn_eps=1e-3), 64)
