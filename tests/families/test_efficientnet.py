"""Does EfficientNet scale as its authors' code does?"""

from __future__ import annotations

import pytest

from suite.architectures.families.efficientnet import VARIANTS, Config

Numbers = tuple[int, ...]

# output channels of the stages, their blocks, channels of stem and head
SCALED: dict[str, tuple[Numbers, Numbers, Numbers]] = {
    "b0": ((16, 24, 40, 80, 112, 192, 320), (1, 2, 2, 3, 3, 4, 1), (32, 1280)),
    "b4": ((24, 32, 56, 112, 160, 272, 448), (2, 4, 4, 6, 6, 8, 2), (48, 1792)),
    "b7": ((32, 48, 80, 160, 224, 384, 640), (4, 7, 7, 10, 10, 13, 4), (64, 2560)),
    "l2": ((72, 104, 176, 344, 480, 824, 1376), (6, 11, 11, 16, 16, 22, 6), (136, 5504)),
    "lite2": ((16, 24, 48, 88, 120, 208, 352), (1, 3, 3, 4, 4, 5, 1), (32, 1280)),
}


@pytest.mark.parametrize("name", SCALED)
def test_two_coefficients_make_widths_and_depths(name: str) -> None:
    config = VARIANTS[name]
    assert (config.scaled_widths, config.scaled_depths, config.scaled_ends) == SCALED[name]


def test_rounding_takes_away_no_more_than_a_tenth_and_never_all() -> None:
    widths = Config(depths=(1,) * 4, widths=(11, 12, 13, 1), sizes=(3,) * 4, strides=(1,) * 4, expansions=(1,) * 4)
    assert widths.scaled_widths == (16, 16, 16, 8)
