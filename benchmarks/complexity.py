"""Count every network of the catalogue, the giants too: seconds, and the most memory that the process took.

    python benchmarks/complexity.py
    python benchmarks/complexity.py --timm results/benchmark-infer-*.csv    # and compare with timm's tables

Counted of each: its totals, its parts by layer, and its activation memory for one picture. timm's tables are those with
the columns model, infer_img_size, param_count and infer_gmacs in the folder `results` of its repository.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from suite import architectures
from suite.profile.complexity import complexity, parts, peak_activation_bytes, weightless
from suite.profile.graph import graph
from suite.study import split
from suite.task import Task

LIMITS = {"seconds": 180.0, "GB": 2.0}

# The same network at timm, where it is measured at our size.
PAIRS = {
    "vgg/11": "vgg11", "vgg/13": "vgg13", "vgg/16": "vgg16", "vgg/19": "vgg19",
    "vgg/11-bn": "vgg11_bn", "vgg/13-bn": "vgg13_bn", "vgg/16-bn": "vgg16_bn", "vgg/19-bn": "vgg19_bn",
    "resnet/18": "resnet18", "resnet/34": "resnet34",
    "resnet/50-v1.5": "resnet50", "resnet/101-v1.5": "resnet101", "resnet/152-v1.5": "resnet152",
    "resnet/50-32x4d": "resnext50_32x4d", "resnet/101-32x4d": "resnext101_32x4d",
    "resnet/101-64x4d": "resnext101_64x4d", "resnet/101-32x8d": "resnext101_32x8d",
    "resnet_v2/18": "resnetv2_18", "resnet_v2/34": "resnetv2_34", "resnet_v2/50": "resnetv2_50",
    "resnet_v2/101": "resnetv2_101", "resnet_v2/152": "resnetv2_152",
    "inception_v3/2015": "inception_v3", "inception_v4/2016": "inception_v4",
    "inception_resnet/v2": "inception_resnet_v2", "xception/2016": "legacy_xception", "nasnet/large": "nasnetalarge",
    "densenet/121": "densenet121", "densenet/169": "densenet169", "densenet/201": "densenet201",
    "mobilenet/1.0": "mobilenetv1_100", "mobilenet_v2/1.0": "mobilenetv2_100", "mobilenet_v2/1.4": "mobilenetv2_140",
    "mobilenet_v2/0.75": "mobilenetv2_075", "mobilenet_v2/0.5": "mobilenetv2_050",
    "mobilenet_v2/0.35": "mobilenetv2_035", "mobilenet_v3/large": "mobilenetv3_large_100",
    "mobilenet_v3/small": "mobilenetv3_small_100", "mobilenet_v3/large-0.75": "mobilenetv3_large_075",
    "mobilenet_v3/small-0.75": "mobilenetv3_small_075",
    "efficientnet/b0": "tf_efficientnet_b0", "efficientnet/b1": "tf_efficientnet_b1",
    "efficientnet/b2": "tf_efficientnet_b2", "efficientnet/b3": "tf_efficientnet_b3",
    "efficientnet/b4": "tf_efficientnet_b4", "efficientnet/b5": "tf_efficientnet_b5",
    "efficientnet/b6": "tf_efficientnet_b6", "efficientnet/b7": "tf_efficientnet_b7",
    "efficientnet/l2": "tf_efficientnet_l2", "efficientnet/l2-475": "tf_efficientnet_l2",
    "efficientnet/lite0": "tf_efficientnet_lite0", "efficientnet/lite1": "tf_efficientnet_lite1",
    "efficientnet/lite2": "tf_efficientnet_lite2",
    "senet/resnet-50": "legacy_seresnet50", "senet/resnet-101": "legacy_seresnet101",
    "senet/resnet-152": "legacy_seresnet152", "senet/resnext-50-32x4d": "legacy_seresnext50_32x4d",
    "senet/resnext-101-32x4d": "legacy_seresnext101_32x4d", "senet/154": "legacy_senet154",
    "vit/ti-16": "vit_tiny_patch16_224", "vit/s-16": "vit_small_patch16_224", "vit/b-16": "vit_base_patch16_224",
    "vit/l-16": "vit_large_patch16_224", "vit/g-14": "vit_giant_patch14_224", "vit/G-14": "vit_gigantic_patch14_224",
    "nfnet/f0": "dm_nfnet_f0", "nfnet/f1": "dm_nfnet_f1", "nfnet/f2": "dm_nfnet_f2", "nfnet/f3": "dm_nfnet_f3",
    "nfnet/f4": "dm_nfnet_f4", "nfnet/f5": "dm_nfnet_f5", "nfnet/f6": "dm_nfnet_f6", "nfnet/f7": "nfnet_f7",
    "coatnet/0": "coatnet_0_224", "coatnet/1": "coatnet_1_224", "coatnet/2": "coatnet_2_224",
    "coatnet/3": "coatnet_3_224",
    "efficientnet_v2/b0": "tf_efficientnetv2_b0", "efficientnet_v2/b1": "tf_efficientnetv2_b1",
    "efficientnet_v2/b2": "tf_efficientnetv2_b2", "efficientnet_v2/b3": "tf_efficientnetv2_b3",
    "efficientnet_v2/s": "tf_efficientnetv2_s", "efficientnet_v2/m": "tf_efficientnetv2_m",
    "efficientnet_v2/l": "tf_efficientnetv2_l", "efficientnet_v2/xl": "tf_efficientnetv2_xl",
    "maxvit/t": "maxvit_tiny_tf_224", "maxvit/s": "maxvit_small_tf_224", "maxvit/b": "maxvit_base_tf_224",
    "maxvit/l": "maxvit_large_tf_224", "maxvit/xl": "maxvit_xlarge_tf_512",
    "convnext/t": "convnext_tiny", "convnext/s": "convnext_small", "convnext/b": "convnext_base",
    "convnext/l": "convnext_large", "convnext/xl": "convnext_xlarge",
}  # fmt: skip
AS_TIMM = {"coatnet": {"stride_in": "depthwise"}}  # our own choice there is that of the paper's text

# fvcore, with which timm counts, adds these for each output of a normalisation (fvcore/nn/jit_handles.py). In NFNets
# timm standardises a kernel by a batch normalisation of it.
NORMALISATION = {"BatchNormalization": 2, "LayerNormalization": 5}
STANDARDISATION = 5
ROUNDING = 0.005  # timm prints two decimals, of billions and of millions


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One network, counted here and by timm."""

    name: str
    timm: str
    gmacs: float
    timm_gmacs: float
    gmacs_as_timm: float  # with what its tool adds
    million: float  # trainable weights
    timm_million: float


def network(name: str) -> keras.Model:
    config = architectures.config(name)
    task = Task(height=config.resolution, width=config.resolution, channels=3, classes=1000)
    family = split(name)[0]
    return weightless(lambda: architectures.family(family).build(config, task))


def count_all() -> int:
    """Count the catalogue, and print what it took; return 1 when it passes a limit."""
    names = list(architectures.recorded())
    start = time.perf_counter()
    for name in names:
        model = network(name)
        whole, rows = complexity(model), parts(model)
        peak_activation_bytes(model, 1)
        assert sum(row.macs for row in rows) == whole.macs == architectures.recorded()[name].macs
        assert sum(row.total_parameters for row in rows) == whole.total_parameters
    took = {"seconds": time.perf_counter() - start, "GB": peak() / 1e9}
    weights = sum(row.total_parameters for row in architectures.recorded().values())
    print(f"{len(names)} networks of {weights / 1e9:.1f} billion weights: {took['seconds']:.0f} s, {took['GB']:.2f} GB")
    return int(any(took[key] > limit for key, limit in LIMITS.items()))


def peak() -> float:
    """Return the largest memory that this process has held, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def compare(files: Iterable[Path]) -> None:
    rows = {(row["model"], int(row["infer_img_size"])): row for file in files for row in csv.DictReader(file.open())}
    compared = []
    for name, timm in PAIRS.items():
        row = rows.get((timm, architectures.resolution(name)))
        if row:
            compared.append(_compared(name, row))
    print(f"\n{'network':24} {'timm':28} {'weights, M':>17} {'GMACs':>17} {'%':>6}  {'as timm counts':>14} {'%':>6}")
    for one in compared:
        print(
            f"{one.name:24} {one.timm:28} {one.million:8.2f} {one.timm_million:8.2f} {one.gmacs:8.2f} "
            f"{one.timm_gmacs:8.2f} {100 * (one.gmacs / one.timm_gmacs - 1):6.2f}  {one.gmacs_as_timm:14.3f} "
            f"{100 * (one.gmacs_as_timm / one.timm_gmacs - 1):6.2f}"
        )
    print(f"\n{len(compared)} networks, differences in percent beyond the rounding of timm's second decimal")
    _summary("weights", compared, "million", "timm_million")
    _summary("multiply-adds", compared, "gmacs", "timm_gmacs")
    _summary("the same, with what the tool of timm adds", compared, "gmacs_as_timm", "timm_gmacs")


def _compared(name: str, row: dict[str, str]) -> Compared:
    family, recorded = split(name)[0], architectures.recorded()[name]
    config = replace(architectures.config(name), **AS_TIMM.get(family, {}))
    task = Task(height=recorded.resolution, width=recorded.resolution, channels=3, classes=1000)
    model = weightless(lambda: architectures.family(family).build(config, task))
    counts = complexity(model)
    return Compared(
        name=name,
        timm=row["model"],
        gmacs=counts.macs / 1e9,
        timm_gmacs=float(row["infer_gmacs"]),
        gmacs_as_timm=(counts.macs + _extra(model)) / 1e9,
        million=counts.parameters / 1e6,
        timm_million=float(row["param_count"]),
    )


def _extra(model: keras.Model) -> int:
    """Return what fvcore counts beside convolutions, dense layers and products.

    Of the poolings that is the last; those of squeeze-and-excitation are means at timm, which cost nothing there.
    """
    calls = [(type(call.operation).__name__, call) for call in graph(model).calls]
    normalised = sum(NORMALISATION.get(kind, 0) * prod(call.outputs[0].shape) for kind, call in calls)
    kernels = [call.operation.kernel for kind, call in calls if kind == "StandardizedConv2D"]
    pooled = [prod(call.inputs[0].shape) for kind, call in calls if kind == "GlobalAveragePooling2D"]
    return normalised + STANDARDISATION * sum(prod(kernel.shape) for kernel in kernels) + sum(pooled[-1:])


def _summary(what: str, compared: list[Compared], ours: str, theirs: str) -> None:
    """Print median and worst of the relative differences that rounding does not explain."""
    apart = {
        one.name: max(0.0, abs(getattr(one, ours) - getattr(one, theirs)) - ROUNDING) / getattr(one, theirs)
        for one in compared
    }
    worst = max(apart, key=apart.__getitem__)
    equal = sum(not value for value in apart.values())
    print(
        f"{what}: {equal} are equal; median {100 * statistics.median(apart.values()):.2f}, "
        f"worst {100 * apart[worst]:.2f} ({worst if apart[worst] else 'none'})"
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--timm", type=Path, nargs="+", metavar="FILE", help="tables of timm to compare with")
    chosen = options.parse_args()
    code = count_all()
    if chosen.timm:
        compare(chosen.timm)
    return code


if __name__ == "__main__":
    sys.exit(main())
