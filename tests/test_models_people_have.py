"""`suite measure` takes the files that people have, whoever wrote them, and says in one line why it cannot take one."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
import tf_keras
from hypothesis import given as having
from hypothesis import strategies as any_of
from keras import layers
from onnx import TensorProto, helper

from suite.benchmark import builder, keras_files
from suite.benchmark.order import BuildOrder
from suite.core import cells, inputs
from suite.core.errors import ArchitectureError
from suite.core.inputs import Input
from suite.core.paths import made_for
from suite.core.reasons import said
from suite.export.feeding import fed
from suite.timing import runtimes
from tests.commands import suite

SIDE = 8
TEXTS = {"page": b"<!doctype html><html>not found</html>", "pointer": b"version https://git-lfs.github.com/spec/v1"}


class Own(layers.Layer):
    def call(self, x: Any) -> Any:
        return 2 * x


def square(x: Any) -> Any:
    return x * x


class OfKeras2(tf_keras.layers.Layer):
    __module__ = "of_its_author"

    def call(self, x: Any) -> Any:
        return 2 * x


def pooled(kind: Any, image: Any) -> Any:
    """A few layers of Keras 3 or 2, of which one is written otherwise by Keras 2."""
    return kind.GlobalAveragePooling2D()(kind.DepthwiseConv2D(3)(kind.Conv2D(4, 3, padding="same")(image)))


def keras_models() -> dict[str, Any]:
    image, free = keras.Input((SIDE, SIDE, 3)), keras.Input((None, None, 3))
    left, right = keras.Input((None, SIDE, 3), name="left"), keras.Input((5,), name="right")
    both = layers.Concatenate()([pooled(layers, left), right])
    tokens, one = keras.Input((6,)), keras.Input(batch_shape=(1, SIDE, SIDE, 3))
    text, split = keras.Input((), dtype="string"), layers.TextVectorization(vocabulary=["a", "b"])
    table = layers.Embedding(9, 4)
    return {
        "plain": keras.Model(image, layers.Dense(3)(pooled(layers, image))),
        "heads": keras.Model(image, {"a": layers.Dense(2)(pooled(layers, image)), "b": [pooled(layers, image)]}),
        "any_size": keras.Model(free, layers.Dense(3)(pooled(layers, free))),
        "batch_of_one": keras.Model(one, layers.Dense(3)(pooled(layers, one))),
        "two_inputs": keras.Model({"left": left, "right": right}, layers.Dense(3)(both)),
        "unbuilt": keras.Sequential([layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()]),
        "nested": keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.Sequential([layers.Conv2D(2, 3)])]),
        "tokens": keras.Model(tokens, table(tokens)),
        "text": keras.Model(text, table(split(text))),
        "lambda": keras.Model(image, layers.Lambda(lambda x: x / 2, name="halves")(pooled(layers, image))),
        "own": keras.Model(image, Own()(pooled(layers, image))),
        "function": keras.Model(image, layers.Dense(3, activation=square)(pooled(layers, image))),
    }


def models_of_keras_2() -> dict[str, Any]:
    kind = tf_keras.layers
    image = tf_keras.Input((SIDE, SIDE, 3))
    return {
        "of_2": tf_keras.Model(image, kind.Dense(3)(pooled(kind, image))),
        "op_of_2": tf_keras.Model(image, 2 * kind.BatchNormalization()(pooled(kind, image))),
        "lambda_of_2": tf_keras.Model(image, kind.Lambda(lambda x: x / 2, name="halves")(pooled(kind, image))),
        "own_of_2": tf_keras.Model(image, OfKeras2()(pooled(kind, image))),
    }


def save_signatures(folder: Path) -> None:
    """Write SavedModels as others write them."""
    weights = tf.Variable(tf.ones((3, 2)))

    def mean(pictures: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.cast(pictures, tf.float32), (1, 2)) @ weights

    def decoded(files: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(lambda one: tf.image.resize(tf.io.decode_jpeg(one, 3), (4, 4)), files, tf.float32)

    def ranked(x: tf.Tensor) -> tf.Tensor:
        return mean(tf.reshape(x, (tf.shape(x)[0], 1, -1, 3)))

    spec = tf.TensorSpec
    picture = spec((None, SIDE, SIDE, 3), tf.float32, "x")
    wanted: dict[str, tuple[Callable[..., Any], list[tf.TensorSpec], list[str]]] = {
        "outputs": (lambda x: {"p": mean(x), "label": tf.argmax(mean(x), -1)}, [picture], ["serving_default"]),
        "another_name": (lambda x: {"p": mean(x)}, [spec((None, 4, 4, 3), tf.uint8, "x")], ["classify"]),
        "any_size_saved": (lambda x: {"p": mean(x)}, [spec((None, None, None, 3), tf.float32, "x")], ["serve"]),
        "any_rank": (lambda x: {"p": ranked(x)}, [spec(None, tf.float32, "x")], ["serving_default"]),
        "fixed_batch": (lambda x: {"p": mean(x)}, [spec((2, 4, 4, 3), tf.float32, "x")], ["serving_default"]),
        "files": (lambda x: {"p": mean(decoded(x))}, [spec((None,), tf.string, "x")], ["serving_default"]),
        "switch": (lambda x, keep: {"p": mean(x) * keep}, [picture, spec((), tf.float32, "keep")], ["serve"]),
        "several": (lambda x: {"p": mean(x)}, [picture], ["one", "other"]),
    }
    for name, (answer, takes, names) in wanted.items():
        module = tf.Module()
        module.weights, module.answer = weights, tf.function(answer, input_signature=takes)
        tf.saved_model.save(module, str(folder / name), signatures=dict.fromkeys(names, module.answer))
    module = tf.Module()
    module.weights = weights
    tf.saved_model.save(module, str(folder / "no_signature"))


def save_onnx(folder: Path) -> None:
    weights = helper.make_tensor("w", TensorProto.FLOAT, (4, 3, 3, 3), np.ones(108))
    table = helper.make_tensor("w", TensorProto.FLOAT, (5, 2), np.ones(10))
    convolution, looked_up = helper.make_node("Conv", ["x", "w"], ["y"]), helper.make_node("Gather", ["w", "x"], ["y"])
    wanted = {
        "nchw": (TensorProto.FLOAT, ("batch", 3, 8, 8), convolution, [weights]),
        "free_nchw": (TensorProto.FLOAT, ("batch", 3, "h", "w"), convolution, [weights]),
        "four": (TensorProto.FLOAT, (4, 3, 8, 8), convolution, [weights]),
        "indices": (TensorProto.INT64, ("batch", 7), looked_up, [table]),
        "halves": (TensorProto.FLOAT16, (1, 3), helper.make_node("Relu", ["x"], ["y"]), []),
        "words": (TensorProto.STRING, ("batch", 3), helper.make_node("Identity", ["x"], ["y"]), []),
        "unknown_operation": (TensorProto.FLOAT, ("batch", 3), helper.make_node("Foo", ["x"], ["y"]), []),
    }
    for name, (kind, shape, node, known) in wanted.items():
        answer = TensorProto.FLOAT if node.op_type in ("Conv", "Gather", "Foo") else kind
        takes, gives = helper.make_tensor_value_info("x", kind, shape), helper.make_tensor_value_info("y", answer, None)
        graph = helper.make_graph([node], name, [takes], [gives], known)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, folder / f"{name}.onnx")


def save_litert(folder: Path, models: Mapping[str, Any]) -> None:
    at_one = tf.function(lambda x: models["plain"](x)).get_concrete_function(tf.TensorSpec((1, SIDE, SIDE, 3)))
    fixed = tf.lite.TFLiteConverter.from_concrete_functions([at_one]).convert()
    (folder / "fixed.tflite").write_bytes(fixed)
    models["plain"].export(folder / "exported", verbose=False)
    eight = tf.lite.TFLiteConverter.from_saved_model(str(folder / "exported"))
    eight.optimizations = [tf.lite.Optimize.DEFAULT]
    eight.representative_dataset = lambda: ([np.ones((1, SIDE, SIDE, 3), np.float32)] for _ in range(2))
    eight.inference_input_type = eight.inference_output_type = tf.uint8
    (folder / "eight_bits.tflite").write_bytes(eight.convert())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    with warnings.catch_warnings(action="ignore"):  # Keras warns of files of its earlier versions
        save_all(folder)
    return folder


def save_all(folder: Path) -> None:
    models = keras_models()
    for name, model in models.items():
        model.save(folder / f"{name}.keras")
    for name in ("plain", "lambda", "own"):
        models[name].save(folder / f"{name}.h5")
    models["plain"].save_weights(folder / "plain.weights.h5")
    for name, model in models_of_keras_2().items():
        model.save(folder / f"{name}.h5")
        model.save(folder / f"{name}.keras")
    save_signatures(folder)
    save_onnx(folder)
    save_litert(folder, models)
    (folder / "hdf5_inside.keras").write_bytes((folder / "plain.h5").read_bytes())
    with h5py.File(folder / "data.h5", "w") as data:
        data["x"] = np.ones(3)


def built(
    model: Path, into: Path, paths: tuple[str, ...] = (), *, trusted: bool = False, **given: tuple[int, ...]
) -> dict[str, Any]:
    """The answer of the process that builds, asked in this one; `one` is the size of the only input."""
    order = BuildOrder(
        model=str(model), given={"" if name == "one" else name: sizes for name, sizes in given.items()}, classes=3,
        precision="float32", paths=paths or (made_for(str(model)),), batches=(1, 2), folder=str(into), trusted=trusted,
    )  # fmt: skip
    return builder.answered(order)


def answers(made: Mapping[str, Any], path: str, batch: int) -> list[Any]:
    """What the runtime of a path answers for what the suite feeds it."""
    artefact = made["artefacts"][path]
    assert "file" in artefact, artefact
    return runtimes.opened(path, Path(artefact["file"]), 1, made["sizes"]).on(batch)()


def refusal(model: Path, into: Path, **given: Any) -> str:
    into.mkdir(exist_ok=True)
    line = built(model, into, **given)["failed"]
    assert "\n" not in line
    assert len(line) < 320
    return line


def same(found: list[Any], wanted: list[Any]) -> bool:
    """Whether answers are the same, in any order."""

    def ranked(some: list[Any]) -> list[Any]:
        return sorted(map(np.asarray, some), key=lambda one: (one.shape, one.ravel().tolist()))

    return all(np.allclose(a, b, rtol=1e-3, atol=1e-3) for a, b in zip(ranked(found), ranked(wanted), strict=True))


@pytest.mark.parametrize(("name", "given", "shown", "parameters"), [
    ("plain", {}, "8x8x3", 167), pytest.param("heads", {}, "8x8x3", None, marks=pytest.mark.slow),
    ("nested", {}, "8x8x3", 56), ("any_size", {"one": (9, 7, 3)}, "9x7x3", 167),
    pytest.param("batch_of_one", {}, "8x8x3", 167, marks=pytest.mark.slow), ("tokens", {}, "6", 36),
    ("two_inputs", {"left": (6, 8, 3)}, "left=6x8x3 right=5", None), ("text", {}, "string", 36),
])  # fmt: skip
def test_what_is_timed_is_all_that_a_model_of_keras_answers(
    folder: Path, tmp_path: Path, name: str, given: dict[str, Any], shown: str, parameters: int | None
) -> None:
    model = keras.saving.load_model(folder / f"{name}.keras")
    paths = (
        ("saved_model", "keras") if name in ("text", "tokens", "nested") else ("saved_model", "keras", "litert", "onnx")
    )
    made = built(folder / f"{name}.keras", tmp_path, paths, **given)
    assert made["image"] == shown
    assert parameters in (None, made["counts"]["parameters"])
    assert made["counts"]["parameters"] == model.count_params()
    batch = made["batch"] or 2
    sees = list(map(tf.constant, fed(runtimes.inputs_of(model), made["sizes"], batch).values()))
    wanted = [one.numpy() for one in keras.tree.flatten(model(runtimes.arranged(model, sees)))]
    for path in paths:
        assert same(answers(made, path, batch), wanted), path


def test_a_model_that_was_saved_before_it_saw_a_picture_takes_the_size_that_is_given(
    folder: Path, tmp_path: Path
) -> None:
    assert built(folder / "unbuilt.keras", tmp_path, one=(9, 9, 3))["counts"]["parameters"] == 3 * 3 * 3 * 4 + 4


@pytest.mark.parametrize(
    "file", ["plain.h5", "of_2.h5", "of_2.keras", "op_of_2.h5", "op_of_2.keras", "hdf5_inside.keras"]
)
def test_files_of_earlier_keras_answer_as_they_did(folder: Path, tmp_path: Path, file: str) -> None:
    """Those that Keras 3 opens are counted whole; those that only Keras 2 does are counted by their weights."""
    of_2 = tf_keras.models.load_model(folder / file) if "of_2" in file else keras.saving.load_model(folder / "plain.h5")
    paths = ("saved_model", "litert") if file == "op_of_2.keras" else ("saved_model",)
    made = built(folder / file, tmp_path, paths)
    picture = np.full((2, SIDE, SIDE, 3), 128, np.float32)
    for path in paths:
        assert same(answers(made, path, 2), [np.asarray(of_2(picture))]), path
    assert made["counts"]["total_parameters"] == of_2.count_params()
    assert ("macs" in made["counts"]) == (file in ("plain.h5", "of_2.h5", "hdf5_inside.keras"))


def test_without_tf_keras_the_install_line_is_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_files, "find_spec", lambda package: None)
    line = refusal(folder / "of_2.keras", tmp_path / "of_2")
    assert re.fullmatch(r"it was written by Keras 2\.\S+, and takes tf_keras: pip install '.*\[keras2\]'", line)
    assert "file" in built(folder / "of_2.h5", tmp_path)["artefacts"]["saved_model"]


@pytest.mark.parametrize("file", ["lambda.keras", "lambda.h5", "lambda_of_2.keras", "lambda_of_2.h5"])
def test_code_that_a_file_brings_along_runs_only_if_it_is_trusted(folder: Path, tmp_path: Path, file: str) -> None:
    assert "its layer 'halves' is a Lambda" in refusal(folder / file, tmp_path / "refused")
    made = built(folder / file, tmp_path, trusted=True)
    assert answers(made, "saved_model", 2)[0].shape == (2, 4)


@pytest.mark.parametrize("file", ["own.keras", "own.h5", "own_of_2.keras", "own_of_2.h5", "function.keras"])
def test_a_class_or_function_that_nobody_registered_is_named_with_the_decorator(
    folder: Path, tmp_path: Path, file: str
) -> None:
    line = refusal(folder / file, tmp_path)
    assert {"own": "Own", "function": "square"}.get(Path(file).stem, "OfKeras2") in line
    assert "@keras.saving.register_keras_serializable()" in line


@pytest.mark.parametrize(("name", "given", "shown", "answered"), [
    ("outputs", {}, "8x8x3", [(2,), (2, 2)]), ("another_name", {}, "4x4x3", [(2, 2)]),
    ("any_size_saved", {"one": (5, 6, 3)}, "5x6x3", [(2, 2)]), ("any_rank", {"one": (5, 6, 3)}, "5x6x3", [(2, 2)]),
    ("fixed_batch", {}, "4x4x3", [(2, 2)]), ("files", {"one": (9, 9, 3)}, "9x9x3", [(2, 2)]),
    ("switch", {}, "keep=float32 x=8x8x3", [(2, 2)]),
])  # fmt: skip
def test_saved_models_of_others_are_asked_by_their_own_signature(
    folder: Path, tmp_path: Path, name: str, given: dict[str, Any], shown: str, answered: list[tuple[int, ...]]
) -> None:
    made = built(folder / name, tmp_path, ("saved_model", "keras"), **given)
    assert sorted(made["image"].split()) == sorted(shown.split())
    assert sorted(one.shape for one in answers(made, "saved_model", 2)) == answered
    assert made["artefacts"]["keras"] == {"failed": "only a model of Keras 3 runs on this path: give its .keras file"}


@pytest.mark.parametrize(("file", "given", "batch", "answered"), [
    ("nchw.onnx", {}, None, (2, 4, 6, 6)), ("free_nchw.onnx", {"one": (3, 5, 9)}, None, (2, 4, 3, 7)),
    ("four.onnx", {}, 4, (4, 4, 6, 6)), ("indices.onnx", {}, None, (2, 7, 2)), ("halves.onnx", {}, 1, (1, 3)),
    ("words.onnx", {}, None, (2, 3)), ("fixed.tflite", {}, 1, (1, 3)), ("eight_bits.tflite", {}, None, (2, 3)),
])  # fmt: skip
def test_a_file_that_one_runtime_takes_runs_there_as_it_is(
    folder: Path, tmp_path: Path, file: str, given: dict[str, Any], batch: int | None, answered: tuple[int, ...]
) -> None:
    path = made_for(file)
    made = built(folder / file, tmp_path, (path, "xla"), **given)
    assert (made["batch"], made["counts"]) == (batch, {})
    assert made["artefacts"][path] == {"file": str(folder / file)}
    assert made["artefacts"]["xla"] == {"failed": f"{file} runs on --path {path} only"}
    assert [one.shape for one in answers(made, path, batch or 2)] == [answered]


@pytest.mark.parametrize("ending", [".keras", ".h5", ".tflite", ".onnx"])
def test_what_is_no_whole_model_is_said_whatever_its_name(folder: Path, tmp_path: Path, ending: str) -> None:
    whole = next(file for file in sorted(folder.glob(f"*{ending}")) if "weights" not in file.name).read_bytes()
    for name, content in {**TEXTS, "empty": b"", "cut": whole[: len(whole) // 2]}.items():
        (tmp_path / f"{name}{ending}").write_bytes(content)
        line = refusal(tmp_path / f"{name}{ending}", tmp_path / name)
        assert {"empty": "it is empty", "cut": "it is no whole"}.get(name, "no model but text") in line


@pytest.mark.parametrize(("name", "given", "line"), [
    ("any_size.keras", {}, "its size is free: give --image HxWx3, with numbers for the letters"),
    ("free_nchw.onnx", {}, "its size is free: give --image 3xHxW, with numbers for the letters"),
    ("two_inputs.keras", {}, "its size is free: give --image left=Hx8x3, with numbers for the letters"),
    ("two_inputs.keras", {"up": (1,)}, "it has no input 'up' (--image): it takes left=Hx8x3 and right=5"),
    ("two_inputs.keras", {"right": (6,), "left": (8, 8, 3)}, "it takes left=Hx8x3 and right=5, not 6 (--image)"),
    ("plain.keras", {"one": (9, 9, 3)}, "it takes 8x8x3, not 9x9x3 (--image)"),
    ("nchw.onnx", {"one": (8, 8, 3)}, "it takes 3x8x8, not 8x8x3 (--image)"),
    ("any_rank", {}, "its size is free: give --image HxWxC, with numbers for the letters"),
    ("no_signature", {}, "this SavedModel has no signature"),
    ("several", {}, "this SavedModel has several signatures (one, other): write it with one that is called"),
    ("plain.weights.h5", {}, "it holds weights or other data, but no layers: save the whole model"),
    ("data.h5", {}, "it holds weights or other data, but no layers: save the whole model"),
])  # fmt: skip
def test_what_cannot_be_measured_is_said_with_the_way_out(
    folder: Path, tmp_path: Path, name: str, given: dict[str, Any], line: str
) -> None:
    assert refusal(folder / name, tmp_path, **given).startswith(line)


def test_what_a_library_says_becomes_a_line_in_a_users_words(folder: Path, tmp_path: Path) -> None:
    assert (
        refusal(folder / "unknown_operation.onnx", tmp_path)
        == "ONNX Runtime has no operation Foo; measure it with --path saved_model"
    )
    made = built(folder / "text.keras", tmp_path, ("saved_model", "litert"))
    assert made["artefacts"]["litert"]["failed"].startswith("LiteRT has no operation ")
    tracing = 'in user code:\n\n    File "a.py", line 1, in call  *\n        x()\n\n    ValueError: the sizes differ\n'
    assert said(ValueError(tracing)) == "ValueError: the sizes differ"
    assert said(KeyError("vars")) == "KeyError: 'vars'"


sizes = any_of.lists(any_of.integers(1, 6), min_size=1, max_size=4).map(tuple)


@having(any_of.text("ab= :/", max_size=6), sizes)
def test_a_size_is_read_as_it_is_spelled(name: str, one: tuple[int, ...]) -> None:
    assert inputs.read(inputs.all_spelled({name: one})) == (name, one)


@having(sizes, any_of.data())
def test_an_input_takes_what_its_form_says(wanted: tuple[int, ...], data: Any) -> None:
    free = data.draw(any_of.sets(any_of.integers(0, len(wanted) - 1)))
    own = tuple(None if axis in free else size for axis, size in enumerate(wanted))
    one = Input(name="x", shape=(None, *own), dtype="float32")
    assert inputs.sized([one], {"": wanted}) == {"x": wanted}
    assert fed([one], {"x": wanted}, 3)["x"].shape == (3, *wanted)
    if free:
        with pytest.raises(ArchitectureError, match="give --image"):
            inputs.sized([one], {})
    else:
        assert inputs.sized([one], {}) == {"x": wanted}
    with pytest.raises(ArchitectureError, match="it takes"):
        inputs.sized([one], {"": (*wanted, 1)})


def command(*words: str | Path) -> tuple[int, list[dict[str, str]], str]:
    """Exit code, rows and messages of `suite measure`."""
    done = suite("measure", "--seconds", "0.1", "--threads", "1", "--format", "csv", *words)
    return done.returncode, list(csv.DictReader(done.stdout.splitlines())), done.stderr


def test_the_command_measures_files_and_its_exit_code_says_what_failed(folder: Path, tmp_path: Path) -> None:
    words = ["--batch", "1,8", "-o", tmp_path / "here.csv", folder / "fixed.tflite"]
    code, (one, eight), said_meanwhile = command(*words)
    assert code == 1
    assert (one["path"], one["image"]) == ("litert", "8x8x3")
    assert float(one["latency"]) > 0
    assert (eight["state"], eight["reason"], eight["latency"]) == (cells.FAILED, "its batch is fixed at 1", "")
    assert len(said_meanwhile.splitlines()) == 2
