"""A HyperModel as people write it for Keras Tuner: is it an architecture, and its hp calls the space of a study?"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from suite import architectures, pipeline
from suite.core.domains import Choice, Range
from suite.core.errors import ArchitectureError
from suite.core.task import Task
from suite.search import folder, tuner

MINE = '''
import keras
import keras_tuner
from keras_tuner.applications import HyperXception


class Small(keras_tuner.HyperModel):
    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.input_shape, self.num_classes = input_shape, num_classes

    def build(self, hp):
        model = keras.Sequential([keras.Input(self.input_shape)])
        for layer in range(hp.Int("layers", 1, 3)):
            model.add(keras.layers.Conv2D(hp.Int(f"filters_{layer}", 8, 32, step=8), 3, strides=2, padding="same"))
            if hp.Boolean("normalise"):
                model.add(keras.layers.BatchNormalization())
            model.add(keras.layers.Activation(hp.Choice("activation", ["relu", "gelu"])))
        if hp.get("layers") == 3:
            with hp.conditional_scope("layers", [3]):
                model.add(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5)))
        hp.Fixed("kernel", 3)
        model.add(keras.layers.GlobalAveragePooling2D())
        model.add(keras.layers.Dense(self.num_classes, activation="softmax"))
        model.compile(
            keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")),
            "sparse_categorical_crossentropy",
        )
        return model


class Xception(HyperXception):
    """One of Keras Tuner's own."""
'''
STUDY = """
name = "hyper"
architecture = "{file}/Small"
dataset = "digits"

[space]
activation = "relu"

[[objectives]]
measure = "accuracy"
goal = "max"

[[objectives]]
measure = "file_size"
goal = "min"

[[constraints]]
measure = "peak_memory"
at_most = 2000

[[constraints]]
measure = "training_seconds"
at_most = 600

[budget]
trials = 2

[fidelity]
epochs = 1

[latency]
path = "litert"
seconds = 0.2
settling = 0
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("hyper") / "mine.py"
    written.write_text(MINE)
    written.with_name("study.toml").write_text(STUDY.format(file=written))
    return written


def test_its_hp_calls_are_the_space_and_what_a_study_says_goes_before_them(file: Path) -> None:
    study = pipeline.study(file.with_name("study.toml"))
    assert study.domains == {
        "space.layers": Range(low=1, high=3, step=1),
        "space.filters_0": Range(low=8, high=32, step=8),
        "space.filters_1": Range(low=8, high=32, step=8),
        "space.filters_2": Range(low=8, high=32, step=8),
        "space.normalise": Choice((False, True)),
        "space.dropout": Range(low=0.0, high=0.5),
        "recipe.learning_rate": Range(low=1e-4, high=1e-2, log=True),
    }
    assert (study.space["activation"], study.space["kernel"]) == ("relu", 3)


@pytest.mark.parametrize("name", ["Small", "Xception"])
def test_it_builds_for_the_pictures_of_the_study_and_answers_logits(file: Path, name: str) -> None:
    network = architectures.build(f"{file}/{name}", Task(height=72, width=80, channels=1, classes=7))
    assert (network.input_shape, network.output_shape) == ((None, 72, 80, 1), (None, 7))
    outputs = np.asarray(network(np.random.default_rng(0).normal(size=(2, 72, 80, 1)).astype("float32")))
    assert not np.allclose(outputs.sum(axis=1), 1)


def test_it_is_counted_without_memory_for_its_weights(file: Path) -> None:
    (counted,) = pipeline.count([f"{file}/Xception"], (72, 72, 3), 10)
    built = architectures.build(f"{file}/Xception", Task(height=72, width=72, channels=3, classes=10))
    assert counted.measures["parameters"] == sum(int(np.prod(weight.shape)) for weight in built.trainable_weights)


@pytest.mark.slow
def test_a_study_of_it_runs_by_measures_of_every_kind_and_keras_tuner_shows_it(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = pipeline.study(file.with_name("study.toml"))
    done = pipeline.run(study, tmp_path, show=False)
    assert [trial.state for trial in done.trials] == ["complete"] * 2
    for trial in done.trials:
        assert trial.measures.keys() >= {"file_size", "peak_memory", "training_seconds", "latency", "cold_start"}
        weights = trial.measures["parameters"] * 4e-6
        assert weights < trial.measures["file_size"] < weights + 0.1
    with folder.reopened(done.folder) as store:
        shown = tuner.of_run(store)
        shown.results_summary()
        said = capsys.readouterr().out
        assert "space.filters_0: " in said
        assert f"file_size: {done.candidates[0].measures['file_size']:.3g} MB" in said
        (best,), (model,) = shown.get_best_hyperparameters(1), shown.get_best_models(1)
        assert shown.hypermodel.build(best).count_params() == model.count_params()
        assert isinstance(model.layers[-1], keras.layers.Dense)
        assert shown.oracle.get_best_trials(1)[0].metrics.get_best_value("accuracy") is not None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def __init__(self, depth): pass", "needs the argument `depth`"),
        ("def build(self, hp): hp.Int('my width', 1, 2)", "hp name 'my width' cannot be a key of .space.: use letters"),
        ("def build(self, hp): raise ValueError('no')", "build fails for pictures"),
        ("def build(self, hp): return 1 / 0", "line 3: ZeroDivisionError"),
    ],
)
def test_one_that_cannot_be_used_is_refused_with_the_way_out(tmp_path: Path, source: str, said: str) -> None:
    file = tmp_path / "odd.py"
    file.write_text(f"import keras_tuner\nclass Odd(keras_tuner.HyperModel):\n    {source}\n")
    with pytest.raises(ArchitectureError, match=said):
        architectures.config(f"{file}/Odd")
