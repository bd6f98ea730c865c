from __future__ import annotations

import pytest
import timm

from tests.oracle.compare import assert_same

ROWS = [
    ("senet/resnet-50", "legacy_seresnet50", 64),  # an even and an odd size before the pooling, which rounds up
    ("senet/resnext-50-32x4d", "legacy_seresnext50_32x4d", 65),
]


@pytest.mark.parametrize(("name", "theirs", "side"), ROWS)
def test_senet_is_that_of_timm(name: str, theirs: str, side: int) -> None:
    assert_same(name, timm.create_model(theirs, num_classes=7), side)


def test_senet_154_is_that_of_timm_where_both_have_fewer_blocks() -> None:
    from timm.models.senet import SEBottleneck, SENet

    theirs = SENet(
        SEBottleneck, (1, 2, 1, 1), groups=64, reduction=16, inplanes=128, input_3x3=True, downsample_kernel_size=3,
        downsample_padding=1, num_classes=7,
    )  # fmt: skip
    assert_same("senet/154", theirs, 64, depths=(1, 2, 1, 1))
