"""Do the networks that learned from texts count as published? By the arithmetic of the papers' tables."""

from __future__ import annotations

import dataclasses
import math
from types import ModuleType

import keras
import psutil
import pytest

from suite.architectures.families import align, coca
from suite.core.task import Task
from suite.counting.complexity import complexity, weightless

GIB = 2**30
SMALL = Task(height=32, width=32, channels=3, classes=7)


def colour(side: int) -> Task:
    return Task(height=side, width=side, channels=3, classes=1000)


def parameters(model: keras.Model) -> int:
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def dense(inputs: int, units: int) -> int:
    return inputs * units + units


def layer(width: int, hidden: int, attentions: int = 1) -> int:
    """Attention in four projections, an MLP, and a normalisation (scale and shift) for each."""
    mlp = dense(width, hidden) + dense(hidden, width)
    return attentions * 4 * dense(width, width) + mlp + (attentions + 1) * 2 * width


def vision_transformer(width: int, depth: int, hidden: int, side: int) -> int:
    """Patches of 18x18 in three colours, a vector for each place, the layers, and a last normalisation."""
    return dense(18 * 18 * 3, width) + (side // 18) ** 2 * width + depth * layer(width, hidden) + 2 * width


def pooler(width: int, queries: int) -> int:
    return queries * width + 4 * dense(width, width)


def bert_large(vocabulary: int) -> int:
    """Words, places, segments and their normalisation; 24 layers; not the pooler, which only BERT's own task needs."""
    return (vocabulary + 512 + 2) * 1024 + 2 * 1024 + 24 * layer(1024, 4096)


COCAS = [  # Table 1 of CoCa: layers, width and MLP of the picture side; text layers of each kind, and their MLP; sum
    ("base", 12, 768, 3072, 12, 3072, 387_751_680),
    ("large", 24, 1024, 4096, 12, 4096, 796_083_200),
    ("coca", 40, 1408, 6144, 18, 5632, 2_118_149_504),
]


@pytest.mark.parametrize(("name", "depth", "width", "hidden", "layers", "text_hidden", "total"), COCAS)
def test_a_whole_coca_counts_as_published(
    name: str, depth: int, width: int, hidden: int, layers: int, text_hidden: int, total: int
) -> None:
    before = psutil.Process().memory_info().rss
    model = weightless(lambda: coca.pretraining(coca.VARIANTS[name], coca.TEXTS[name], colour(288)))
    assert psutil.Process().memory_info().rss - before < GIB / 2
    words = 64_000 * width * (1 if name == "coca" else 2)  # with the softmax's own, where it has them
    places = 64 * width + width  # of words, and [CLS]
    text = layers * (layer(width, text_hidden) + layer(width, text_hidden, attentions=2)) + words + places
    poolers = pooler(width, 256) + pooler(width, 1)
    assert parameters(model) == vision_transformer(width, depth, hidden, 288) + text + poolers == total


def test_the_softmax_of_coca_with_weights_of_its_own_would_be_larger() -> None:
    text = dataclasses.replace(coca.TEXTS["coca"], tied=False)
    model = weightless(lambda: coca.pretraining(coca.VARIANTS["coca"], text, colour(288)))
    assert parameters(model) == 2_118_149_504 + 64_000 * 1408 == 2_208_261_504


@pytest.mark.parametrize(
    ("name", "side", "encoder", "classifier", "gmacs"),
    [("coca", 288, 1_011_740_288, 1_021_086_184, None), ("coca", 576, 1_012_821_632, 1_022_167_528, 1152.99),
     ("base", 288, 85_999_872, 89_132_008, 23.14)],
)  # fmt: skip
def test_coca_classifies_with_its_encoder_one_query_and_a_dense_layer(
    name: str, side: int, encoder: int, classifier: int, gmacs: float | None
) -> None:
    config = coca.VARIANTS[name]
    counts = complexity(weightless(lambda: coca.build(config, colour(side))))
    width, tokens = config.width, (side // 18) ** 2
    assert encoder == vision_transformer(width, config.depth, config.hidden, side)
    assert counts.parameters == encoder + pooler(width, 1) + dense(width, 1000) == classifier
    pooling = 2 * width**2 + 2 * tokens * width**2 + 2 * tokens * width
    if gmacs is not None:
        assert round((counts.macs - pooling - width * 1000) / 1e9, 2) == gmacs


@pytest.mark.parametrize(
    ("name", "vocabulary", "total"), [("l2", 100_000, 405_237_760), ("bert-large-30522", 30_522, 334_092_288)]
)
def test_the_text_side_of_align_is_bert_large_without_its_pooler(name: str, vocabulary: int, total: int) -> None:
    tokens = keras.Input((64,), dtype="int32")
    model = weightless(lambda: keras.Model(tokens, align.bert(tokens, align.TEXTS[name])))
    assert parameters(model) == bert_large(vocabulary) == total


def test_a_whole_align_counts_as_its_two_sides() -> None:
    model = weightless(lambda: align.pretraining(align.VARIANTS["l2"], align.TEXTS["l2"], colour(289)))
    pictures = 468_596_796 - dense(1376, 1000)  # without the classifier
    assert parameters(model) == pictures + bert_large(100_000) + dense(1024, 1376) == 873_867_956


@pytest.mark.parametrize(("head", "total"), [(True, 480_309_308), (False, 468_596_796)])
def test_align_classifies_with_or_without_the_last_convolution_of_its_efficientnet(head: bool, total: int) -> None:
    config = dataclasses.replace(align.VARIANTS["l2"], head=head)
    assert parameters(weightless(lambda: align.build(config, colour(32)))) == total
    assert 480_309_308 - 468_596_796 == 1376 * 5504 + 2 * 5504 + (5504 - 1376) * 1000


@pytest.mark.parametrize("module", [align, coca])
def test_the_temperature_is_the_one_weight_of_the_losses(module: ModuleType) -> None:
    model = weightless(lambda: module.pretraining(module.VARIANTS["tiny"], module.TEXTS["tiny"], SMALL))
    assert parameters(weightless(lambda: module.trained(model))) == parameters(model) + 1
