"""Do published weights classify photographs through our network and our preprocessing?"""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from suite.architectures.offers.sources import LITE
from suite.architectures.weights import pretrained

ESPRESSO = 967
CATS = {281, 282, 285}  # tabby, tiger cat, Egyptian cat


def photograph(name: str) -> np.ndarray:
    try:
        return getattr(data, name)()
    except OSError as error:
        pytest.skip(f"scikit-image cannot download its {name}: {error}")


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("name", LITE)
def test_efficientnet_lite_knows_coffee_and_cats_whatever_the_size_of_the_photograph(name: str, scale: int) -> None:
    """The three first answers about the cat are kinds of cats."""
    network = pretrained(name)

    def answers(subject: str) -> np.ndarray:
        picture = photograph(subject).repeat(scale, axis=0).repeat(scale, axis=1)
        return np.asarray(network.probabilities(picture[None]))[0]

    assert answers("coffee").argmax() == ESPRESSO
    cat = answers("cat")
    assert set(cat.argsort()[-3:]) == CATS
    assert cat[list(CATS)].sum() > 0.6
