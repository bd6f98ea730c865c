"""Do files with the weights of torchvision's and timm's networks load into ours? Both give the same answers.

The weights are random and in single precision, as in files; the networks are whole, and compute in double precision.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file

from suite.architectures import weights
from suite.architectures.weights.loading import built
from tests.oracle.compare import TOLERANCE, randomized

CLASSES = 7
ROWS = [  # ours, the library, theirs, side of the pictures in pixels
    ("alexnet/one-weird-trick", "torchvision", "alexnet", 224),
    ("vgg/11", "torchvision", "vgg11", 224),
    ("vgg/11", "timm", "vgg11", 224),
    ("vgg/13-bn", "torchvision", "vgg13_bn", 224),
    ("resnet/18", "torchvision", "resnet18", 65),
    ("resnet/50-v1.5", "timm", "resnet50", 64),
    ("resnet/50-32x4d", "timm", "resnext50_32x4d", 64),
    ("resnet_v2/18", "timm", "resnetv2_18", 65),
    ("resnet_v2/50", "timm", "resnetv2_50", 64),
    ("densenet/121", "torchvision", "densenet121", 65),
    ("densenet/169", "timm", "densenet169", 64),
    ("inception_v4/2016", "timm", "inception_v4", 107),
    ("inception_resnet/v2", "timm", "inception_resnet_v2", 107),
    ("mobilenet_v3/large", "timm", "tf_mobilenetv3_large_100", 65),
    ("mobilenet_v3/small-0.75", "timm", "tf_mobilenetv3_small_075", 64),
    ("efficientnet/b0", "timm", "tf_efficientnet_b0", 65),
    ("efficientnet/lite1", "timm", "tf_efficientnet_lite1", 64),
    ("efficientnet_v2/b1", "timm", "tf_efficientnetv2_b1", 65),
    ("senet/resnet-50", "timm", "legacy_seresnet50", 64),
    ("senet/154", "timm", "legacy_senet154", 64),
    ("vit/ti-16", "timm", "vit_tiny_patch16_224", 224),
    ("vit/b-16", "torchvision", "vit_b_16", 224),
    ("nfnet/f0", "timm", "dm_nfnet_f0", 64),
    ("convnext/t", "timm", "convnext_tiny", 75),
    ("convnext/t", "torchvision", "convnext_tiny", 64),
    ("maxvit/t", "timm", "maxvit_tiny_tf_224", 224),
]


def network(library: str, name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    if library == "timm":
        theirs: Any = timm.create_model(name, num_classes=CLASSES)
        for part in theirs.modules():
            if hasattr(part, "gain_init"):  # what timm adds to the variance of kernels, and the authors do not
                part.eps = 1e-30
        return theirs
    return torchvision.models.get_model(name, num_classes=CLASSES)


def saved(theirs: torch.nn.Module, folder: Path, library: str) -> Path:
    """Write the weights as the library publishes them."""
    if library == "timm":
        save_file(
            {name: tensor.contiguous() for name, tensor in theirs.state_dict().items()}, folder / "their.safetensors"
        )
        return folder / "their.safetensors"
    torch.save(theirs.state_dict(), folder / "their.pth")
    return folder / "their.pth"


@pytest.mark.parametrize(("name", "library", "theirs", "side"), ROWS)
def test_a_file_of_theirs_loads_into_ours(name: str, library: str, theirs: str, side: int, tmp_path: Path) -> None:
    pictures = np.random.default_rng(1).uniform(-1, 1, (2, side, side, 3))
    pictures *= np.linspace(0.3, 1, 2)[:, None, None, None]
    shown = torch.from_numpy(pictures.transpose(0, 3, 1, 2))
    source = randomized(network(library, theirs).eval(), shown.float())
    found = weights.find(name, str(saved(source, tmp_path, library)))
    ours = found.give(built(name, side, CLASSES, found.changes))
    with torch.no_grad():
        expected = source.double()(shown).numpy()
    spread = np.ptp(expected, axis=0).mean()
    assert spread > 1e-3 * np.abs(expected).max()
    np.testing.assert_allclose(ours(pictures, training=False), expected, atol=TOLERANCE * spread, rtol=0)
