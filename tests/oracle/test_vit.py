from __future__ import annotations

from typing import Any

import pytest
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from tests.oracle.compare import assert_same

SMALL = {"depth": 2, "width": 24, "heads": 3, "hidden": 40}


def vit(side: int, patch: int, **changes: Any) -> nn.Module:
    """Return a small one whose weights are large enough for its answers to depend on the pictures."""
    theirs = VisionTransformer(
        img_size=side, patch_size=patch, num_classes=7, embed_dim=24, depth=2, num_heads=3, mlp_ratio=40 / 24, **changes
    )
    for parameter in theirs.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=0.2)
    return theirs


@pytest.mark.parametrize(("name", "patch"), [("vit/b-16", 16), ("vit/g-14", 14)])
def test_vit_is_that_of_timm(name: str, patch: int) -> None:
    assert_same(name, vit(4 * patch, patch), 4 * patch, **SMALL)


def test_vit_that_averages_its_tokens_is_that_of_timm() -> None:
    theirs = vit(64, 16, class_token=False, global_pool="avg", fc_norm=False, final_norm=True)
    assert_same("vit/b-16", theirs, 64, class_token=False, **SMALL)
