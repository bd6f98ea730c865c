"""Does tests/families/independent.csv say what torchvision and timm say?"""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

FILE = Path(__file__).parents[1] / "families" / "independent.csv"
with FILE.open(encoding="utf-8") as file:
    ROWS = [row for row in csv.DictReader(file) if row["implementation"].split()[0] in ("torchvision", "timm")]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['name']}-{row['implementation']}")
def test_the_counts_that_ours_are_held_to_are_those_of_the_implementation(row: dict[str, str]) -> None:
    theirs, side = network(row["implementation"]), int(row["resolution"])
    pictures = 2 if theirs.training else 1  # statistics need two; what is done once for all pictures is work of one
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        theirs(torch.empty(pictures, 3, side, side, device="meta"))
    if row["parameters"]:
        assert sum(weight.numel() for weight in theirs.parameters()) == int(row["parameters"])
    if row["gmacs"]:  # torch counts a multiply-add as two
        assert counter.get_total_flops() / pictures / 2e9 == pytest.approx(float(row["gmacs"]), abs=0.000051)


def network(implementation: str) -> torch.nn.Module:
    """Return `timm NAME` or `torchvision NAME FIELD=VALUE training`, without memory for its weights."""
    package, name, *rest = implementation.split()
    changes = {key: value(text) for key, _, text in (word.partition("=") for word in rest if "=" in word)}
    with torch.device("meta"):
        made = timm.create_model(name, **changes) if package == "timm" else getattr(torchvision.models, name)(**changes)
    return made.train("training" in rest)


def value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except SyntaxError:  # of a word such as 1x1
        return text
