from __future__ import annotations

import torchvision

from tests.oracle.compare import assert_same


def test_densenet_is_that_of_torchvision() -> None:
    assert_same("densenet/121", torchvision.models.densenet121(num_classes=7), 65, epsilon=1e-5)
