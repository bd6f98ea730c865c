"""What a network of torch costs, made on its device "meta", where nothing has memory."""

from __future__ import annotations

import csv
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

FILE = Path(__file__).parents[1] / "families" / "independent.csv"
with FILE.open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))  # what others count, see tests/families/test_published.py


def costs(module: torch.nn.Module, side: int) -> tuple[int, float]:
    """Return the weights of a network, and its billions of multiply-adds for one picture."""
    pictures = 2 if module.training else 1  # statistics need two; what is done once for all pictures is work of one
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.empty(pictures, 3, side, side, device="meta"))
    weights = sum(weight.numel() for weight in module.parameters())
    return weights, counter.get_total_flops() / pictures / 2e9  # torch counts a multiply-add as two


def assert_costs(module: torch.nn.Module, row: dict[str, str]) -> None:
    """Hold what a row of the table says, where it says something, equal to what the network costs."""
    weights, gmacs = costs(module, int(row["resolution"]))
    assert row["parameters"] in ("", str(weights))
    assert not row["gmacs"] or abs(gmacs - float(row["gmacs"])) < 0.000051


def assert_costs_of(module: torch.nn.Module, name: str) -> None:
    """Hold the one row of a network of ours equal to what theirs costs."""
    (row,) = (row for row in ROWS if row["name"] == name)
    assert_costs(module, row)
