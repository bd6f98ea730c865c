from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from timm.models.maxxvit import MaxxVit, model_cfgs
from torch import nn

from tests.oracle.compare import assert_same

SMALL = {"depths": (1, 1, 2, 2), "widths": (32, 32, 64, 96), "stem_width": 24}


def small(name: str, side: int, **changes: Any) -> nn.Module:
    """Return timm's network with fewer layers, its projections in the order query, key, value."""
    cfg = dataclasses.replace(
        model_cfgs[name], depths=SMALL["depths"], embed_dim=SMALL["widths"], stem_width=24, head_hidden_size=96
    )
    theirs = MaxxVit(cfg, img_size=side, num_classes=7, **changes)
    for part in theirs.modules():
        if hasattr(part, "head_first"):
            part.head_first = False  # the same network: its rows are random
    return theirs


@pytest.mark.parametrize(("theirs", "ours"), [("1x1", "first"), ("dw", "depthwise")])
def test_coatnet_is_that_of_timm(theirs: str, ours: str) -> None:
    network = small("coatnet_0", 96, conv_stride_mode=theirs)
    layouts = {"relative_position_bias_table": lambda table: table.T}
    assert_same("coatnet/0", network, 96, stride_in=ours, pooling="average", layouts=layouts, **SMALL)


def test_maxvit_is_that_of_timm() -> None:
    """Offsets count from the query to the key in the authors' code, and from the key to the query in ours."""
    layouts = {"relative_position_bias_table": lambda table: table[:, ::-1, ::-1]}
    assert_same("maxvit/t", small("maxvit_tiny_tf", 96), 96, window=3, layouts=layouts, **SMALL)
