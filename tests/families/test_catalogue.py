"""Asking for networks by name, and what a Config says to a wrong value."""

from __future__ import annotations

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
        ("alexnet", {"widths": (96, 256)}, "widths = [96, 256]: an AlexNet has 5 convolutions"),
        ("alexnet", {"groups": 5}, "each must be a multiple of groups = 5"),
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
        ("mobilenet", {"width": 0.01}, "width = 0.01 leaves no channel of 32: give at least 0.0312"),
        ("mobilenet", {"width": -1.0}, "width = -1.0"),
        ("mobilenet", {"depths": (1, 1)}, "2 depths, 5 widths"),
        ("mobilenet", {"dropout": -0.1}, "dropout = -0.1"),
    ],
)
def test_a_value_that_cannot_be_built_is_refused_by_field(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ArchitectureError) as error:
        architectures.family(name).Config(**values)
    assert message in str(error.value)


def test_the_least_base_width_and_multiplier_that_a_message_offers_are_taken() -> None:
    architectures.family("resnet").Config(depths=(1,), widths=(8,), base_width=8)
    architectures.family("mobilenet").Config(width=0.03125)
