"""Does tests/families/independent.csv say what torchvision and timm say?

Of networks that neither names, but whose parts timm has, see test_hybrid.py and test_nfnet.py.
"""

from __future__ import annotations

import ast

import pytest
import timm
import torch
import torchvision

from tests.oracle.counting import ROWS, assert_costs

NAMED = [row for row in ROWS if row["implementation"].split()[0] in ("torchvision", "timm")]


@pytest.mark.parametrize("row", NAMED, ids=lambda row: f"{row['name']}-{row['implementation']}")
def test_the_counts_that_ours_are_held_to_are_those_of_the_implementation(row: dict[str, str]) -> None:
    assert_costs(network(row["implementation"]), row)


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
