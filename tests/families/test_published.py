"""Do our networks cost what their papers, and what implementations that are not ours, say?

independent.csv holds what others count: trainable weights, and billions of multiply-adds of convolutions, dense layers
and attention products for one picture of `resolution`. tests/oracle/test_independent.py asks torchvision and timm.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import keras
import pytest

from suite import architectures
from suite.core.study import split
from suite.counting.complexity import complexity, weightless

CITED = architectures.published()
with Path(__file__).with_name("independent.csv").open(encoding="utf-8") as file:
    INDEPENDENT = list(csv.DictReader(file))

# Ours over what is printed, where that is not what the layers of the same paper have.
DIFFERS = {
    ("googlenet/2014", "macs"): 1.055,  # the budget that the paper set itself
    ("inception_v2/2015", "parameters"): 0.823,
    ("inception_v3/2015", "macs"): 1.143,
    ("mobilenet_v2/1.0", "parameters"): 1.031,  # the authors' code has what ours has
    ("mobilenet_v2/1.4", "parameters"): 0.885,
    ("efficientnet/b4", "macs"): 1.046,
    ("efficientnet/b5", "macs"): 1.037,
    ("efficientnet/lite0", "macs"): 0.946,  # counted with more than convolutions and dense layers
    ("efficientnet/lite1", "macs"): 0.951,
    ("efficientnet/lite2", "macs"): 0.956,
    ("coatnet/4", "macs"): 0.974,
    ("coatnet/6", "parameters"): 0.918,
    ("coatnet/6", "macs"): 0.963,
    ("efficientnet_v2/s", "macs"): 0.951,
    ("efficientnet_v2/l", "macs"): 1.058,
    ("coca/base", "parameters"): 0.233,  # of the whole model, text included: see test_text_sizes.py
    ("coca/large", "parameters"): 0.392,
    ("coca/coca", "parameters"): 0.487,
}


@pytest.mark.parametrize("name", CITED)
def test_a_network_costs_what_its_paper_prints(name: str) -> None:
    """Within 2.5 %, or within the rounding of the last digit that papers print (0.1 million weights)."""
    cited, ours = CITED[name], architectures.recorded()[name]
    for measure, least in (("parameters", 50_000), ("macs", 500_000)):
        printed, counted = getattr(cited, measure), getattr(ours, measure)
        if printed:
            assert counted == pytest.approx(printed * DIFFERS.get((name, measure), 1), rel=0.025, abs=least)


def test_no_network_is_excused_that_costs_what_its_paper_prints() -> None:
    for (name, measure), ratio in DIFFERS.items():
        actual = getattr(architectures.recorded()[name], measure) / getattr(CITED[name], measure)
        assert actual == pytest.approx(ratio, abs=0.001)
        assert abs(actual - 1) > 0.025


@pytest.mark.parametrize("row", INDEPENDENT, ids=lambda row: f"{row['name']}-{row['implementation']}")
def test_a_network_costs_what_an_implementation_that_is_not_ours_counts(row: dict[str, str]) -> None:
    """Weights to the last one, multiply-adds to four digits behind the point of a billion."""
    ours = architectures.recorded()[row["name"]]
    assert ours.resolution == int(row["resolution"])
    if row["parameters"]:
        assert ours.parameters == int(row["parameters"])
    if row["gmacs"]:
        assert ours.macs / 1e9 == pytest.approx(float(row["gmacs"]), abs=0.000051)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, marks=pytest.mark.slow if row["name"] in ("resnet/101", "resnet/152") else ())  # deeper ones
        for row in INDEPENDENT
        if row["implementation"].startswith("keras.applications")
    ],
    ids=lambda row: row["implementation"],
)
def test_the_counts_of_keras_applications_are_those_of_its_networks(row: dict[str, str]) -> None:
    _, name, *alpha = row["implementation"].split()
    changes = {"alpha": float(alpha[0].removeprefix("alpha="))} if alpha else {}
    theirs = complexity(weightless(lambda: getattr(keras.applications, name)(weights=None, **changes)))
    assert row["parameters"] in ("", str(theirs.parameters))
    assert row["gmacs"] == f"{theirs.macs / 1e9:.4f}"


def test_every_network_but_those_for_tests_is_counted_by_somebody_else_too() -> None:
    weights = {row["name"] for row in INDEPENDENT if row["parameters"]}
    work = {row["name"] for row in INDEPENDENT if row["gmacs"]}
    named = {name for name in architectures.recorded() if split(name)[1] != "tiny"}
    assert named - weights == named - work == set()
    assert weights | work <= named
    assert all(row["implementation"] for row in INDEPENDENT)


# ---- what papers print layer by layer: outputs, window, channels that one output sees, filters

Layers = list[tuple[int, int, int, int]]


def weights(layers: Layers, each: int = 1) -> int:
    """Return the weights of convolutions and dense layers with so many more for each filter: a bias by default."""
    return sum((window * seen + each) * filters for _, window, seen, filters in layers)


def work(layers: Layers) -> int:
    return sum(outputs * window * seen * filters for outputs, window, seen, filters in layers)


def test_alexnet_has_the_weights_and_work_of_its_layer_table() -> None:
    """Sections 3.2 and 3.5: the second, fourth and fifth convolution see half of the channels each."""
    table: Layers = [
        (55 * 55, 11 * 11, 3, 96), (27 * 27, 5 * 5, 48, 256), (13 * 13, 3 * 3, 256, 384), (13 * 13, 3 * 3, 192, 384),
        (13 * 13, 3 * 3, 192, 256), (1, 6 * 6, 256, 4096), (1, 1, 4096, 4096), (1, 1, 4096, 1000),
    ]  # fmt: skip
    ours = architectures.recorded()["alexnet/2012"]
    assert (ours.parameters, ours.macs) == (weights(table), work(table))
    assert ours.activations == sum(outputs * filters for outputs, _, _, filters in table)


def test_alexnet_without_groups_spends_its_weights_on_the_classifier_and_its_work_before_it() -> None:
    """6 % of the weights, and 95 % of the work, are of its convolutions, as lectures say of AlexNet."""
    table: Layers = [
        (55 * 55, 11 * 11, 3, 96), (27 * 27, 5 * 5, 96, 256), (13 * 13, 3 * 3, 256, 384), (13 * 13, 3 * 3, 384, 384),
        (13 * 13, 3 * 3, 384, 256), (1, 6 * 6, 256, 4096), (1, 1, 4096, 4096), (1, 1, 4096, 1000),
    ]  # fmt: skip
    ours = architectures.recorded()["alexnet/ungrouped"]
    assert (ours.parameters, ours.macs) == (weights(table), work(table))
    assert weights(table[:5]) / ours.parameters == pytest.approx(0.06, abs=0.001)
    assert work(table[:5]) / ours.macs == pytest.approx(0.95, abs=0.003)


def test_overfeat_has_the_weights_and_work_of_its_layer_tables() -> None:
    """Tables 1 and 3."""
    fast: Layers = [
        (56 * 56, 11 * 11, 3, 96), (24 * 24, 5 * 5, 96, 256), (12 * 12, 9, 256, 512), (12 * 12, 9, 512, 1024),
        (12 * 12, 9, 1024, 1024), (1, 6 * 6, 1024, 3072), (1, 1, 3072, 4096), (1, 1, 4096, 1000),
    ]  # fmt: skip
    accurate: Layers = [
        (108 * 108, 7 * 7, 3, 96), (30 * 30, 7 * 7, 96, 256), (15 * 15, 9, 256, 512), (15 * 15, 9, 512, 512),
        (15 * 15, 9, 512, 1024), (15 * 15, 9, 1024, 1024), (1, 5 * 5, 1024, 4096), (1, 1, 4096, 4096),
        (1, 1, 4096, 1000),
    ]  # fmt: skip
    for name, table in (("overfeat/fast", fast), ("overfeat/accurate", accurate)):
        ours = architectures.recorded()[name]
        assert (ours.parameters, ours.macs) == (weights(table), work(table))


GOOGLENET = [  # Table 1: side, channels before, 1x1, then reduced and wide for 3x3 and for 5x5, pool projection
    (28, 192, 64, 96, 128, 16, 32, 32), (28, 256, 128, 128, 192, 32, 96, 64), (14, 480, 192, 96, 208, 16, 48, 64),
    (14, 512, 160, 112, 224, 24, 64, 64), (14, 512, 128, 128, 256, 24, 64, 64), (14, 512, 112, 144, 288, 32, 64, 64),
    (14, 528, 256, 160, 320, 32, 128, 128), (7, 832, 256, 160, 320, 32, 128, 128),
    (7, 832, 384, 192, 384, 48, 128, 128),
]  # fmt: skip


def test_googlenet_has_the_weights_and_work_of_its_layer_table() -> None:
    table: Layers = [(112**2, 49, 3, 64), (56**2, 1, 64, 64), (56**2, 9, 64, 192), (1, 1, 1024, 1000)]
    for side, seen, ones, less3, wide3, less5, wide5, pool in GOOGLENET:
        table += [(side**2, 1, seen, filters) for filters in (ones, less3, less5, pool)]
        table += [(side**2, 9, less3, wide3), (side**2, 25, less5, wide5)]
    ours = architectures.recorded()["googlenet/2014"]
    assert (ours.parameters, ours.macs) == (weights(table), work(table))
    for seen in (512, 528):  # Section 5: the auxiliary classifiers on 4a and 4d
        table += [(16, 1, seen, 128), (1, 16, 128, 1024), (1, 1, 1024, 1000)]
    trained = architectures.recorded()["googlenet/2014-auxiliary"]
    assert (trained.parameters, trained.macs) == (weights(table), work(table))


INCEPTION_V2 = [  # Figure 5: side, channels before, 1x1, reduced and wide for 3x3 and for twice 3x3, pool projection
    (28, 192, 64, 64, 64, 64, 96, 32), (28, 256, 64, 64, 96, 64, 96, 64), (14, 320, 0, 128, 160, 64, 96, 0),
    (14, 576, 224, 64, 96, 96, 128, 128), (14, 576, 192, 96, 128, 96, 128, 128), (14, 576, 160, 128, 160, 128, 160, 96),
    (14, 576, 96, 128, 192, 160, 192, 96), (7, 576, 0, 128, 192, 192, 256, 0), (7, 1024, 352, 192, 320, 160, 224, 128),
    (7, 1024, 352, 192, 320, 192, 224, 128),
]  # fmt: skip


def test_inception_v2_has_the_weights_and_work_of_its_layer_table() -> None:
    """But for the pool projections of 4c and 4d: with 96 channels they sum to the 576 that it prints."""
    table: Layers = [(112**2, 49, 3, 64), (56**2, 1, 64, 64), (56**2, 9, 64, 192)]
    for side, seen, ones, less, wide, less_twice, wide_twice, pool in INCEPTION_V2:
        before = side if ones else 2 * side  # a block without 1x1 halves the picture in its last convolutions
        table += [(side**2, 1, seen, filters) for filters in (ones, pool) if filters]
        table += [(before**2, 1, seen, less), (side**2, 9, less, wide)]
        table += [(before**2, 1, seen, less_twice), (before**2, 9, less_twice, wide_twice)]
        table += [(side**2, 9, wide_twice, wide_twice)]
    ours = architectures.recorded()["inception_v2/2015"]
    classifier: Layers = [(1, 1, 1024, 1000)]
    assert ours.parameters == weights(table, each=2) + weights(classifier)  # each filter is scaled and shifted
    assert ours.macs == work(table) + work(classifier)


COCA = [  # Table 1 of CoCa: layers, width and MLP of the picture side; and the side of the pictures
    ("base", 12, 768, 3072, 288),
    ("large", 24, 1024, 4096, 288),
    ("coca", 40, 1408, 6144, 576),
]


@pytest.mark.parametrize(("variant", "depth", "width", "hidden", "side"), COCA)
def test_the_classifier_of_coca_does_the_work_of_its_table(
    variant: str, depth: int, width: int, hidden: int, side: int
) -> None:
    """Patches of 18x18, layers of attention and MLP over all of them, one query that attends to them, a classifier."""
    tokens = (side // 18) ** 2
    attention = 4 * tokens * width**2 + 2 * tokens**2 * width
    pooler = 2 * width**2 + 2 * tokens * width**2 + 2 * tokens * width
    layers = depth * (attention + 2 * tokens * width * hidden)
    assert architectures.recorded()[f"coca/{variant}"].macs == (
        tokens * 18 * 18 * 3 * width + layers + pooler + 1000 * width
    )


def test_every_accuracy_is_a_percentage_with_its_source() -> None:
    for row in CITED.values():
        assert row.source
        assert row.name in architectures.recorded()
        assert all(50 < value < 100 for value in (row.top1, row.top5) if value)
        assert row.top1 is None or row.top5 is None or row.top1 < row.top5
        if row.top1 or row.top5:
            assert row.crops or row.dense, row.name
            assert re.search(r"Table|Figure|README", row.source), row.name


def test_every_network_but_those_for_tests_is_cited() -> None:
    assert set(CITED) == {name for name in architectures.recorded() if split(name)[1] != "tiny"}
