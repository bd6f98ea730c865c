"""The whole networks of pictures and texts: do they count as published, see what they may, and learn?"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from suite.architectures.families import align, coca
from suite.architectures.layers import caption_loss, contrastive_loss
from suite.core.errors import ArchitectureError
from suite.core.task import Task
from suite.counting.complexity import complexity, weightless
from tests.traced import multiply_adds

SMALL = Task(height=32, width=32, channels=3, classes=7)
WIDTH = {"align": 80, "coca": 48}  # of the unit vectors of the tiny networks


def whole(kind: str, task: Task = SMALL, **text: Any) -> keras.Model:
    module: Any = {"align": align, "coca": coca}[kind]
    keras.utils.set_random_seed(0)  # by another chance the differences may be smaller than asked for
    return module.pretraining(module.VARIANTS["tiny"], dataclasses.replace(module.TEXTS["tiny"], **text), task)


@cache
def network(kind: str) -> keras.Model:
    """Return a whole network that no test changes."""
    return whole(kind)


def trained(kind: str, model: keras.Model | None = None) -> keras.Model:
    module: Any = {"align": align, "coca": coca}[kind]
    return module.trained(model or whole(kind))


def pairs(count: int = 6) -> dict[str, np.ndarray]:
    """Return pictures with texts of 8 tokens: a start, words from 2 to 49, and three of padding in every second."""
    random = np.random.default_rng(0)
    texts = random.integers(2, 50, (count, 8))
    texts[:, 0], texts[::2, 5:] = 1, 0
    return {"image": random.normal(0, 1, (count, 32, 32, 3)).astype("float32"), "text": texts}


def answers(model: keras.Model, data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in model(data).items()}


both = pytest.mark.parametrize("kind", ["align", "coca"])


# What sees what.


@both
def test_both_sides_answer_with_unit_vectors(kind: str) -> None:
    given = answers(network(kind), pairs())
    assert given["image"].shape == given["text"].shape == (6, WIDTH[kind])
    for side in ("image", "text"):
        np.testing.assert_allclose(np.linalg.norm(given[side], axis=1), 1, rtol=1e-5)


@both
@pytest.mark.parametrize(("changed", "same"), [("image", "text"), ("text", "image")])
def test_each_side_sees_its_own_input_only(kind: str, changed: str, same: str) -> None:
    data = pairs()
    before = answers(network(kind), data)
    after = answers(network(kind), {**data, changed: data[changed][::-1]})
    np.testing.assert_array_equal(after[same], before[same])
    assert np.abs(after[changed] - before[changed]).max() > 1e-5


@both
def test_padding_changes_no_text(kind: str) -> None:
    """Another vector for the token of padding, and another length of texts, leave every text as it was."""
    model, data = whole(kind), pairs()
    before = answers(model, data)
    table = model.get_layer("text_embedding").embeddings
    table.assign(np.concatenate([np.full((1, table.shape[1]), 9.0), np.asarray(table)[1:]]))
    np.testing.assert_allclose(answers(model, data)["text"], before["text"], rtol=1e-5, atol=1e-6)
    other = {**data, "text": np.where(data["text"] == 0, 7, data["text"])}
    assert np.abs(answers(model, other)["text"] - before["text"])[::2].max() > 1e-5


@both
def test_every_word_counts_for_its_text(kind: str) -> None:
    data = pairs()
    before = answers(network(kind), data)["text"]
    for place in range(1, 8):
        other = data["text"].copy()
        other[1, place] = 2 + (other[1, place] - 1) % 48
        after = answers(network(kind), {**data, "text": other})["text"]
        assert [bool(row.any()) for row in np.abs(after - before) > 1e-6] == [number == 1 for number in range(6)]


def test_a_caption_is_told_from_the_picture_and_the_words_before() -> None:
    data = pairs()
    before = answers(network("coca"), data)["caption"]
    other = data["text"].copy()
    other[1, 4] = 2 + (other[1, 4] - 1) % 48
    after = answers(network("coca"), {**data, "text": other})["caption"]
    np.testing.assert_allclose(after[1, :4], before[1, :4], atol=1e-6)
    assert (np.abs(after[1, 4:] - before[1, 4:]).max(axis=1) > 1e-5).all()
    after = answers(network("coca"), {**data, "image": data["image"][::-1]})["caption"]
    assert (np.abs(after - before).max(axis=2) > 1e-5).all()


def test_the_words_of_bert_are_dropped_in_training_only() -> None:
    model, data = network("align"), pairs()
    plain = answers(whole_like(model, dropout=0.0), data)
    np.testing.assert_allclose(answers(model, data)["text"], plain["text"], atol=1e-6)
    assert np.abs(np.asarray(model(data, training=True)["text"]) - plain["text"]).max() > 1e-5


def whole_like(model: keras.Model, **text: Any) -> keras.Model:
    """Return an align with the weights of `model`."""
    other = whole("align", **text)
    values = {weight.path: weight for weight in model.weights}
    for weight in other.weights:
        weight.assign(values[weight.path])
    return other


# Losses and training.


def naive_contrastive(pictures: np.ndarray, texts: np.ndarray, temperature: float, smoothing: float) -> float:
    """Equations 1 and 2 of ALIGN as they read; a smoothed label is shared out evenly among all texts of the batch."""
    count, total = len(pictures), 0.0
    for one, other in ((pictures, texts), (texts, pictures)):
        for i in range(count):
            below = sum(math.exp(one[i] @ other[j] / temperature) for j in range(count))
            shares = [smoothing / count + (1 - smoothing) * (i == j) for j in range(count)]
            logs = [math.log(math.exp(one[i] @ other[j] / temperature) / below) for j in range(count)]
            total -= sum(share * log for share, log in zip(shares, logs, strict=True)) / count
    return total


@pytest.mark.parametrize(("temperature", "smoothing"), [(1.0, 0.1), (0.07, 0.0)])
def test_the_contrastive_loss_is_the_formula_of_the_papers(temperature: float, smoothing: float) -> None:
    vectors = np.random.default_rng(0).normal(0, 1, (2, 5, 4))
    pictures, texts = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype("float32")
    loss = contrastive_loss(pictures, texts, temperature, smoothing=smoothing)
    assert float(loss) == pytest.approx(naive_contrastive(pictures, texts, temperature, smoothing), rel=1e-5)


def test_the_caption_loss_is_of_each_next_word_and_of_no_padding() -> None:
    logits = np.random.default_rng(0).normal(0, 2, (2, 4, 6))
    tokens = np.array([[1, 4, 3, 5], [1, 2, 0, 0]])
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    expected = -np.mean([logs[0, 0, 4], logs[0, 1, 3], logs[0, 2, 5], logs[1, 0, 2]])
    assert float(caption_loss(logits, tokens)) == pytest.approx(expected, rel=1e-5)
    assert float(caption_loss(logits, np.array([[1, 0, 0, 0]] * 2))) == 0


@both
def test_the_loss_of_a_network_is_the_sum_that_its_paper_weighs(kind: str) -> None:
    model, data = trained(kind, network(kind)), pairs()
    given = answers(model, data)
    first, *others = sorted(float(loss) for loss in model.losses)
    if kind == "align":
        assert [first, *others] == pytest.approx([naive_contrastive(given["image"], given["text"], 1.0, 0.1)], rel=1e-4)
    else:
        expected = [naive_contrastive(given["image"], given["text"], 0.07, 0.0),
                    2 * float(caption_loss(given["caption"], data["text"]))]  # fmt: skip
        assert [first, *others] == pytest.approx(sorted(expected), rel=1e-4)


@both
def test_one_step_of_training_moves_every_weight_of_both_sides(kind: str) -> None:
    model = trained(kind)
    model.compile(keras.optimizers.SGD(10.0))  # a scale of 1 moves by what float32 can tell from it
    model.run_eagerly = True
    before = [weight.numpy() for weight in model.trainable_weights]
    assert np.isfinite(model.train_on_batch(pairs(16)))
    moved = {
        weight.path: not np.array_equal(was, weight)
        for was, weight in zip(before, model.trainable_weights, strict=True)
    }
    assert [path for path, has in moved.items() if not has] == []
    assert "contrastive_loss/log_temperature" in moved


@both
@pytest.mark.slow  # half a minute each
def test_pictures_learn_to_find_their_texts_and_to_tell_them(kind: str) -> None:
    keras.utils.set_random_seed(0)
    model, data = trained(kind, whole(kind, **({"dropout": 0.0} if kind == "align" else {}))), pairs(8)
    model.compile(keras.optimizers.Adam(5e-3), jit_compile=False)
    model.fit(data, epochs=60, batch_size=8, verbose=0)
    given = {name: np.asarray(value) for name, value in model(data, training=kind == "align").items()}
    assert ((given["image"] @ given["text"].T).argmax(axis=1) == np.arange(8)).all()
    if kind == "coca":
        words = data["text"][:, 1:]
        told = given["caption"][:, :-1].argmax(axis=-1)
        assert (told == words)[words != 0].mean() > 0.7


# Saved, in mixed precision, refused.


@both
@pytest.mark.parametrize("with_loss", [False, True])
def test_a_saved_network_of_both_sides_answers_as_before(kind: str, with_loss: bool, tmp_path: Path) -> None:
    model = trained(kind, network(kind)) if with_loss else network(kind)
    model.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    for name, value in answers(again, pairs()).items():
        np.testing.assert_allclose(value, answers(model, pairs())[name], rtol=1e-5, atol=1e-6)
    assert len(again.trainable_weights) == len(model.trainable_weights)


@both
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_in_mixed_precision_answers_and_losses_are_float32(kind: str, policy: str) -> None:
    keras.config.set_dtype_policy(policy)
    model = trained(kind)
    given = model(pairs())
    assert {value.dtype.name for value in given.values()} == {"float32"}
    assert all(np.isfinite(value).all() for value in given.values())
    assert all(loss.dtype == "float32" and np.isfinite(loss) for loss in model.losses)


@both
def test_layers_of_a_whole_network_have_the_same_names_every_time(kind: str) -> None:
    first, second = ([layer.name for layer in weightless(lambda: trained(kind)).layers] for _ in range(2))
    assert first == second


@both
def test_a_whole_network_takes_other_pictures(kind: str) -> None:
    model = weightless(lambda: whole(kind, Task(height=32, width=48, channels=1, classes=2)))
    assert model.input["image"].shape == (None, 32, 48, 1)
    with pytest.raises(ArchitectureError, match="needs"):
        whole(kind, Task(height=2, width=2, channels=3, classes=2))


REFUSED: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
    (align.Text, {"heads": 5}, "width = 1024: give a multiple of heads = 5"),
    (align.Text, {"places": 63}, "63 places for 64 words"),
    (align.Text, {"dropout": 1.0}, "dropout = 1.0"),
    (align.Text, {"depth": 0}, "depth = 0"),
    (coca.Text, {"length": 1}, "the start token and a word"),
    (coca.Text, {"queries": 0}, "queries = 0"),
]


@pytest.mark.parametrize(("make", "fields", "message"), REFUSED)
def test_a_text_side_that_cannot_be_built_is_refused(
    make: Callable[..., Any], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArchitectureError, match=message):
        make(**fields)


@pytest.mark.parametrize(
    ("kind", "field"),
    [(kind, field.name) for kind, text in (("align", align.Text), ("coca", coca.Text))
     for field in dataclasses.fields(text)],
)  # fmt: skip
def test_every_field_of_a_text_side_changes_the_network(kind: str, field: str) -> None:
    was = getattr({"align": align, "coca": coca}[kind].TEXTS["tiny"], field)
    other = not was if isinstance(was, bool) else was / 2 if isinstance(was, float) else 2 * was
    if field == "length" and kind == "align":
        other = was + 1
    assert described(kind, **{field: other}) != described(kind)


@cache
def described(kind: str, **text: Any) -> str:
    description: str = weightless(lambda: whole(kind, **text)).to_json()
    return description


@both
def test_work_is_counted_as_the_operations_that_are_traced(kind: str) -> None:
    assert complexity(network(kind)).macs == multiply_adds(network(kind))


def test_a_caption_costs_the_products_of_every_vector_with_every_word() -> None:
    counts = [complexity(weightless(lambda v=v: whole("coca", vocabulary=v))) for v in (50, 51)]
    assert counts[1].macs - counts[0].macs == counts[1].activations * 48 - counts[0].activations * 48 == 8 * 48
