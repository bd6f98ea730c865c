"""Writes what timm and torchvision say of their weights into the tables of suite/architectures/offers.

    .venv-oracle/bin/python -m tests.oracle.tables results-imagenet.csv

The file is the one in timm's folder `results`. tests/oracle/test_tables.py says when a table is out of date.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import timm
import torchvision
from timm.models import get_pretrained_cfg

from suite.architectures.offers import COLUMNS, table
from suite.report.catalogue.timm import OURS

OTHERWISE = (  # in timm padded, pooled or normalised in another way than ours
    "inception_v3", "legacy_xception", "mobilenetv1_", "mobilenetv2_", "nasnetalarge",
)  # fmt: skip
LARGER = {  # networks of ours that timm names by the size of the pictures
    **{
        f"maxvit_{size}_tf_{side}": f"maxvit/{size[0] if size != 'xlarge' else 'xl'}"
        for size in ("tiny", "small", "base", "large", "xlarge")
        for side in (224, 384, 512)
    },
    **{
        f"vit_{size}_patch16_384": f"vit/{'ti' if size == 'tiny' else size[0]}-16"
        for size in ("tiny", "small", "base", "large")
    },
}
TORCHVISION = {
    "alexnet": "alexnet/one-weird-trick",
    **{f"vgg{depth}": f"vgg/{depth}" for depth in (11, 13, 16, 19)},
    **{f"vgg{depth}_bn": f"vgg/{depth}-bn" for depth in (11, 13, 16, 19)},
    "resnet18": "resnet/18",
    "resnet34": "resnet/34",
    **{f"resnet{depth}": f"resnet/{depth}-v1.5" for depth in (50, 101, 152)},
    "resnext50_32x4d": "resnet/50-32x4d",
    "resnext101_32x8d": "resnet/101-32x8d",
    "resnext101_64x4d": "resnet/101-64x4d",
    **{f"densenet{depth}": f"densenet/{depth}" for depth in (121, 169, 201)},
    **{f"convnext_{size}": f"convnext/{size[0]}" for size in ("tiny", "small", "base", "large")},
    **{f"vit_{letter}_{patch}": f"vit/{letter}-{patch}" for letter, patch in (("b", 16), ("l", 16), ("h", 14))},
}
SWAG = "cc-by-nc-4.0"  # torchvision's pages of ViT say so of weights with SWAG in their name


def of_timm() -> Iterator[dict[str, Any]]:
    """Yield a row for each of timm's weights that ours take."""
    names = {theirs: ours[0] for theirs, ours in OURS.items() if not theirs.startswith(OTHERWISE)}
    for theirs, ours in (names | LARGER).items():
        usual = f"{theirs}.{get_pretrained_cfg(theirs).tag}"
        for full in sorted(timm.list_models(f"{theirs}.*", pretrained=True), key=lambda full: full != usual):
            cfg = get_pretrained_cfg(full)
            if not cfg.hf_hub_id:  # they are elsewhere, as a file
                continue
            _, side, _ = cfg.input_size
            if theirs == "tf_efficientnet_l2":
                ours = "efficientnet/l2-475" if side == 475 else "efficientnet/l2"
            yield {
                "name": ours, "weights": full, "place": cfg.hf_hub_id, "resolution": side, "crop": cfg.crop_pct,
                "square": int(cfg.crop_mode == "center"), "interpolation": cfg.interpolation, "mean": spaced(cfg.mean),
                "deviation": spaced(cfg.std), "classes": cfg.num_classes, "licence": cfg.license or "",
            }  # fmt: skip


def of_torchvision() -> Iterator[dict[str, Any]]:
    """Yield a row for each of torchvision's weights that ours take."""
    for theirs, ours in TORCHVISION.items():
        for weights in torchvision.models.get_model_weights(theirs):
            shown, meta = weights.transforms(), weights.meta
            if meta["categories"] is None:  # of a detector
                continue
            (side,), (resized,) = shown.crop_size, shown.resize_size
            yield {
                "name": ours, "weights": f"{theirs}.{weights.name}", "place": weights.url, "resolution": side,
                "crop": round(side / resized, 6), "square": 1, "interpolation": shown.interpolation.value,
                "mean": spaced(shown.mean), "deviation": spaced(shown.std), "classes": len(meta["categories"]),
                "licence": SWAG if "SWAG" in weights.name else "", "top1": meta["_metrics"]["ImageNet-1K"]["acc@1"],
                "size": side, "megabytes": meta["_file_size"],
            }  # fmt: skip


def spaced(colour: Any) -> str:
    """Return the values for red, green and blue of a colour of 0 to 255."""
    return " ".join(f"{round(255 * value, 4):g}" for value in colour)


def rated(row: dict[str, Any], results: dict[str, list[dict[str, str]]]) -> dict[str, Any]:
    """Return a row with its accuracy in timm's results: at its own size of pictures, else the first there is."""
    found = results.get(row["weights"], [])
    best = next((line for line in found if int(line["img_size"]) == row["resolution"]), found[0] if found else None)
    return {**row, "top1": best["top1"] if best else "", "size": best["img_size"] if best else ""}


def write(library: str, rows: Iterator[dict[str, Any]]) -> None:
    """Write a table."""
    with table(library).open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    results: dict[str, list[dict[str, str]]] = {}
    for line in csv.DictReader(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()):
        results.setdefault(line["model"], []).append(line)
    write("timm", (rated(row, results) for row in of_timm()))
    write("torchvision", of_torchvision())
