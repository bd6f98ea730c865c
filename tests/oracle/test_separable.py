"""MobileNet, Xception, NASNet-A and EfficientNet-L2, the latter two narrower or shallower."""

from __future__ import annotations

import timm
from timm.models import efficientnet
from timm.models.nasnet import NASNetALarge

from tests.oracle.compare import assert_same


def test_mobilenet_is_that_of_timm_where_both_pad_alike() -> None:
    theirs = timm.create_model("mobilenetv1_100", num_classes=7, pad_type="same", bn_eps=1e-3)
    assert_same("mobilenet/1.0", theirs, 64)


def test_xception_is_that_of_timm() -> None:
    assert_same("xception/2016", timm.create_model("legacy_xception", num_classes=7), 75)


def test_nasnet_large_is_that_of_timm() -> None:
    assert_same("nasnet/large", NASNetALarge(7, stem_size=16, num_features=192), 75, stem_width=16, penultimate=192)


def test_efficientnet_l2_is_that_of_timm() -> None:
    """Both with a tenth of the blocks, one in each stage."""
    theirs = efficientnet._gen_efficientnet(
        "tf_efficientnet_l2", channel_multiplier=4.3, depth_multiplier=0.1, num_classes=7, pad_type="same", bn_eps=1e-3
    )
    assert_same("efficientnet/l2", theirs, 64, depth=0.1)
