"""Whole recipes by name, from papers and guides: what the fields of a recipe start from. A new one needs a row here.

Papers that count a weight decay into the gradient of an optimizer with momentum m apply it 1 / (1 - m) times over a few
steps. Ours is apart from the momentum, so their numbers are multiplied by that. A rate follows its batch: with the root
of its size for LAMB (You et al. 2020, section 4.2), else in proportion (Goyal et al. 2017,
https://arxiv.org/abs/1706.02677). A warm-up of a few epochs is written as its share of all of theirs.

What is left out at random is as each network's own Config says, with its paper's numbers, unless a preset names it.
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


TUNED: Mapping[str, Any] = {  # on few pictures, with weights of another training, unless a study says otherwise
    # Rates and length of the gradient: AutoGluon's multimodal presets and Keras' guide to transfer learning, see
    # docs/transfer.md.
    "optimizer": "adamw", "learning_rate": 1e-3, "batch_size": 32, "schedule": "cosine", "warmup": 0.1,
    "norm_clipping": 1.0,
}  # fmt: skip

_DEIT: Mapping[str, Any] = {  # what ConvNeXt's authors took over too
    "optimizer": "adamw", "learning_rate": 6.25e-5, "weight_decay": 0.05, "batch_size": 64, "schedule": "cosine",
    "label_smoothing": 0.1, "flip": True, "crop": 0.08, "randaugment": 9.0, "mixup": 0.8, "cutmix": 1.0, "erase": 0.25,
}  # fmt: skip

PRESETS: dict[str, Preset] = {
    "alexnet-2012": Preset(
        meaning="how AlexNet was trained, without its change of colours by principal components",
        source="Krizhevsky et al. 2012, sections 4.1 and 5",
        fields={
            "optimizer": "sgd", "learning_rate": 0.01, "momentum": 0.9, "weight_decay": 5e-3, "batch_size": 128,
            "schedule": "plateau", "warmup": 0.0, "flip": True, "shift": 0.07,
        },
    ),
    "vgg-2014": Preset(
        meaning="how VGG was trained, with pictures of one scale and without its change of colours",
        source="Simonyan and Zisserman 2014, section 3.1, https://arxiv.org/abs/1409.1556",
        fields={
            "optimizer": "sgd", "learning_rate": 0.01, "momentum": 0.9, "weight_decay": 5e-3, "batch_size": 256,
            "schedule": "plateau", "warmup": 0.0, "flip": True, "shift": 0.07,
        },
    ),
    "resnet-2015": Preset(
        # A square of 224 pixels of pictures with a shorter side of 256 to 480: at least 0.22 of the area. Ours may be
        # up to 4 : 3 off the square.
        meaning="how ResNet was trained, with Nesterov's momentum and without its change of colours",
        source="He et al. 2015, section 3.4, https://arxiv.org/abs/1512.03385",
        fields={
            "optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 1e-3, "batch_size": 256,
            "schedule": "plateau", "warmup": 0.0, "flip": True, "crop": 0.22,
        },
    ),
    "inception-v3": Preset(
        # The paper has the optimizer, its rate, clipping, average and smoothing; the code of its authors the momentum,
        # a decay of 4e-5 and the crops. A rate of 0.94 every two epochs is a hundredth after 149.
        meaning="how Inception-v3 was trained, by one worker in place of 50, without its change of colours",
        source="Szegedy et al. 2015, sections 7 and 8, https://arxiv.org/abs/1512.00567; tensorflow/models, inception",
        fields={
            "optimizer": "rmsprop", "learning_rate": 0.045, "momentum": 0.9, "epsilon": 1.0, "weight_decay": 4e-4,
            "batch_size": 32, "norm_clipping": 2.0, "schedule": "exponential", "warmup": 0.0, "average": 0.9999,
            "label_smoothing": 0.1, "flip": True, "crop": 0.05,
        },
    ),
    "densenet": Preset(
        meaning="how DenseNet was trained, without its change of colours",
        source="Huang et al. 2017, section 4.2, https://arxiv.org/abs/1608.06993",
        fields={
            "optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 1e-3, "batch_size": 256,
            "schedule": "step", "warmup": 0.0, "flip": True, "crop": 0.08,
        },
    ),
    "mobilenet-v2": Preset(
        # The paper names neither its random changes nor its epochs: 0.98 an epoch is a hundredth after 228.
        meaning="how MobileNetV2 was trained, by one worker in place of 16",
        source="Sandler et al. 2018, section 6.1, https://arxiv.org/abs/1801.04381",
        fields={
            "optimizer": "rmsprop", "learning_rate": 0.045, "momentum": 0.9, "weight_decay": 4e-4, "batch_size": 96,
            "schedule": "exponential", "warmup": 0.0,
        },
    ),
    "mobilenet-v3": Preset(
        meaning="how MobileNetV3 was trained, at a batch of 64 in place of 4096",
        source="Howard et al. 2019, section 6.1.1, https://arxiv.org/abs/1905.02244",
        fields={
            "optimizer": "rmsprop", "learning_rate": 1.5625e-3, "momentum": 0.9, "weight_decay": 1e-4, "batch_size": 64,
            "schedule": "exponential", "warmup": 0.0, "average": 0.9999, "flip": True, "crop": 0.08,
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
    "efficientnet-v2": Preset(
        # S: 171, 214, 257 and 300 pixels, used at 384; RandAugment from 5 to 10; no mixup.
        meaning="how EfficientNetV2-S was trained, at a batch of 64 in place of 4096: pictures grow in four stages",
        source="Tan and Le 2021, section 4, https://arxiv.org/abs/2104.00298; google/automl, efficientnetv2/hparams.py",
        fields={
            "optimizer": "rmsprop", "learning_rate": 4e-3, "momentum": 0.9, "weight_decay": 1e-4, "batch_size": 64,
            "schedule": "exponential", "warmup": 0.015, "average": 0.9999, "label_smoothing": 0.1, "flip": True,
            "crop": 0.08, "randaugment": 10.0, "train_side": 0.78, "progressive": 4, "first_side": 0.57,
            "first_strength": 0.5,
        },
    ),
    "nfnet": Preset(
        meaning="how NFNet-F0 was trained, at a batch of 256 in place of 4096, with half the operations of RandAugment",
        source="Brock et al. 2021, https://arxiv.org/abs/2102.06171; deepmind-research, nfnets/experiment_nfnets.py",
        fields={
            "optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 2e-4, "batch_size": 256,
            "adaptive_clipping": 0.01, "schedule": "cosine", "warmup": 0.014, "average": 0.99999,
            "label_smoothing": 0.1, "flip": True, "crop": 0.08, "randaugment": 5.0, "mixup": 0.2, "cutmix": 1.0,
        },
    ),
    "deit": Preset(  # without its repeated pictures: here each comes once in an epoch
        meaning="how DeiT was trained, at a batch of 64 in place of 1024, with one strength of RandAugment for all",
        source="Touvron et al. 2021, https://arxiv.org/abs/2012.12877; facebookresearch/deit, main.py",
        fields={**_DEIT, "warmup": 0.017, "average": 0.99996, "dropout": 0.0, "stochastic_depth": 0.1},
    ),
    "vit-baseline": Preset(
        # The decay of 1e-4 a step is apart from the rate: 0.1 of a rate of 1e-3.
        meaning="a plain ViT from scratch in 90 epochs, at a batch of 64 in place of 1024",
        source="Beyer et al. 2022, https://arxiv.org/abs/2205.01580; google-research/big_vision, vit_s16_i1k.py",
        fields={
            "optimizer": "adamw", "learning_rate": 6.25e-5, "weight_decay": 0.1, "batch_size": 64, "schedule": "cosine",
            "warmup": 0.09, "norm_clipping": 1.0, "flip": True, "crop": 0.05, "randaugment": 10.0, "mixup": 0.2,
        },
    ),
    "coatnet": Preset(
        # On ImageNet-1K: 300 epochs, of which 10,000 steps of 4096 pictures warm up. Its rate falls to a hundredth,
        # ours to zero. It names neither mirrored nor cropped pictures.
        meaning="how CoAtNet was trained, at a batch of 64 in place of 4096, RandAugment at 10 in place of 15",
        source="Dai et al. 2021, Table 10, https://arxiv.org/abs/2106.04803",
        fields={
            "optimizer": "adamw", "learning_rate": 1.5625e-5, "weight_decay": 0.05, "batch_size": 64,
            "schedule": "cosine", "warmup": 0.107, "norm_clipping": 1.0, "label_smoothing": 0.1, "randaugment": 10.0,
            "mixup": 0.8,
        },
    ),
    "convnext": Preset(
        meaning="how ConvNeXt was trained, at a batch of 64 in place of 4096, with one strength of RandAugment for all",
        source="Liu et al. 2022, https://arxiv.org/abs/2201.03545; facebookresearch/ConvNeXt, main.py",
        fields={**_DEIT, "warmup": 0.067, "average": 0.9999},
    ),
    "maxvit": Preset(
        meaning="how MaxViT was trained, at a batch of 64 in place of 4096, RandAugment at 10 in place of 15",
        source="Tu et al. 2022, https://arxiv.org/abs/2204.01697; google-research/maxvit, hp/vision_i1k.py",
        fields={
            "optimizer": "adamw", "learning_rate": 4.7e-5, "weight_decay": 0.05, "batch_size": 64, "schedule": "cosine",
            "warmup": 0.107, "norm_clipping": 1.0, "average": 0.9999, "label_smoothing": 0.1, "flip": True,
            "crop": 0.08, "randaugment": 10.0, "mixup": 0.8,
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
        meaning="the recipe that weights of another training come with, and patience, decay and changed pictures",
        source="after AutoGluon (clipping, cosine, warm-up, patience) and BiT (no mixup on few pictures)",
        fields={**TUNED, "weight_decay": 1e-3, "patience": 5, "flip": True, "crop": 0.7},
    ),
}  # fmt: skip
