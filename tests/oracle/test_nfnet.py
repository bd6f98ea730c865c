from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from timm.models.nfnet import NormFreeNet, model_cfgs

from tests.oracle.compare import assert_same
from tests.oracle.counting import assert_costs_of

TINY: dict[str, Any] = {  # every kind of block, with one and with several groups
    "depths": (1, 2, 2, 1), "widths": (32, 64, 96, 96), "stem_widths": (4, 8, 16, 32), "group_width": 16,
}  # fmt: skip


def theirs(*, classes: int = 7, **changes: Any) -> Any:
    """Return timm's network for the authors' weights, without what it adds to the variance of kernels."""
    module = NormFreeNet(dataclasses.replace(model_cfgs["dm_nfnet_f0"], **changes), num_classes=classes)
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


def f4_plus(**changes: Any) -> Any:
    """Return the F4+ of the paper, whose first stage has 192 inner channels in one group."""
    module = theirs(**changes)
    module.stages[0] = theirs(**changes, group_size=192).stages[0]
    return module


def test_f4_plus_is_that_of_timm_with_the_papers_first_stage() -> None:
    """Of its blocks, fewer."""
    module = f4_plus(depths=(2, 1), channels=(384, 768), num_features=1536)
    assert_same("nfnet/f4+", module, 48, depths=(2, 1), widths=(384, 768))


def test_f4_plus_costs_what_timms_blocks_do() -> None:
    with torch.device("meta"):
        module = f4_plus(classes=1000, depths=(5, 10, 30, 15), channels=(384, 768, 2048, 2048), num_features=4096)
    assert_costs_of(module.eval(), "nfnet/f4+")
