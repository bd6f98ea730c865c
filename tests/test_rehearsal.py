"""Is a network of one's own that could not be loaded again said before the first training, with what to write?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from suite import architectures, pipeline
from suite.architectures import candidate
from suite.core.domains import Choice
from suite.core.errors import ArchitectureError, StoreError, StudyError
from suite.core.study import Study
from suite.core.task import Task, spelled
from suite.search import buildable, folder, trained
from suite.search.conduct import conduct
from suite.search.rehearsal import Rehearsal
from suite.timing.timer import Timer
from tests.studies import study
from tests.test_hypermodel import MINE as HYPER
from tests.test_own_architecture import MINE, with_a_layer

TASK = Task(height=8, width=8, channels=1, classes=2)
RATE = {"recipe.learning_rate": 3e-3}  # what a study of these tests searches over
FILE = """\
import functools
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops
from suite import Task

{defined}

@dataclass(frozen=True, kw_only=True)
class Config:
    width: int = 4
    mine: bool = True


VARIANTS = {{"small": Config()}}


def build(config, task):
    image = keras.Input(task.image)
    x = layers.Conv2D(config.width, 3, padding="same")(image)
    if config.mine:
        x = {used}(x)
    return keras.Model(image, layers.Dense(task.classes, dtype="float32")(layers.GlobalAveragePooling2D()(x)))
"""
DECORATOR = '@keras.saving.register_keras_serializable(package="mine")'
DOUBLE = "class Double(layers.Layer):\n    def call(self, x): return 2 * x"
SCALE = """\
class Scale(layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return self.factor * x"""
TWICE = "def twice(x): return 2 * x"
UNITY = (
    "class Unity(keras.initializers.Initializer):\n    def __call__(self, shape, dtype=None): return ops.ones(shape)"
)
SUM = "class Sum(keras.regularizers.Regularizer):\n    def __call__(self, x): return ops.sum(x)"
CLIP = "class Clip(keras.constraints.Constraint):\n    def __call__(self, w): return ops.clip(w, -1, 1)"
FORGETFUL = """\
class Forgetful(layers.Layer):
    def __init__(self, factor=1.0, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return super().get_config()"""
LOOSE = """\
class Loose(layers.Layer):
    def build(self, shape):
        self.factors = keras.ops.convert_to_tensor(np.random.uniform(size=4).astype("float32"))

    def call(self, x):
        return self.factors * x"""
CLOSURE = """\
class Closed(layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.work_on = lambda x: 2 * x

    def call(self, x):
        return self.work_on(x)"""
NOISY = """\
class Noisy(layers.Layer):
    def call(self, x):
        return x + keras.random.normal(ops.shape(x))"""
REGISTER = f"write {DECORATOR} above it"
GET_CONFIG = (
    "write def __init__(self, factor, **options) with super().__init__(**options), and def get_config(self): "
    'return {**super().get_config(), "factor": self.factor}'
)
LOST = "answers otherwise once it is loaded again: let its get_config return every argument"

# What a file defines, what it calls, where the fault is, and what is said of it.
FAULTS = {
    "a layer without decorator": (DOUBLE, "Double()", ", line 9: class Double ", REGISTER),
    "and without get_config": (SCALE, "Scale(0.5)", ", line 9: class Scale ", f"{REGISTER}; {GET_CONFIG}"),
    "without get_config alone": (
        f"{DECORATOR}\n{SCALE}", "Scale(0.5)", ", line 10: class Scale ", f"network: {GET_CONFIG}",
    ),
    "that takes an array": (
        f"{DECORATOR}\n{SCALE}", "Scale(np.ones(4))", ", line 10: class Scale ", f"network: {GET_CONFIG}",
    ),
    "a layer inside a model": (
        DOUBLE, "keras.Sequential([layers.Dense(4), Double()])", ", line 9: class Double ", REGISTER,
    ),
    "a layer inside a wrapper": (
        DOUBLE + "\n    def compute_output_shape(self, shape): return shape", "layers.TimeDistributed(Double())",
        ", line 9: class Double ", REGISTER,
    ),
    "an operation": (
        DOUBLE.replace("layers.Layer", "keras.Operation") + "\n    def compute_output_spec(self, x): return x * 1",
        "Double()", ", line 9: class Double ", REGISTER,
    ),
    "a model": (
        "class Net(keras.Model):\n    def call(self, x): return 2 * x", "Net()", ", line 9: class Net ", REGISTER,
    ),
    "a class made in passing": (
        "", "type('Odd', (layers.Layer,), {'call': lambda self, x: x})()", ": class Odd ", REGISTER,
    ),
    "a lambda": (
        "", "layers.Lambda(lambda x: 2 * x)", ", line 24: a lambda ", f"as a function with a name, and {DECORATOR}",
    ),
    "a lambda as activation": (
        "", "layers.Activation(lambda x: x)", ", line 24: a lambda ", "as a function with a name",
    ),
    "a function": (TWICE, "layers.Lambda(twice)", ", line 9: function twice ", REGISTER),
    "a function as activation": (TWICE, "layers.Dense(4, twice)", ", line 9: function twice ", REGISTER),
    "a part of a function": (
        "", "layers.Activation(functools.partial(keras.activations.relu, threshold=1))",
        ": layer 'activation", "partial",
    ),
    "an initializer": (UNITY, "layers.Dense(4, kernel_initializer=Unity())", ", line 9: class Unity ", REGISTER),
    "a regularizer": (
        SUM, "layers.Dense(4, kernel_regularizer=Sum())", ", line 9: class Sum ",
        f"{REGISTER}; write def get_config(self): return {{}}",
    ),
    "a function by a name of Keras": (
        TWICE.replace("twice", "gelu"), "layers.Dense(4, gelu)", ", line 9: function gelu ", REGISTER,
    ),
    "a constraint": (CLIP, "layers.Dense(4, kernel_constraint=Clip())", ", line 9: class Clip ", REGISTER),
    "a get_config that forgets": (f"{DECORATOR}\n{FORGETFUL}", "Forgetful(0.5)", ", line 10: layer 'forgetful", LOST),
    "weights that are none": (f"{DECORATOR}\n{LOOSE}", "Loose()", ", line 10: layer 'loose", LOST),
    "answers by chance": (f"{DECORATOR}\n{NOISY}", "Noisy()", ", line 10: layer 'noisy", "where training is False"),
}  # fmt: skip


def written(folder: Path, defined: str, used: str) -> Path:
    file = folder / "mine.py"
    file.write_text(FILE.format(defined=defined, used=used))
    return file


def own(file: Path, variant: str = "small", **changes: Any) -> Study:
    return study(**{"architecture": f"{file}/{variant}", "space": {}, "image": TASK.image, **changes})


@pytest.mark.parametrize("case", FAULTS)
def test_what_could_not_be_loaded_again_is_said_with_the_line_and_what_to_write(tmp_path: Path, case: str) -> None:
    defined, used, where, remedy = FAULTS[case]
    file = written(tmp_path, defined, used)
    with pytest.raises(ArchitectureError) as error:
        Rehearsal(own(file)).small(TASK)
    said = str(error.value)
    assert said.startswith(f"{file}{where}")
    assert remedy in said
    assert len(said.splitlines()) == 1


def test_every_fault_is_said_at_once(tmp_path: Path) -> None:
    file = written(tmp_path, f"{DOUBLE}\n{TWICE}", "keras.Sequential([Double(), layers.Dense(4, twice), Double()])")
    with pytest.raises(ArchitectureError) as error:
        Rehearsal(own(file)).small(TASK)
    assert [line.partition(" could")[0] for line in str(error.value).splitlines()] == [
        f"{file}, line 9: class Double",
        f"{file}, line 11: function twice",
    ]


def test_what_is_said_is_enough(tmp_path: Path) -> None:
    """A file that follows each advice passes."""
    with pytest.raises(ArchitectureError) as error:
        Rehearsal(own(written(tmp_path, SCALE, "Scale(0.5)"))).small(TASK)
    advice = str(error.value)
    assert REGISTER in advice
    assert GET_CONFIG in advice
    mended = (
        f"{DECORATOR}\n"
        + SCALE.replace("(self, factor)", "(self, factor, **options)").replace("__init__()", "__init__(**options)")
        + '\n    def get_config(self): return {**super().get_config(), "factor": self.factor}'
    )
    (tmp_path / "mended").mkdir()
    Rehearsal(own(written(tmp_path / "mended", mended, "Scale(0.5)"))).small(TASK)


@pytest.mark.parametrize(
    ("defined", "used"),
    [
        (f"{DECORATOR}\n{DOUBLE}", "Double()"),
        (f"{DECORATOR}\n{TWICE}", "layers.Lambda(twice)"),
        (f"{DECORATOR}\n{UNITY}", "layers.Dense(4, kernel_initializer=Unity())"),
        (f"{DECORATOR}\n{CLOSURE}", "Closed()"),
        ("import tensorflow as tf", "layers.Activation(tf.nn.relu)"),  # Keras has it too
        ("", "(lambda x: ops.relu(x) * np.ones(4, 'float32'))"),
        ("", "(lambda x: layers.Dropout(0.5)(layers.BatchNormalization()(x)))"),
        (DOUBLE.replace("Layer", "Dense"), "layers.Dense(4)"),  # defined, and not used
    ],
)
def test_what_can_be_loaded_again_passes(tmp_path: Path, defined: str, used: str) -> None:
    Rehearsal(own(written(tmp_path, defined, used))).small(TASK)


@pytest.mark.parametrize(("source", "variant"), [(with_a_layer(MINE), "small"), (HYPER, "Small")])
def test_well_written_files_and_hypermodels_pass(tmp_path: Path, source: str, variant: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(source)
    Rehearsal(own(file, variant)).small(TASK)


def test_two_files_that_register_one_name_are_told_apart(tmp_path: Path) -> None:
    files = []
    for name, double in {"a": DOUBLE, "b": DOUBLE.replace("2 * x", "3 * x")}.items():
        (tmp_path / name).mkdir()
        files.append(written(tmp_path / name, f"{DECORATOR}\n{double}", "Double()"))
        architectures.family(str(files[-1]))
    Rehearsal(own(files[1])).small(TASK)
    with pytest.raises(ArchitectureError, match=r"b/mine\.py, line 10 registers another one by this name"):
        Rehearsal(own(files[0])).small(TASK)


def test_nothing_is_trained_and_no_run_is_left(tmp_path: Path) -> None:
    asked = own(written(tmp_path, DOUBLE, "Double()"), image=(16, 16, 1))
    with pytest.raises(ArchitectureError, match="class Double could not be loaded again"):
        conduct(asked, tmp_path / "runs", None, Timer("saved_model", 1), show=False)
    assert not (tmp_path / "runs").exists()


def test_check_says_it_too(tmp_path: Path) -> None:
    file = written(tmp_path, DOUBLE, "Double()")
    (tmp_path / "mine.toml").write_text(
        f'name = "mine"\narchitecture = "{file}/small"\ndataset = "digits"\nimage = [16, 16, 1]\nbudget.trials = 1\n'
        'fidelity.epochs = 1\n[[objectives]]\nmeasure = "accuracy"\ngoal = "max"\n'
    )
    with pytest.raises(ArchitectureError, match="class Double could not be loaded again"):
        pipeline.check(tmp_path / "mine.toml")


@pytest.mark.parametrize(("architecture", "said"), [
    ("inception_v3/2015", "it needs 75x75"), ("{file}/small", "ZeroDivisionError: division by zero"),
])  # fmt: skip
def test_that_no_network_can_be_built_for_these_pictures_is_said(tmp_path: Path, architecture: str, said: str) -> None:
    file = written(tmp_path, "def fail(x): return 1 / 0", "fail")
    study = replace(own(file), architecture=architecture.format(file=file))
    with pytest.raises(StudyError, match=rf"no network of .* for pictures of 8x8x1 in 20 tries: .*{said}"):
        buildable.require(study, TASK)
    buildable.require(replace(study, architecture="resnet/tiny"), TASK)


def test_a_layer_of_a_later_candidate_is_found_before_its_training(tmp_path: Path) -> None:
    """Its own fault, or that of a layer which the first network had not."""
    for defined, used in ((DOUBLE, "Double()"), (f"{DECORATOR}\n{FORGETFUL}", "Forgetful(0.5)")):
        (tmp_path / used).mkdir()
        asked = own(written(tmp_path / used, defined, used), space={"mine": Choice((False, True))})
        rehearse = Rehearsal(asked)
        rehearse.small(TASK)
        rehearse(candidate.network(asked, {"space.mine": False, **RATE}, TASK), asked.source)
        with pytest.raises(ArchitectureError, match=r"mine\.py, line"):
            rehearse(candidate.network(asked, {"space.mine": True, **RATE}, TASK), asked.source)


def test_a_network_is_as_before_after_its_rehearsal(tmp_path: Path) -> None:
    asked = own(written(tmp_path, "", "layers.BatchNormalization()"))
    network = candidate.network(asked, RATE, TASK)
    before = network.get_weights()
    Rehearsal(asked)(network, asked.source)
    for one, other in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_build_that_fails_is_left_to_the_trials(tmp_path: Path) -> None:
    Rehearsal(own(written(tmp_path, "", "no_such_layer"))).small(TASK)


# ---- trained by an earlier version, which did not rehearse


@pytest.fixture
def earlier(tmp_path: Path) -> tuple[Path, Path, keras.Model]:
    """The file of an architecture with an unregistered layer, its run, and the network of trial 0."""
    file = written(tmp_path, SCALE, "Scale(0.5)")
    asked, home = own(file), tmp_path / "runs" / "small"
    with folder.opened(home, asked) as store:
        trial = store.ask()
        assert trial is not None
        network = candidate.network(asked, trial.configuration, TASK)
        about = {"image": spelled(TASK.image), "classes": "2", "architecture_digest": architectures.digest(str(file))}
        measures = {"parameters": 1.0, "accuracy": 90.0}
        store.finish(replace(trial, state="complete", measures=measures, surroundings=about, finished=trial.started))
    trained.write(network, folder.model(home, trial.number))
    return file, home, network


def test_its_network_is_built_anew_with_its_weights(earlier: tuple[Path, Path, keras.Model]) -> None:
    _, home, network = earlier
    pictures = np.random.default_rng(0).uniform(size=(4, *TASK.image)).astype("float32")
    with pytest.raises(TypeError):
        keras.saving.load_model(folder.model(home, 0))
    again = pipeline.model(home, 0)
    np.testing.assert_array_equal(again.predict_on_batch(pictures), network.predict_on_batch(pictures))


def test_unless_its_file_has_changed(earlier: tuple[Path, Path, keras.Model], monkeypatch: pytest.MonkeyPatch) -> None:
    file, home, _ = earlier
    monkeypatch.setattr(architectures.family(str(file)), "DIGEST", "another")
    with pytest.raises(StoreError, match=r"mine\.py has changed since it was trained\. Bring the file back"):
        pipeline.model(home, 0)


@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "other weights"])
def test_a_damaged_one_is_said_in_a_line(earlier: tuple[Path, Path, keras.Model], damage: str) -> None:
    _, home, _ = earlier
    file = folder.model(home, 0)
    match damage:
        case "gone":
            file.unlink()
        case "other weights":
            trained.write(candidate.network(replace(folder.kept(home), space={"width": 5}), RATE, TASK), file)
        case _:
            file.write_bytes(file.read_bytes()[: 0 if damage == "empty" else 3000])
    with pytest.raises(StoreError) as error:
        pipeline.model(home, 0)
    assert str(error.value).startswith(f"{file}: the trained network of trial 0 cannot be read (")
    assert len(str(error.value).splitlines()) == 1
