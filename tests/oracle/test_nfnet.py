from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from timm.models.nfnet import NormFreeNet, model_cfgs

from tests.oracle.compare import assert_same

TINY: dict[str, Any] = {  # every kind of block, with one and with several groups
    "depths": (1, 2, 2, 1), "widths": (32, 64, 96, 96), "stem_widths": (4, 8, 16, 32), "group_width": 16,
}  # fmt: skip


def theirs(**changes: Any) -> torch.nn.Module:
    """Return timm's network for the authors' weights, without what it adds to the variance of kernels."""
    module = NormFreeNet(dataclasses.replace(model_cfgs["dm_nfnet_f0"], **changes), num_classes=7)
    for part in module.modules():
        if hasattr(part, "gain_init"):
            part.eps = 1e-30  # above 0, or torch refuses it
    return module


def test_f0_is_that_of_timm() -> None:
    assert_same("nfnet/f0", theirs(), 64)


@pytest.mark.parametrize("activation", ["gelu", "silu"])
def test_a_smaller_nfnet_on_odd_sides_is_that_of_timm(activation: str) -> None:
    module = theirs(depths=TINY["depths"], channels=TINY["widths"], stem_chs=32, group_size=16, num_features=192,
                    act_layer=activation)  # fmt: skip
    assert_same("nfnet/f0", module, 75, activation=activation, **TINY)


def test_f4_plus_of_the_released_code_but_for_its_stem_is_that_of_timm() -> None:
    """Its blocks, fewer: 192 inner channels become 128."""
    module = theirs(depths=(2, 1), channels=(384, 768), num_features=1536)
    assert_same("nfnet/f4+", module, 48, depths=(2, 1), widths=(384, 768), whole_groups=True)
