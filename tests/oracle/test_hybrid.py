from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from timm.models.maxxvit import MaxxVit, MaxxVitStage, model_cfgs
from torch import nn

from tests.oracle.compare import assert_same
from tests.oracle.counting import assert_costs_of

SMALL = {"depths": (1, 1, 2, 2), "widths": (32, 32, 64, 96), "stem_width": 24}


def small(name: str, side: int, **changes: Any) -> nn.Module:
    """Return timm's network with fewer layers, its projections in the order query, key, value."""
    cfg = dataclasses.replace(
        model_cfgs[name], depths=SMALL["depths"], embed_dim=SMALL["widths"], stem_width=24, head_hidden_size=96
    )
    return in_order(MaxxVit(cfg, img_size=side, num_classes=7, **changes))


def in_order(theirs: nn.Module) -> nn.Module:
    """Return the network with its projections in the order query, key, value: the same, for its rows are random."""
    for part in theirs.modules():
        if hasattr(part, "head_first"):
            part.head_first = False
    return theirs


def coatnet_of_five_parts(
    depths: tuple[int, ...], widths: tuple[int, ...], stem: int, head: int, side: int, classes: int
) -> nn.Module:
    """Return a CoAtNet-6 or -7, which timm lacks, of timm's stages: the third has convolutions, then attention."""
    cfg = model_cfgs["coatnet_0"]
    cfg = dataclasses.replace(
        cfg, depths=depths, embed_dim=widths, stem_width=stem, head_hidden_size=widths[-1], block_type=tuple("CCCTT"),
        conv_cfg=dataclasses.replace(cfg.conv_cfg, stride_mode="1x1"),
        transformer_cfg=dataclasses.replace(cfg.transformer_cfg, dim_head=head),
    )  # fmt: skip
    theirs = MaxxVit(cfg, img_size=side, num_classes=classes)
    for part, stride, shrunk in ((3, 1, 16), (4, 2, 32)):
        theirs.stages[part] = MaxxVitStage(
            widths[part - 1] if stride == 2 else widths[part], widths[part], stride, depths[part],
            (side // shrunk, side // shrunk), "T", cfg.transformer_cfg, cfg.conv_cfg, [0.0] * depths[part],
        )  # fmt: skip
    _widen(theirs.stages[3].blocks[0], widths[2], widths[3])
    return in_order(theirs)


def _widen(block: Any, before: int, after: int) -> None:
    """Let a block of attention that does not shrink the map see `before` channels: it projects its shortcut."""
    block.shortcut = nn.Conv2d(before, after, 1)
    block.norm1 = type(block.norm1)(before, eps=block.norm1.eps)
    block.attn.qkv = nn.Conv2d(before, 3 * after, 1)


@pytest.mark.parametrize(("theirs", "ours"), [("1x1", "first"), ("dw", "depthwise")])
def test_coatnet_is_that_of_timm(theirs: str, ours: str) -> None:
    network = small("coatnet_0", 96, conv_stride_mode=theirs)
    layouts = {"relative_position_bias_table": lambda table: table.T}
    assert_same("coatnet/0", network, 96, stride_in=ours, pooling="average", layouts=layouts, **SMALL)


def test_coatnet_of_five_parts_is_that_of_timms_stages() -> None:
    depths, widths = (1, 1, 2, 2, 2), (32, 32, 64, 96, 128)
    network = coatnet_of_five_parts(depths, widths, stem=24, head=16, side=96, classes=7)
    layouts = {"relative_position_bias_table": lambda table: table.T}
    assert_same(
        "coatnet/7", network, 96, depths=depths, widths=widths, stem_width=24, head=16, pooling="average",
        layouts=layouts,
    )  # fmt: skip


FIVE_PARTS = [  # Table 12
    ("coatnet/6", (192, 384, 768, 1536, 2048)),
    ("coatnet/7", (256, 512, 1024, 2048, 3072)),
]


@pytest.mark.parametrize(("name", "widths"), FIVE_PARTS)
def test_coatnet_of_five_parts_costs_what_timms_stages_do(name: str, widths: tuple[int, ...]) -> None:
    with torch.device("meta"):
        theirs = coatnet_of_five_parts((2, 4, 8, 42, 2), widths, stem=192, head=128, side=512, classes=1000)
    assert_costs_of(theirs.eval(), name)


def test_maxvit_is_that_of_timm() -> None:
    """Offsets count from the query to the key in the authors' code, and from the key to the query in ours."""
    layouts = {"relative_position_bias_table": lambda table: table[:, ::-1, ::-1]}
    assert_same("maxvit/t", small("maxvit_tiny_tf", 96), 96, window=3, layouts=layouts, **SMALL)
