"""Whole recipes by name, from papers and guides: what the fields of a recipe start from. A new one needs a row here.

Papers that count a weight decay into the gradient of an optimizer with momentum m apply it 1 / (1 - m) times over a few
steps. Ours is apart from the momentum, so their numbers are multiplied by that. A rate follows its batch: with the root
of its size for LAMB (You et al. 2020, section 4.2), else in proportion (Goyal et al. 2017,
https://arxiv.org/abs/1706.02677).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FAMILY = "family"  # in place of a name: the recipe of the network's family


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One recipe."""

    meaning: str  # what it is for, and where it differs from its source
    source: str
    fields: Mapping[str, Any]  # of a Recipe; the others keep their defaults


PRESETS: dict[str, Preset] = {
    "alexnet-2012": Preset(
        meaning="how AlexNet was trained, without its change of colours by principal components",
        source="Krizhevsky et al. 2012, sections 4.1 and 5",
        fields={
            "optimizer": "sgd", "learning_rate": 0.01, "momentum": 0.9, "weight_decay": 5e-3, "batch_size": 128,
            "schedule": "plateau", "warmup": 0.0, "flip": True, "shift": 0.07,
        },
    ),
    "resnet-strikes-back": Preset(
        meaning="procedure A3, at a batch of 256 in place of 2048, and with one strength of RandAugment for all",
        source="Wightman et al. 2021, Table 2, https://arxiv.org/abs/2110.00476",
        fields={
            "optimizer": "lamb", "learning_rate": 2.8e-3, "weight_decay": 0.02, "batch_size": 256, "schedule": "cosine",
            "warmup": 0.05, "cross_entropy": "sigmoid", "flip": True, "crop": 0.08, "randaugment": 6.0, "mixup": 0.1,
            "cutmix": 1.0,
        },
    ),
    "efficientnet": Preset(
        meaning="how EfficientNet was trained, at a batch of 64 in place of 4096",
        source="Tan and Le 2019, section 5.2, https://arxiv.org/abs/1905.11946",
        fields={
            "optimizer": "rmsprop", "learning_rate": 4e-3, "momentum": 0.9, "weight_decay": 1e-4, "batch_size": 64,
            "schedule": "exponential", "warmup": 0.015, "average": 0.9999, "label_smoothing": 0.1, "flip": True,
            "crop": 0.08, "randaugment": 5.0,
        },
    ),
    "small-data": Preset(
        meaning="from scratch on some thousand pictures: small batches, strong decay, an average of the weights",
        source="after Brigato et al. 2021, https://arxiv.org/abs/2108.13122: batch, rate and decay matter most",
        fields={
            "optimizer": "adamw", "learning_rate": 3e-3, "weight_decay": 0.05, "batch_size": 32, "schedule": "cosine",
            "warmup": 0.1, "norm_clipping": 1.0, "average": 0.99, "label_smoothing": 0.1, "flip": True, "crop": 0.5,
            "colour": 0.2,
        },
    ),
    "transfer": Preset(
        meaning="from weights of another training, on some thousand pictures",
        source="after AutoGluon (clipping, cosine, warm-up, patience) and BiT (no mixup on few pictures)",
        fields={
            "optimizer": "adamw", "learning_rate": 1e-3, "weight_decay": 1e-3, "batch_size": 32, "schedule": "cosine",
            "warmup": 0.1, "norm_clipping": 1.0, "patience": 5, "flip": True, "crop": 0.7,
        },
    ),
}  # fmt: skip
