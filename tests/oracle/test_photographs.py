"""Do published weights classify photographs through our network and our preprocessing?"""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from suite import architectures
from suite.architectures._sources import LITE

PHOTOGRAPHS = {  # of scikit-image, and their classes of ImageNet
    "coffee": {967: "espresso"},
    "cat": {281: "tabby", 282: "tiger cat", 285: "Egyptian cat"},
}


def photograph(name: str) -> np.ndarray:
    try:
        return getattr(data, name)()
    except OSError as error:
        pytest.skip(f"scikit-image cannot download its {name}: {error}")


@pytest.mark.parametrize("name", LITE)
@pytest.mark.parametrize(("subject", "classes"), PHOTOGRAPHS.items())
def test_efficientnet_lite_knows_what_is_in_a_photograph(name: str, subject: str, classes: dict[int, str]) -> None:
    """Whatever its size: it may be twice as large."""
    picture = photograph(subject)
    network = architectures.pretrained(name)
    for size in (picture, picture.repeat(2, axis=0).repeat(2, axis=1)):
        (probabilities,) = np.asarray(network.probabilities(size[None]))
        assert int(probabilities.argmax()) in classes
        assert probabilities[list(classes)].sum() > 0.3
