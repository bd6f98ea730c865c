from __future__ import annotations

from typing import Any

import pytest
from timm.models.convnext import ConvNeXt

from tests.oracle.compare import assert_same

SMALL = {"depths": (2, 1, 3, 1), "widths": (8, 16, 24, 32), "window": 5}
ROWS = [  # changes to our Config, and the same in timm's words
    ({"depths": (1, 1, 2, 1)}, {"depths": (1, 1, 2, 1)}),
    (SMALL, {"depths": SMALL["depths"], "dims": SMALL["widths"], "kernel_sizes": SMALL["window"]}),
]


@pytest.mark.parametrize(("ours", "theirs"), ROWS)
def test_convnext_is_that_of_timm(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert_same("convnext/t", ConvNeXt(num_classes=7, **theirs), 75, **ours)
