"""What every named network costs, to the last weight. `pytest tests/families/test_recorded.py --record` rewrites it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from suite import architectures
from suite.architectures import words
from suite.core.task import Task
from suite.counting.complexity import complexity, weightless

RECORDED = Path(architectures.__file__).with_name("recorded.json")


def measured(network: str) -> dict[str, int | None]:
    family, config = architectures.family(network.partition("/")[0]), architectures.config(network)
    task = Task(height=config.resolution, width=config.resolution, channels=3, classes=1000)
    counts = complexity(weightless(lambda: family.build(config, task)))
    is_tiny = network not in architectures.published()
    whole = {"whole_parameters": whole_parameters(network)} if words.learns(network.partition("/")[0]) else {}
    return {**dataclasses.asdict(counts), "resolution": config.resolution, "tiny": is_tiny, **whole}


def whole_parameters(network: str) -> int:
    """Return the trainable weights of both sides, where pictures have the size of the paper's pretraining."""
    family, config = architectures.family(network.partition("/")[0]), architectures.config(network)
    side = min(config.resolution, family.PRETRAINED)
    task = Task(height=side, width=side, channels=3, classes=1000)
    whole = weightless(lambda: words.whole(network.partition("/")[0], config, words.text_side(network), task))
    return complexity(whole).parameters


def test_every_named_network_costs_what_is_recorded(counted: str, request: pytest.FixtureRequest) -> None:
    now = measured(counted)
    if request.config.getoption("--record", default=False):
        table = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}
        RECORDED.write_text(json.dumps({**table, counted: now}, indent=1) + "\n", encoding="utf-8")
    recorded = dataclasses.asdict(architectures.recorded()[counted])
    assert recorded == {"name": counted, "whole_parameters": None, **now}


def test_nothing_is_recorded_of_a_network_that_does_not_exist() -> None:
    names = {f"{name}/{variant}" for name in architectures.FAMILIES for variant in architectures.family(name).VARIANTS}
    assert set(architectures.recorded()) == names
