"""MobileNet, Xception, NASNet-A and EfficientNet-L2, the latter two narrower or shallower."""

from __future__ import annotations

import timm
import torch
from timm.layers import pad_same
from timm.layers.pool2d_same import MaxPool2dSame
from timm.models import efficientnet
from timm.models.nasnet import NASNetALarge

from tests.oracle.compare import assert_same


def test_mobilenet_is_that_of_timm_where_both_pad_alike() -> None:
    theirs = timm.create_model("mobilenetv1_100", num_classes=7, pad_type="same", bn_eps=1e-3)
    assert_same("mobilenet/1.0", theirs, 64)


def test_xception_is_that_of_timm_where_both_pad_alike() -> None:
    """On maps of odd sides; with the epsilon of Keras, whose weights ours takes."""
    theirs = timm.create_model("legacy_xception", num_classes=7)
    for part in theirs.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.eps = 1e-3
    assert_same("xception/2016", theirs, 39)


def test_nasnet_large_is_that_of_timm_with_zeros_around_its_max_pools() -> None:
    """Halving pools see zeros beyond the border as in Keras, whose weights ours takes; timm's max pools see nothing."""
    theirs = NASNetALarge(7, stem_size=16, num_features=192, pad_type="same")
    for part in list(theirs.modules()):
        for name, child in part.named_children():
            if isinstance(child, MaxPool2dSame):
                setattr(part, name, ZeroPaddedMaxPool())
    assert_same("nasnet/large", theirs, 75, stem_width=16, penultimate=192)


class ZeroPaddedMaxPool(torch.nn.Module):
    """Max pooling of 3x3 with stride 2, zeros beyond the border."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the pooled maps."""
        return torch.nn.functional.max_pool2d(pad_same(x, [3, 3], [2, 2]), 3, 2)


def test_efficientnet_l2_is_that_of_timm() -> None:
    """Both with a tenth of the blocks, one in each stage."""
    theirs = efficientnet._gen_efficientnet(
        "tf_efficientnet_l2", channel_multiplier=4.3, depth_multiplier=0.1, num_classes=7, pad_type="same", bn_eps=1e-3
    )
    assert_same("efficientnet/l2", theirs, 64, depth=0.1)
