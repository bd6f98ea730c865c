"""Does a training go through the sizes of pictures that its recipe names, and is its network used at its own?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from suite import datasets, pipeline, studyfile, tracking
from suite.core.domains import Choice, Range
from suite.core.errors import ArchitectureError, StudyError
from suite.core.phases import phases, work
from suite.core.recipe import Augmentation, Recipe, Sizes
from suite.core.study import Budget, Fidelity
from suite.core.task import Shape
from suite.datasets import Dataset
from suite.export.folder import card
from suite.report import choice
from suite.report.comparison import compare
from suite.search.buildable import require_sizes
from suite.tracking.delivery import Delivery
from suite.training import checkpoint, deadline, fixres, loop, resized
from suite.training.deadline import Deadline
from tests import studies

PLAIN = Recipe(
    optimizer="sgd", learning_rate=0.05, weight_decay=1e-3, warmup=0.0, schedule="cosine", batch_size=256, flip=True
)
SIZES = st.builds(
    Sizes,
    train_side=st.floats(0.1, 1), fixres=st.integers(0, 3), progressive=st.integers(0, 6), first_side=st.floats(0.1, 1),
    first_strength=st.floats(0.1, 1),
)  # fmt: skip


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return datasets.load("digits", (16, 16, 1))


def small(image: Shape, share: float = 1.0) -> keras.Model:
    """Return a network for pictures of any size, with every kind of state: statistics of batches, and dropout."""
    keras.utils.set_random_seed(0)
    pixels = keras.Input(image)
    x = keras.layers.Conv2D(6, 3, strides=2, padding="same")(pixels)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.8)(x))
    x = keras.layers.Conv2D(8, 3, padding="same")(x)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.8)(x))
    x = keras.layers.Dropout(0.2 * share, seed=1)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(pixels, keras.layers.Dense(10, name="logits", dtype="float32")(x))


# the plan


@given(sizes=SIZES, epochs=st.integers(4, 60))
def test_a_training_grows_in_equal_stages_up_to_its_side_and_its_last_epochs_are_of_fixres(
    sizes: Sizes, epochs: int
) -> None:
    planned = phases(sizes, epochs)
    lasts = [phase.last for phase in planned]
    assert lasts == sorted(set(lasts))
    assert lasts[-1] == epochs
    growing = [phase for phase in planned if not phase.is_fixres]
    fixed = epochs - growing[-1].last
    assert fixed == (sizes.fixres if sizes.train_side < 1 else 0)
    assert growing[-1].side == sizes.train_side
    assert growing[-1].strength == 1
    assert len(growing) == max(1, min(sizes.progressive, epochs - fixed))
    lengths = np.diff([0, *(phase.last for phase in growing)])
    assert max(lengths) - min(lengths) <= 1
    if len(growing) > 1:
        assert growing[0].side == pytest.approx(sizes.train_side * sizes.first_side)
        assert growing[0].strength == pytest.approx(sizes.first_strength)
        np.testing.assert_allclose(np.diff([phase.side for phase in growing], n=2), 0, atol=1e-9)


@given(sizes=SIZES, epochs=st.integers(4, 60))
def test_the_work_up_to_an_epoch_is_that_of_each_epoch_added_up(sizes: Sizes, epochs: int) -> None:
    planned = phases(sizes, epochs)
    each = [next(phase for phase in planned if epoch <= phase.last).work for epoch in range(1, epochs + 1)]
    for epoch in range(epochs + 1):
        assert work(planned, epoch) == pytest.approx(sum(each[:epoch]))
    assert work(phases(Sizes(), epochs), epochs) == epochs


def test_weaker_stages_have_a_share_of_what_the_paper_lets_grow_and_fixres_sees_pictures_as_they_are() -> None:
    planned = phases(Sizes(progressive=2, first_strength=0.25, train_side=0.5, fixres=1), 5)
    changes = Augmentation(flip=True, randaugment=8.0, mixup=0.4, cutmix=1.0, crop=0.3)
    assert planned[0].weakened(changes) == replace(changes, randaugment=2.0, mixup=0.1, cutmix=0.25)
    assert planned[1].weakened(changes) == changes
    assert not planned[2].weakened(changes)


def test_a_study_counts_smaller_pictures_as_less_work() -> None:
    grown = {"progressive": 2, "first_side": 0.5}
    study = studies.study(recipe=grown, fidelity=Fidelity(epochs=4))
    assert [study.work({}, epoch) for epoch in range(5)] == pytest.approx([0, 0.1, 0.2, 0.6, 1])
    either = studies.study(recipe={**grown, "progressive": Choice((0, 2))}, fidelity=Fidelity(epochs=4, min_epochs=2))
    assert either.work({"recipe.progressive": 0}, 4) == 1
    assert either.work({"recipe.progressive": 2}, 4) == pytest.approx(2.5 / 4)
    assert either.least == pytest.approx(2 * 0.25 / 4)
    fixed = studies.study(recipe={"train_side": 0.5, "fixres": 3}, fidelity=Fidelity(epochs=4))
    assert fixed.work({}, 1) == pytest.approx(0.25 / 1.25)


def test_what_is_foreseen_follows_from_the_work_of_the_epochs_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two epochs of 4 seconds at half the side, then two of 16; each with 0.4 of validation. The fourth is too late."""
    told: list[deadline.Forecast] = []
    planned, now = phases(Sizes(progressive=2, first_side=0.5), 4), 100.0
    clock = Deadline(lambda: 100 + 40.5 - now, 0.1, told.append, until=4, work=lambda epoch: work(planned, epoch))
    clock.set_params({"epochs": 2, "steps": 4})
    clock.set_model(keras.Model())
    monkeypatch.setattr(deadline, "time", type("Clock", (), {"monotonic": lambda: now}))
    for epoch in range(2):
        clock.on_epoch_begin(epoch)
        for batch in range(4):
            clock.on_train_batch_begin(batch)
            now += 1
        clock.on_test_batch_begin(0)
        now += 0.4
        clock.on_epoch_end(epoch)
    assert [(one.last, one.until) for one in told] == [(3, 4), (3, 4)]
    assert [one.seconds for one in told] == pytest.approx([4.4 + 16.4, 16.4])


# the training


def test_a_network_that_learns_from_smaller_pictures_learns_what_a_smaller_network_would(digits: Dataset) -> None:
    """The same weights, statistics and random states as those of a network built for these pictures."""
    large, other = small((16, 16, 1)), small((10, 10, 1))
    loop.train(large, replace(PLAIN, train_side=0.625), digits, epochs=1, seed=0, build=small)
    loop.train(other, PLAIN, digits.seen((10, 10, 1)), epochs=1, seed=0)
    for ours, theirs in zip(large.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("field", [{}, {"sharpness": 0.05}, {"average": 0.9, "class_weight": "balanced"}])
def test_a_training_stopped_after_any_epoch_goes_on_in_the_right_size(
    field: dict[str, object], digits: Dataset, tmp_path: Path
) -> None:
    recipe = replace(PLAIN, train_side=0.75, fixres=2, progressive=2, first_side=0.6, mixup=0.2, **field)  # type: ignore[arg-type]
    straight, pieces, file = small((16, 16, 1)), small((16, 16, 1)), tmp_path / "0.npz"
    whole = loop.train(straight, recipe, digits, epochs=5, seed=1, build=small)
    for until in (1, 2, 3, 4, 4, 3, 5):
        pieces = small((16, 16, 1))
        found = loop.train(pieces, recipe, digits, epochs=5, until=until, seed=1, build=small, checkpoint=file)
    assert [row["side"] for row in found.curve] == [7, 12, 12, 16, 16]
    for name in ("loss", "val_loss", "val_accuracy", "learning_rate"):
        assert [row[name] for row in found.curve] == pytest.approx([row[name] for row in whole.curve], rel=1e-4)
    for ours, theirs in zip(pieces.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_after_smaller_pictures_only_classifier_and_last_normalisation_learn_at_the_size_that_is_used(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []
    train, validation = Dataset.train, Dataset.validation

    def told(kind: str, batches: tf.data.Dataset) -> tf.data.Dataset:
        seen.append((kind, batches.element_spec[0].shape[1]))
        return batches

    monkeypatch.setattr(Dataset, "train", lambda self, **asked: told("train", train(self, **asked)))
    monkeypatch.setattr(Dataset, "validation", lambda self, **asked: told("validation", validation(self, **asked)))
    recipe = replace(PLAIN, train_side=0.5, fixres=2, learning_rate=0.3, momentum=0.9, weight_decay=0.0, batch_size=32)
    model, file = small((16, 16, 1)), tmp_path / "0.npz"
    loop.train(model, recipe, digits, epochs=5, until=3, seed=0, build=small, checkpoint=file)
    before = checkpoint.best_weights(file)
    found = loop.train(model, recipe, digits, epochs=5, seed=0, build=small, checkpoint=file)
    assert seen == [("train", 8), ("validation", 16), ("train", 16), ("validation", 16)]
    assert max(found.curve, key=lambda row: row["val_accuracy"])["epoch"] > 3  # else the weights would be as before
    changed = [not np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True)]
    top = [id(weight) for layer in fixres.top(model) for weight in layer.weights]
    assert changed == [id(weight) in top for weight in model.weights]
    assert all(layer.trainable for layer in model.layers)
    assert found.measures["accuracy"] == max(row["val_accuracy"] for row in found.curve)


def test_what_rests_in_tuning_rests_in_its_last_epochs_too() -> None:
    model = small((16, 16, 1))
    for layer in model.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    before = [layer.trainable for layer in model.layers]
    with fixres.resting(model):
        assert [weight.path for weight in model.trainable_weights] == ["logits/kernel", "logits/bias"]
    assert [layer.trainable for layer in model.layers] == before


def test_what_a_layer_adds_to_the_loss_counts_in_smaller_pictures_too() -> None:
    def penalised(image: Shape, share: float = 1.0) -> keras.Model:
        keras.utils.set_random_seed(0)
        pixels = keras.Input(image)
        x = keras.layers.Conv2D(2, 3, activity_regularizer=keras.regularizers.L2(0.1))(pixels)
        return keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(x))

    large, other = penalised((12, 12, 1)), penalised((6, 6, 1))
    pictures = np.random.default_rng(0).normal(size=(3, 6, 6, 1)).astype("float32")
    answers, added = resized.lent(other, large, pictures)
    wanted = other(pictures, training=True)
    np.testing.assert_allclose(answers, wanted, rtol=1e-6)
    assert [float(one) for one in added] == pytest.approx([float(one) for one in other.losses])


# in a study


@pytest.mark.slow
def test_a_trial_is_timed_kept_and_exported_at_the_size_that_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "deliver", lambda *_, **__: Delivery(delivered=0, waiting=0))
    recipe = {"batch_size": 256, "train_side": Choice((0.5,)), "fixres": 1, "progressive": 2}
    study = studies.study(
        image=(24, 24, 1), recipe=recipe, fidelity=Fidelity(epochs=3), budget=Budget(trials=1), constraints=(),
        space={"stem": "small", "depths": (1,), "widths": (4,)},
    )  # fmt: skip
    done = pipeline.run(study, tmp_path, show=False)
    (trial,) = done.trials
    assert trial.state == "complete", trial.reason
    assert [row["side"] for row in trial.curve] == [7, 12, 24]
    assert trial.surroundings["image"] == "24x24x1"
    model = keras.saving.load_model(tmp_path / study.name / "models" / "0.keras")
    assert model.input_shape == (None, 24, 24, 1)
    exported = pipeline.export(choice.best(compare([done])), [done], tmp_path / "exports")
    assert card(exported.folder.parent)["surroundings"]["image"] == "24x24x1"
    assert exported.agreement.top1_agreement > 0.9
    told = tf.saved_model.load(str(exported.folder)).signatures["pixels"].structured_input_signature[1]
    assert told["pixels"].shape.as_list() == [None, 24, 24, 1]
    picture = tmp_path / "one.png"
    keras.utils.save_img(picture, np.random.default_rng(0).integers(255, size=(40, 30, 1)))
    (answers,) = pipeline.predict(exported.folder.parent, [picture])
    assert sum(share for _, share in answers) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"recipe": {"fixres": 1}}, r"recipe\.fixres is for networks .* train_side = 0\.8"),
        ({"recipe": {"fixres": 2, "train_side": 0.8}}, r"recipe\.fixres = 2 leaves none of 2 epochs"),
        ({"recipe": {"fixres": 1, "train_side": 0.8, "patience": 2}}, "set patience = 0"),
        ({"recipe": {"fixres": 1, "train_side": 0.8, "preset": "transfer"}}, "set patience = 0"),
        (
            {"recipe": {"progressive": 2, "mode": "frozen"}, "weights": "imagenet"},
            r"recipe\.progressive is about the pictures of a training, and frozen networks are not trained",
        ),
        ({"recipe": {"train_side": 1.5}}, r"train_side: needs a share of the side .* not 1\.5"),
    ],
)
def test_sizes_that_mean_nothing_are_refused_with_the_way_out(changes: dict[str, object], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        studies.study(fidelity=Fidelity(epochs=2), **changes)


@pytest.mark.parametrize(
    ("name", "weight"), [("vit/tiny", "positions"), ("vgg/tiny", "dense1"), ("coatnet/tiny", "relative")]
)
def test_a_network_whose_weights_depend_on_the_size_is_refused_before_anything_is_trained(
    name: str, weight: str, tmp_path: Path
) -> None:
    study = studies.study(
        architecture=name, image=(32, 32, 3), space={}, recipe={"progressive": Choice((0, 3))}, constraints=(),
        fidelity=Fidelity(epochs=3),
    )  # fmt: skip
    studyfile.write(study, file := tmp_path / "study.toml")
    said = rf"{name.partition('/')[0]} has weights that depend on the size .*{weight}.*32x32"
    with pytest.raises(StudyError, match=said):
        pipeline.check(file)


def test_a_search_over_several_families_names_the_one_that_cannot() -> None:
    both = studies.study(architecture=("resnet/tiny", "vit/tiny"), image=(32, 32, 3), space={}, recipe={})
    require_sizes(both, None)
    with pytest.raises(StudyError, match="vit has weights"):
        require_sizes(replace(both, recipe={"train_side": Range(low=0.5, high=1.0)}), None)


def test_networks_of_different_weights_are_not_alike() -> None:
    with pytest.raises(ArchitectureError, match="depend on the size"):
        resized.require_alike(small((16, 16, 1)), small((16, 16, 3)))
