"""Asking for networks by name, and what a Config says to a wrong value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from suite import architectures
from suite.core.errors import ArchitectureError


def test_a_named_network_is_its_row_of_the_table() -> None:
    assert architectures.config("resnet/50") is architectures.family("resnet").VARIANTS["50"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnt/50", "no family 'resnt'. Did you mean 'resnet'?"),
        ("resnet/50-v15", "no variant '50-v15' of resnet. Did you mean '50-v1.5'?"),
        ("resnet", "'resnet' names no variant: write family/variant"),
        ("gpt/2", "no family 'gpt'. Known: " + ", ".join(sorted(architectures.FAMILIES))),
        ("networks/mine.py", "'networks/mine.py' names no variant: write family/variant"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(ArchitectureError) as error:
        architectures.config(name)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("alexnet", {"widths": (96, 256)}, "widths = [96, 256]: an AlexNet has 5 convolutions: give 5"),
        ("alexnet", {"groups": 5}, "give multiples of groups = 5"),
        ("alexnet", {"groups": 0}, "groups = 0: give a number above 0"),
        ("alexnet", {"dense": ()}, "dense = []: give one or more"),
        ("alexnet", {"dropout": 1.0}, "dropout = 1.0: give a share"),
        ("alexnet", {"initializer": "xavier"}, 'initializer needs "paper" or "he", not "xavier"'),
        ("resnet", {"depths": (3, 4, 6)}, "3 depths, 4 widths"),
        ("resnet", {"depths": (3, 4, 0, 3)}, "depths = [3, 4, 0, 3]: give one or more numbers above 0"),
        ("resnet", {"depths": (1,), "widths": (-8,)}, "widths = [-8]"),
        ("resnet", {"depths": (1,), "widths": (8,), "base_width": 4}, "at width 8: give at least 8"),
        ("resnet", {"depths": (1,) * 4, "bottleneck": False, "groups": 8}, "are for bottlenecks"),
        ("resnet", {"depths": (1,) * 4, "stem": "cifar"}, 'stem needs "imagenet" or "small", not "cifar"'),
        ("resnet", {"depths": (1,) * 4, "epsilon": 0.0}, "epsilon = 0.0"),
        ("mobilenet", {"width": 0.01}, "width = 0.01 leaves no channel of 32: give at least 0.0313"),
        ("mobilenet", {"width": -1.0}, "width = -1.0"),
        ("mobilenet", {"depths": (1, 1)}, "2 depths, 5 widths"),
        ("mobilenet", {"dropout": -0.1}, "dropout = -0.1"),
    ],
)
def test_a_value_that_cannot_be_built_is_refused_by_field(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ArchitectureError) as error:
        architectures.family(name).Config(**values)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "values", "field"),
    [
        ("resnet", {"depths": (1,), "widths": (8,), "base_width": 4}, "base_width"),
        ("mobilenet", {"width": 0.01}, "width"),
        ("mobilenet", {"width": 0.01, "stem_width": 24, "widths": (24,), "depths": (1,)}, "width"),
    ],
)
def test_the_least_value_that_a_message_offers_is_taken(name: str, values: dict[str, Any], field: str) -> None:
    kind = architectures.family(name).Config
    with pytest.raises(ArchitectureError) as error:
        kind(**values)
    least = float(str(error.value).rpartition("give at least ")[2])
    kind(**values | {field: int(least) if field == "base_width" else least})


WAYS_OUT = {"give", "set", "leave", "write", "choose", "enlarge"}


def test_every_refusal_of_a_family_says_what_to_do() -> None:
    """Of the text in the source: the messages of all `require` and ArchitectureError, without what is filled in."""
    told = [one for file in (Path(architectures.__file__).parent / "families").glob("*.py") for one in messages(file)]
    assert len(told) > 30
    assert [one for one in told if not set(re.findall(r"\w+", one)) & WAYS_OUT] == []


def messages(file: Path) -> Iterator[str]:
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("require", "ArchitectureError"):
            texts = (part.value for part in ast.walk(call.args[-1]) if isinstance(part, ast.Constant))
            if said := "".join(text for text in texts if isinstance(text, str)).strip():
                yield f"{file.name}: {said}"
