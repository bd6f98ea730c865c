"""Does a training do what its recipe says, and are the weights that stay those of the best epoch?"""

from __future__ import annotations

import math
import resource
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import BinaryIO

import keras
import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.class_weight import compute_class_weight

from suite import architectures, datasets
from suite.core.errors import StoreError
from suite.core.optimizers import OPTIMIZERS
from suite.core.recipe import Augmentation, Recipe
from suite.core.rules import RECIPE_CHOICES
from suite.datasets import Dataset
from suite.datasets.augment import STEPS
from suite.datasets.memory import Memory
from suite.training import checkpoint, judging, loop, optimizers
from suite.training.best import DivergedError
from suite.training.compiling import compile_
from suite.training.schedules import SHAPES, schedule
from tests.networks import chain
from tests.networks import classifier as network
from tests.pictures import fill

FAST = Recipe(batch_size=128, learning_rate=3e-3)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return datasets.load("digits")


def test_a_small_network_learns_the_digits_and_says_so_in_percent(digits: Dataset) -> None:
    found = loop.train(network(digits), FAST, digits, epochs=12, seed=0)
    assert 80 < found.measures["accuracy"] <= 100
    assert found.measures["accuracy"] <= found.measures["top5"] <= 100
    assert [row["epoch"] for row in found.curve] == list(range(1, 13))


def test_the_weights_that_stay_have_the_accuracy_that_is_reported(digits: Dataset) -> None:
    """With a rate so high that accuracy goes up and down; counted by hand on the validation pictures."""
    model = network(digits)
    wild = replace(FAST, learning_rate=0.2, schedule="constant", warmup=0.0)
    found = loop.train(model, wild, digits, epochs=6, seed=0)
    logits = [(model.predict_on_batch(images), labels.numpy()) for images, labels in digits.validation()]
    right = np.concatenate([answers.argmax(axis=-1) == labels for answers, labels in logits])
    among = np.concatenate([(np.argsort(-a, axis=-1, kind="stable")[:, :5] == b[:, None]).any(-1) for a, b in logits])
    assert found.measures["accuracy"] == pytest.approx(100 * right.mean())
    assert found.measures["top5"] == pytest.approx(100 * among.mean())
    assert found.measures["accuracy"] == max(row["val_accuracy"] for row in found.curve)
    assert len({row["val_accuracy"] for row in found.curve}) > 1


@pytest.fixture(scope="module")
def unbalanced(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Nine pictures of noise in ten are of class `common`: nothing in a picture tells."""
    root = tmp_path_factory.mktemp("unbalanced")
    fill(root / "common", range(180), size=(32, 32))
    fill(root / "rare", range(1000, 1020), size=(32, 32))
    return datasets.load(str(root))


@pytest.mark.parametrize(("weight", "share"), [("none", 0.1), ("balanced", 0.5)])
def test_balanced_classes_weigh_the_same_however_few_their_pictures(
    unbalanced: Dataset, weight: str, share: float
) -> None:
    """A network that sees nothing answers how often each class is: as it counts."""
    layers = keras.layers.Rescaling(0.0), keras.layers.Flatten(), keras.layers.Dense(2)
    model = chain(unbalanced.task.image, *layers)
    recipe = Recipe(class_weight=weight, optimizer="sgd", learning_rate=0.5, momentum=0.0, weight_decay=0.0)
    found = loop.train(model, recipe, unbalanced, epochs=30, seed=0)
    answer = keras.ops.softmax(model(np.zeros((1, *unbalanced.task.image)))).numpy()[0]
    assert answer[1] == pytest.approx(share, abs=0.06)
    if weight == "none":
        assert found.measures["accuracy"] == pytest.approx(90)
    assert found.measures["balanced_accuracy"] == pytest.approx(50)


def test_weights_of_classes_are_those_of_scikit_learn() -> None:
    counts = [90, 7, 3]
    labels = np.repeat(range(3), counts)
    assert judging.balanced(counts) == pytest.approx(compute_class_weight("balanced", classes=np.arange(3), y=labels))
    assert judging.balanced([4, 0, 4]) == [1, 0, 1]


def test_balanced_accuracy_is_that_of_scikit_learn_in_however_many_batches() -> None:
    generator = np.random.default_rng(0)
    labels = generator.choice(5, 300, p=[0.6, 0.3, 0.06, 0.04, 0.0])
    logits = generator.normal(size=(300, 5)) + 1.5 * np.eye(5)[labels]
    logits[:, 4] = -9  # scikit-learn warns of an answer that is no label
    metric = judging.BalancedAccuracy(5)
    for start in range(0, 300, 64):
        metric.update_state(labels[start : start + 64], logits[start : start + 64].astype("float32"))
    assert float(metric.result()) == pytest.approx(balanced_accuracy_score(labels, logits.argmax(-1)), rel=1e-5)


def test_the_best_epoch_is_the_best_in_what_the_study_asks_for(unbalanced: Dataset) -> None:
    wild = replace(FAST, learning_rate=0.3, schedule="constant", warmup=0.0, batch_size=32, class_weight="balanced")
    found = {by: loop.train(network(unbalanced), wild, unbalanced, epochs=6, seed=0, by=by)
             for by in ("accuracy", "balanced_accuracy")}  # fmt: skip
    for by, one in found.items():
        assert one.measures[by] == max(row[f"val_{by}"] for row in one.curve)
    assert found["accuracy"].measures != found["balanced_accuracy"].measures


def test_a_network_that_answers_the_same_for_all_classes_is_not_always_among_the_five() -> None:
    labels = np.arange(10)
    assert np.mean(judging.among_five_largest(labels, np.zeros((10, 10), "float32"))) == 0.5


def test_with_fewer_than_five_classes_every_answer_is_among_the_five() -> None:
    logits = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    assert np.all(judging.among_five_largest(np.zeros(8, int), logits))


def test_the_same_seed_trains_the_same(digits: Dataset) -> None:
    curves = [loop.train(network(digits), FAST, digits, epochs=2, seed=1).curve for _ in range(2)]
    assert [row["loss"] for row in curves[0]] == pytest.approx([row["loss"] for row in curves[1]], rel=1e-4)


def test_the_rate_rises_to_its_peak_and_falls_to_zero() -> None:
    rate = schedule(Recipe(learning_rate=0.1, warmup=0.25), 100)
    values = [float(rate(step)) for step in range(101)]
    assert values[0] == 0
    assert max(values) == pytest.approx(0.1)
    assert np.argmax(values) == 25
    assert values[100] == pytest.approx(0, abs=1e-6)
    assert values[62] == pytest.approx(0.05, abs=2e-3)  # half-way down


def test_a_constant_rate_stays_at_its_peak_after_the_warm_up() -> None:
    rate = schedule(Recipe(learning_rate=0.1, warmup=0.1, schedule="constant"), 100)
    assert [float(rate(step)) for step in (0, 5, 10, 99)] == pytest.approx([0, 0.05, 0.1, 0.1])
    assert float(schedule(Recipe(learning_rate=0.1, warmup=0, schedule="constant"), 100)(0)) == pytest.approx(0.1)


def test_every_name_that_a_recipe_may_say_has_a_row_of_its_own() -> None:
    assert {*STEPS, "mixup", "cutmix"} == {field.name for field in fields(Augmentation)}
    assert SHAPES.keys() == set(RECIPE_CHOICES["schedule"])
    kinds = [type(optimizers.optimizer(Recipe(optimizer=name), 0.1)) for name in RECIPE_CHOICES["optimizer"]]
    assert len(set(kinds)) == len(kinds) == len(OPTIMIZERS)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weight_decay_shrinks_kernels_and_leaves_biases_alone(optimizer: str) -> None:
    recipe = Recipe(optimizer=optimizer, weight_decay=0.5, learning_rate=0.1, warmup=0, schedule="constant")
    layer = keras.layers.Dense(2, bias_initializer="ones")
    layer.build((None, 3))
    kernel = layer.kernel.numpy()
    chosen = optimizers.optimizer(recipe, schedule(recipe, 10))
    chosen.apply([np.zeros((3, 2), "float32"), np.zeros(2, "float32")], [layer.kernel, layer.bias])
    assert layer.kernel.numpy() == pytest.approx(kernel * (1 - 0.5 * 0.1), rel=1e-5)
    assert layer.bias.numpy() == pytest.approx(np.ones(2))


def test_label_smoothing_is_that_of_the_definition(digits: Dataset) -> None:
    model = network(digits)
    compile_(model, replace(FAST, label_smoothing=0.1), schedule(FAST, 10))
    logits = np.random.default_rng(0).normal(size=(4, 10)).astype("float32")
    labels = np.array([3, 1, 4, 1])
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    wanted = 0.9 * np.eye(10)[labels] + 0.1 / 10
    assert float(model.compute_loss(y=labels, y_pred=logits)) == pytest.approx(
        -(wanted * logs).sum(axis=-1).mean(), rel=1e-5
    )


def test_a_training_that_diverges_says_so(digits: Dataset) -> None:
    hopeless = replace(FAST, optimizer="sgd", learning_rate=1e30, schedule="constant", warmup=0.0)
    with pytest.raises(DivergedError, match=r"after epoch 1: a lower learning rate"):
        loop.train(network(digits), hopeless, digits, epochs=2, seed=0)


def test_what_is_built_before_the_first_step_is_what_fit_would_build(digits: Dataset) -> None:
    """The short cut must change no result: the same training with a plain compile and fit."""
    ours = loop.train(network(digits), FAST, digits, epochs=1, seed=0)
    plain = network(digits)
    steps = -(-digits.sizes["train"] // FAST.batch_size)
    plain.compile(
        optimizer=optimizers.optimizer(FAST, schedule(FAST, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    keras.utils.set_random_seed(0)
    batches = digits.train(batch_size=FAST.batch_size, seed=0)
    history = plain.fit(batches, validation_data=digits.validation(), epochs=1, verbose=0, shuffle=False).history
    assert ours.curve[0]["val_loss"] == pytest.approx(history["val_loss"][0], rel=1e-3)
    assert ours.curve[0]["loss"] == pytest.approx(history["loss"][0], rel=1e-3)


def test_augmented_and_mixed_precision_trainings_run(digits: Dataset) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = architectures.family("resnet").build(architectures.config("resnet/tiny"), digits.task)
    finally:
        keras.config.set_dtype_policy("float32")
    found = loop.train(model, replace(FAST, shift=0.1, flip=True, mixup=0.2), digits, epochs=1, seed=0)
    assert np.isfinite(found.measures["loss"])


# stopped and gone on


def noisy(data: Dataset, seed: int = 0) -> keras.Model:
    """A small network with all that has a state of its own: batch statistics, and dropout, also in a model within."""
    keras.utils.set_random_seed(seed)
    pixels = keras.Input(data.task.image)
    x = keras.layers.Flatten()(keras.layers.AveragePooling2D(4)(pixels))
    x = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(keras.layers.Dense(24)(x)))
    x = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dropout(0.2)])(x)
    return keras.Model(pixels, keras.layers.Dense(data.task.classes, dtype="float32")(keras.layers.Dropout(0.3)(x)))


def tiny(data: Dataset, seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    start = replace(architectures.config("convnext/tiny"), stochastic_depth=0.5)
    return architectures.family("convnext").build(start, data.task)


def streaming(data: Dataset) -> Dataset:
    return replace(data, reader=replace(data.reader, memory=Memory(room=0)))


def numbers(file: Path) -> list[np.ndarray]:
    with np.load(file, allow_pickle=False) as archive:
        return [archive[name] for name in archive.files if name != "header"]


AUGMENTED = replace(FAST, shift=0.1, flip=True, label_smoothing=0.1)
SHARP = replace(AUGMENTED, optimizer="sgd", schedule="step", sharpness=0.05, adaptive_clipping=0.1)
SLOW = replace(FAST, optimizer="lamb", schedule="plateau", learning_rate=1e-9)  # no epoch is better than the one before
CLIPPED = replace(FAST, optimizer="rmsprop", schedule="exponential", norm_clipping=0.5)
ORTHOGONAL = replace(FAST, optimizer="muon", schedule="constant", average=0.9, sharpness=0.1)
WAYS = {
    "adamw": (noisy, replace(AUGMENTED, average=0.99), lambda data: data),
    "sgd": (noisy, SHARP, lambda data: data),
    "rmsprop": (
        noisy,
        replace(FAST, optimizer="rmsprop", schedule="exponential", norm_clipping=0.5),
        lambda data: data,
    ),
    "lion": (noisy, replace(FAST, optimizer="lion", schedule="one-cycle", warmup=0.5), lambda data: data),
    "lamb": (noisy, SLOW, lambda data: data),
    "muon": (
        noisy,
        replace(FAST, optimizer="muon", schedule="constant", average=0.9, sharpness=0.1),
        lambda data: data,
    ),
    "half": (noisy, replace(AUGMENTED, precision="mixed_float16", average=0.9, sharpness=0.05), lambda data: data),
    "stream": (noisy, AUGMENTED, streaming),
    "stochastic depth": (tiny, AUGMENTED, lambda data: datasets.load(data.name, image=(16, 16, 1))),
}


def test_every_optimizer_and_schedule_is_stopped_and_gone_on_with_below() -> None:
    """And each step of our own."""
    recipes = [recipe for _, recipe, _ in WAYS.values()]
    assert {recipe.optimizer for recipe in recipes} == set(OPTIMIZERS)
    assert {recipe.schedule for recipe in recipes} == set(SHAPES)
    assert any(recipe.average for recipe in recipes)
    assert any(recipe.sharpness for recipe in recipes)


@pytest.mark.parametrize(
    ("build", "recipe", "kind"),
    [pytest.param(*way, id=name, marks=() if name == "adamw" else pytest.mark.slow) for name, way in WAYS.items()],
)
def test_a_training_that_was_stopped_goes_on_as_if_it_never_had(
    digits: Dataset, tmp_path: Path, build: Callable[..., keras.Model], recipe: Recipe, kind: Callable
) -> None:
    """Two epochs of six, then three more by another process, whose seeds are others: as five without a stop."""
    data, whole, parts = kind(digits), tmp_path / "whole", tmp_path / "parts"
    keras.config.set_dtype_policy(recipe.precision)
    try:
        straight, first, second = build(data), build(data), build(data, seed=9)
    finally:
        keras.config.set_dtype_policy("float32")
    wanted = loop.train(straight, recipe, data, epochs=6, seed=3, until=5, checkpoint=whole)
    begun = loop.train(first, recipe, data, epochs=6, seed=3, until=2, checkpoint=parts)
    told: list[dict[str, float]] = []
    found = loop.train(second, recipe, data, epochs=6, seed=3, until=5, checkpoint=parts, on_epoch=told.append)
    assert found.curve[:2] == begun.curve
    assert found.curve[2:] == tuple(told)
    for ours, theirs in zip(found.curve, wanted.curve, strict=True):
        assert {**ours, "time": 0} == pytest.approx({**theirs, "time": 0}, rel=1e-5, abs=1e-6)
    for ours, theirs in zip(second.get_weights(), straight.get_weights(), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)
    for ours, theirs in zip(numbers(parts), numbers(whole), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)


def test_the_seconds_of_pieces_add_up_and_the_last_epoch_is_not_written(digits: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "training"
    begun = loop.train(network(digits), FAST, digits, epochs=2, seed=0, until=1, checkpoint=file)
    assert [path.name for path in file.parent.iterdir()] == ["training"]
    before = file.read_bytes()
    ended = loop.train(network(digits), FAST, digits, epochs=2, seed=0, checkpoint=file)
    assert len(ended.curve) == 2
    assert ended.curve[-1]["learning_rate"] == pytest.approx(0, abs=1e-9)
    assert ended.measures["training_seconds"] > begun.measures["training_seconds"]
    assert file.read_bytes() == before


def test_an_error_in_an_epoch_loses_only_that_epoch(digits: Dataset, tmp_path: Path) -> None:
    """The next training goes on after the last epoch that was whole, and ends as one that was never stopped."""
    file, told = tmp_path / "training", []

    def third(row: dict[str, float]) -> None:
        if row["epoch"] == 3:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoint, "SPARED", 0)
        loop.train(network(digits), FAST, digits, epochs=4, seed=0, checkpoint=file, on_epoch=third)
    found = loop.train(network(digits), FAST, digits, epochs=4, seed=0, checkpoint=file, on_epoch=told.append)
    wanted = loop.train(network(digits), FAST, digits, epochs=4, seed=0)
    assert [row["epoch"] for row in told] == [3, 4]
    assert [row["loss"] for row in found.curve] == pytest.approx([row["loss"] for row in wanted.curve], rel=1e-5)


def test_a_training_in_one_piece_writes_no_file(digits: Dataset, tmp_path: Path) -> None:
    loop.train(network(digits), FAST, digits, epochs=1, seed=0, checkpoint=tmp_path / "training")
    assert not list(tmp_path.iterdir())


def test_a_piece_that_was_trained_already_is_not_trained_again(digits: Dataset, tmp_path: Path) -> None:
    """As when a run was killed between the writing of the file and that of the trial."""
    file, told = tmp_path / "training", []
    models = [network(digits) for _ in range(2)]
    first, again = (
        loop.train(model, FAST, digits, epochs=3, seed=0, until=2, checkpoint=file, on_epoch=told.append)
        for model in models
    )
    assert again.curve == first.curve == tuple(told)
    for ours, theirs in zip(models[1].get_weights(), models[0].get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


def test_the_best_weights_of_an_earlier_piece_stay_when_the_next_is_worse(digits: Dataset, tmp_path: Path) -> None:
    """Of the next piece all labels are wrong."""
    file = tmp_path / "training"
    steady = replace(FAST, learning_rate=1e-2, schedule="constant", warmup=0.0)
    first, second, third = (network(digits) for _ in range(3))
    begun = loop.train(first, steady, digits, epochs=5, seed=0, until=3, checkpoint=file)
    kept = digits.reader.memory.of(digits.reader.frame)
    train = replace(kept["train"], labels=9 - kept["train"].labels)
    memory = Memory(room=math.inf, kept={digits.reader.frame: {**kept, "train": train}})
    wrong = replace(digits, reader=replace(digits.reader, memory=memory))
    for model, until in ((second, 4), (third, 5)):
        found = loop.train(model, steady, wrong, epochs=5, seed=0, until=until, checkpoint=file)
        assert found.curve[-1]["val_accuracy"] < begun.measures["accuracy"]
        kept = ("accuracy", "top5", "loss")
        assert [found.measures[name] for name in kept] == [begun.measures[name] for name in kept]
        for ours, theirs in zip(model.get_weights(), first.get_weights(), strict=True):
            assert np.array_equal(ours, theirs)


@pytest.fixture(scope="module")
def written(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a training of `network` writes after one epoch of three."""
    file = tmp_path_factory.mktemp("written") / "training"
    loop.train(network(digits), FAST, digits, epochs=3, seed=0, until=1, checkpoint=file)
    return file.read_bytes()


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_file_that_is_cut_short_is_named_and_changes_nothing(
    digits: Dataset, tmp_path: Path, written: bytes, share: float
) -> None:
    file, model = tmp_path / "training", network(digits)
    file.write_bytes(written[: int(share * len(written))])
    before = model.get_weights()
    with pytest.raises(StoreError, match=rf"{file}: .* damaged or no checkpoint\. Delete this file"):
        loop.train(model, FAST, digits, epochs=3, seed=0, checkpoint=file)
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(model.get_weights(), before, strict=True))


def test_a_file_with_a_flipped_byte_is_not_gone_on_from(digits: Dataset, tmp_path: Path, written: bytes) -> None:
    file = tmp_path / "training"
    middle = len(written) // 2
    file.write_bytes(written[:middle] + bytes([written[middle] ^ 1]) + written[middle + 1 :])
    with pytest.raises(StoreError, match="damaged"):
        loop.train(network(digits), FAST, digits, epochs=3, seed=0, checkpoint=file)


@pytest.mark.parametrize(
    ("recipe", "planned", "message"),
    [
        (replace(FAST, learning_rate=1e-3), {}, r"learning_rate 0\.003, not 0\.001"),
        (FAST, {"epochs": 4}, "epochs 3, not 4"),
        (FAST, {"seed": 1}, "seed 0, not 1"),
    ],
)
def test_a_file_of_another_plan_says_what_differs(
    digits: Dataset, tmp_path: Path, written: bytes, recipe: Recipe, planned: dict[str, int], message: str
) -> None:
    file = tmp_path / "training"
    file.write_bytes(written)
    with pytest.raises(StoreError, match=rf"{file}: .* it was written with {message}\. Delete this file"):
        loop.train(network(digits), recipe, digits, **{"epochs": 3, "seed": 0, **planned}, checkpoint=file)


def test_a_file_of_another_network_says_what_differs(digits: Dataset, tmp_path: Path, written: bytes) -> None:
    file = tmp_path / "training"
    file.write_bytes(written)
    pixels = keras.Input(digits.task.image)
    wider = keras.Model(pixels, keras.layers.Dense(10)(keras.layers.Flatten()(pixels)))
    with pytest.raises(
        StoreError, match=rf"{file}: .* another network: dense/kernel \(64, 32\) in place of dense/kernel \(1024, 10\)"
    ):
        loop.train(wider, FAST, digits, epochs=3, seed=0, checkpoint=file)


def test_a_disk_that_refuses_the_next_piece_leaves_the_last_one(
    digits: Dataset, tmp_path: Path, written: bytes
) -> None:
    file = tmp_path / "training"
    file.write_bytes(written)

    def full(_: dict[str, float]) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # from here on no file grows beyond it

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(StoreError, match=rf"{file}: .* cannot be written \(File too large\)"):
            loop.train(network(digits), FAST, digits, epochs=3, seed=0, until=2, checkpoint=file, on_epoch=full)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["training"]
    assert file.read_bytes() == written


def test_a_kill_while_the_next_piece_is_written_leaves_the_last_one(
    digits: Dataset, tmp_path: Path, written: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "training"
    file.write_bytes(written)

    def killed(stream: BinaryIO, **arrays: np.ndarray) -> None:
        stream.write(b"half of it")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(np, "savez", killed)
        loop.train(network(digits), FAST, digits, epochs=3, seed=0, until=2, checkpoint=file)
    assert file.read_bytes() == written
    found = loop.train(network(digits), FAST, digits, epochs=3, seed=0, until=2, checkpoint=file)
    assert len(found.curve) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["training"]
