"""An export in several formats: is each judged on its own runtime, said in the card, and whole or not there?"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import copytree
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml

from suite import datasets
from suite.core.errors import ExportError
from suite.core.preprocessing import Preprocessing
from suite.datasets import Dataset
from suite.export import converters, exporting, model_card, saved_model, verdict, warmup
from suite.export.formats import FORMATS
from suite.statistics.intervals import paired
from suite.timing.trying import OwnRuntimes
from tests.commands import suite

TIMED = {name: {"latency": 1.0, "latency_low": 0.9, "latency_high": 1.1} for name in FORMATS}  # so that nothing is
RUNTIMES = OwnRuntimes(threads=1, known=TIMED)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return datasets.load("digits")


@pytest.fixture(scope="module")
def model(digits: Dataset) -> keras.Model:
    """A small network that has learned a little: of one that guesses, the format loses nothing."""
    keras.utils.set_random_seed(0)
    pixels = keras.Input(digits.task.image)
    x = keras.layers.Conv2D(8, 3, activation="relu")(pixels)
    network = keras.Model(pixels, keras.layers.Dense(10)(keras.layers.Flatten()(x)))
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    network.fit(digits.train(batch_size=64, seed=0, epochs=3), shuffle=False, verbose=0)
    return network


@pytest.fixture(scope="module")
def exported(model: keras.Model, digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> exporting.Exported:
    folder = tmp_path_factory.mktemp("exports") / "net"
    return exporting.export(model, digits, folder, {"study": "a"}, formats=("litert-int8", "onnx"), runtimes=RUNTIMES)


def card(exported: exporting.Exported) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((exported.folder / "assets.extra" / "card.json").read_text())
    return told


def test_each_format_is_judged_on_the_same_pictures_and_stands_in_the_card(exported: exporting.Exported) -> None:
    found = {one.format: one for one in exported.verdicts}
    assert list(found) == ["saved_model", "litert-int8", "onnx"]
    assert [one["format"] for one in card(exported)["formats"]] == list(found)
    for one in found.values():
        assert (exported.folder / one.file).exists()
        assert one.pictures == 357
        assert one.accuracy_low < one.accuracy < one.accuracy_high
        assert one.lost_low <= one.lost <= one.lost_high
        assert one.accuracy + one.lost == pytest.approx(found["saved_model"].accuracy)
        assert one.megabytes > 0.001
    assert found["onnx"].greatest_difference < 1e-4 < found["litert-int8"].greatest_difference
    assert (found["litert-int8"].calibrated, found["onnx"].calibrated) == (300, None)


def test_the_accuracy_of_int8_is_that_of_its_file(exported: exporting.Exported, digits: Dataset) -> None:
    """Asked here again, by LiteRT alone, one picture at a time."""
    from ai_edge_litert.interpreter import Interpreter

    found = {one.format: one for one in exported.verdicts}["litert-int8"]
    interpreter = Interpreter(str(exported.folder / found.file))
    interpreter.allocate_tensors()
    (takes,), (gives,) = interpreter.get_input_details(), interpreter.get_output_details()
    right = []
    for scaled, label in digits.validation(batch_size=1):
        interpreter.set_tensor(takes["index"], np.round((scaled.numpy() + 1) * 127.5).astype(np.float32))
        interpreter.invoke()
        right.append(interpreter.get_tensor(gives["index"])[0].argmax() == label.numpy()[0])
    assert found.accuracy == pytest.approx(100 * np.mean(right))


def test_a_format_that_is_there_is_not_made_again_and_another_is_a_new_version(
    exported: exporting.Exported, model: keras.Model, digits: Dataset
) -> None:
    home = exported.folder.parent
    assert exporting.exported(home, {"study": "a"}, ("onnx",)) == exported
    assert exporting.exported(home, {"study": "a"}, ("onnx", "litert")) is None


@pytest.mark.slow
def test_a_format_that_fails_leaves_nothing(digits: Dataset, tmp_path: Path) -> None:
    pixels = keras.Input(digits.task.image)
    rolled = keras.ops.roll(keras.layers.Flatten()(pixels), 1, axis=1)
    odd = keras.Model(pixels, keras.layers.Dense(10)(rolled))
    with pytest.raises(ExportError, match=r"^litert: LiteRT has no operation Roll .*leave it out of --format\.$"):
        exporting.export(odd, digits, tmp_path / "net", {}, formats=("litert",), runtimes=RUNTIMES)
    assert list((tmp_path / "net").iterdir()) == []


@pytest.mark.parametrize(
    "given", [{}, {"mean": (100.0, 110.0, 120.0), "deviation": (50.0, 60.0, 70.0), "reverse": True}]
)
def test_the_keras_file_takes_pixels_and_answers_probabilities(given: Mapping[str, Any], tmp_path: Path) -> None:
    image = keras.Input((6, 5, 3))
    model = keras.Model([image], [keras.layers.Dense(4)(keras.layers.Flatten()(image))])
    preprocessing = Preprocessing(**given)
    saved_model.whole(model, preprocessing).save(tmp_path / "net.keras")
    saved_model.write(model, list("abcd"), str(tmp_path / "saved"), preprocessing=preprocessing)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 6, 5, 3)).astype(np.float32)
    served = tf.saved_model.load(str(tmp_path / "saved")).signatures["pixels"]
    answer = keras.saving.load_model(tmp_path / "net.keras").predict_on_batch(pixels)
    np.testing.assert_allclose(answer, served(pixels=tf.constant(pixels))["probabilities"], atol=1e-5)


def test_the_interval_of_a_paired_difference_covers_what_it_should() -> None:
    """By simulation: of 95 % intervals, about 95 % hold the true difference."""
    random, inside = np.random.default_rng(0), []
    for _ in range(2000):
        easy, first, second = random.random(300) < 0.8, random.random(300) < 0.5, random.random(300) < 0.4
        low, high = paired(easy | first, easy | second)
        inside.append(low <= 0.2 * 0.1 <= high)
    assert 0.93 < np.mean(inside) < 0.975


def test_nothing_lost_is_an_interval_around_zero() -> None:
    same = verdict.accuracies(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32), np.arange(3))
    assert same["lost"] == 0
    assert same["lost_low"] == pytest.approx(-same["lost_high"])


def section(exported: exporting.Exported, heading: str) -> str:
    """Return a section of the card."""
    text = (exported.folder / "assets.extra" / model_card.FILE).read_text()
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


PICTURES = {"plain": {}, "cut": {"crop": 0.8, "square": True, "interpolation": "bicubic"}}


@pytest.mark.slow
@pytest.mark.parametrize("seen", PICTURES)
def test_the_program_of_each_format_answers_as_the_network_does(
    model: keras.Model, digits: Dataset, tmp_path: Path, seen: str
) -> None:
    """Where there is no suite: each program of the card, in a process of its own, on the example pictures."""
    data = digits.seen(digits.task.image, Preprocessing(**PICTURES[seen]))
    formats = ("litert", "litert-int8", "onnx", "openvino", "keras") if seen == "plain" else ("onnx",)
    done = exporting.export(model, data, tmp_path / "net", {}, formats=formats, runtimes=RUNTIMES)
    files = sorted((done.folder / "assets.extra" / "examples").iterdir())
    served = tf.saved_model.load(str(done.folder)).signatures["encoded"]
    wanted = served(encoded=tf.constant([file.read_bytes() for file in files]))
    first = wanted["probabilities"].numpy().max(axis=1)
    beginning, *programs = re.findall(r"```python\n(.*?)```", section(done, "A program for each format"), re.S)
    assert len(programs) == 1 + len(formats)
    for name, program in zip(("saved_model", *formats), programs, strict=True):
        code = f"import sys; sys.modules['suite'] = None\n{beginning}{program}"
        ran = subprocess.run([sys.executable, "-c", code], cwd=done.folder, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        told = [line.split() for line in ran.stdout.splitlines()]
        assert [line[:2] for line in told] == [
            [file.name, label.decode()] for file, label in zip(files, wanted["label"].numpy(), strict=True)
        ]
        near = {"saved_model": 1e-5, "litert-int8": 0.1}.get(name, 0.01)  # Pillow may round a pixel otherwise, by one
        np.testing.assert_allclose([float(line[2]) for line in told], first, atol=near)


@pytest.mark.slow
def test_every_converter_in_the_card_works_as_it_is_written(
    exported: exporting.Exported, digits: Dataset, tmp_path: Path
) -> None:
    """Where there is no suite: each block of the card, run as somebody would who has only the export."""
    copytree(exported.folder, tmp_path / "export")
    text = section(exported, "Converters of others")
    for kind, block in re.findall(r"```(sh|python)\n(.*?)```", text, re.S):
        command = ["bash", "-ec", f"PATH={Path(sys.executable).parent}:$PATH; {block}"] if kind == "sh" else [
            sys.executable, "-c", f"import sys; sys.modules['suite'] = None\n{block}"
        ]  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path / "export", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    pixels = np.random.default_rng(0).integers(0, 256, (2, *digits.task.image)).astype(np.float32)
    served = tf.saved_model.load(str(exported.folder)).signatures["pixels"]
    wanted = served(pixels=tf.constant(pixels))["probabilities"].numpy()
    (tmp_path / "openvino").mkdir()
    for ending in ("xml", "bin"):
        (tmp_path / "export" / f"network.{ending}").rename(tmp_path / "openvino" / f"network.{ending}")
    files = {"onnx": "export/network.onnx", "litert": "export/network.tflite", "openvino": "openvino"}
    for path, file in files.items():
        answers = RUNTIMES.answers(path, tmp_path / file, pixels.astype(np.uint8))
        np.testing.assert_allclose(answers, wanted, atol=1e-5)


def test_the_card_names_each_signature_as_the_saved_model_has_it(exported: exporting.Exported) -> None:
    served = tf.saved_model.load(str(exported.folder)).signatures
    text = (exported.folder / "assets.extra" / model_card.FILE).read_text()
    for one in card(exported)["signatures"]:
        ((argument, spec),) = served[one["name"]].structured_input_signature[1].items()
        assert (one["argument"], one["dtype"]) == (argument, spec.dtype.name)
        assert f"| `{one['name']}` | `{argument}` | {one['dtype']} | {one['shape']} |" in text
        assert set(one["answers"]) == set(served[one["name"]].structured_outputs)


HOSTILE = ["<script>alert(1)</script>", "a|b\n# c", "`rm`", "../..", "[x](http://y)"]


def test_hostile_names_stay_text_in_the_card(exported: exporting.Exported) -> None:
    text = model_card.written(
        {**card(exported), "classes": HOSTILE, "study": HOSTILE[0], "question": HOSTILE[4]}, HOSTILE[1]
    )
    assert "<script" not in re.sub(r"\\.", "", text)
    assert "\n# c" not in text
    assert "[x](" not in text


def test_the_warm_up_asks_each_signature_as_it_is(exported: exporting.Exported) -> None:
    """Read by the definitions of TensorFlow Serving, as far as they matter, in place of its package."""
    log = _prediction_log()
    served = tf.saved_model.load(str(exported.folder)).signatures
    asked = set()
    for record in tf.data.TFRecordDataset(str(exported.folder / "assets.extra" / warmup.FILE)):
        predict = log.FromString(record.numpy()).predict_log.request
        given = {key: tf.constant(tf.make_ndarray(value)) for key, value in predict.inputs.items()}
        assert served[predict.model_spec.signature_name](**given)["probabilities"].shape == (1, 10)
        assert predict.model_spec.name == "net"
        asked.add(predict.model_spec.signature_name)
    assert asked == {"images", "serving_default", "encoded", "pixels"}


def _prediction_log() -> Any:
    """PredictionLog, from the fields of tensorflow_serving/apis/{prediction_log,predict,model}.proto that are used."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="warmup.proto", package="w", dependency=["tensorflow/core/framework/tensor.proto"], syntax="proto3"
    )

    def message(name: str, *fields: tuple[str, int, str]) -> Any:
        made = file.message_type.add(name=name)
        for field, number, of in fields:
            kind = kinds.TYPE_MESSAGE if of else kinds.TYPE_STRING
            made.field.add(name=field, number=number, type=kind, type_name=of or None, label=kinds.LABEL_OPTIONAL)
        return made

    message("ModelSpec", ("name", 1, ""), ("signature_name", 3, ""))
    predict = message(
        "PredictRequest", ("model_spec", 1, ".w.ModelSpec"), ("inputs", 2, ".w.PredictRequest.InputsEntry")
    )
    predict.field[1].label = kinds.LABEL_REPEATED
    entry = predict.nested_type.add(name="InputsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    entry.field.add(
        name="value", number=2, type=kinds.TYPE_MESSAGE, type_name=".tensorflow.TensorProto", label=kinds.LABEL_OPTIONAL
    )
    message("PredictLog", ("request", 1, ".w.PredictRequest"))
    message("PredictionLog", ("predict_log", 6, ".w.PredictLog"))
    pool = descriptor_pool.Default()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("w.PredictionLog"))


def test_the_servers_of_the_compose_file_find_what_an_export_holds() -> None:
    """Not started: there is no engine here. What they mount is what an export has."""
    services = yaml.safe_load((Path(__file__).parents[1] / "docker-compose.yml").read_text())["services"]
    tensorflow, openvino = services["tensorflow-serving"], services["openvino-model-server"]
    assert tensorflow["volumes"] == ["${EXPORT:-./exports/quickstart}:/models/${MODEL:-model}:ro"]
    assert tensorflow["environment"]["MODEL_NAME"] == "${MODEL:-model}"  # its image serves /models/MODEL_NAME
    (mounted,) = openvino["volumes"]
    command = dict(zip(openvino["command"][::2], openvino["command"][1::2], strict=True))
    assert mounted.endswith(f"/${{VERSION:-1}}/formats/openvino:{command['--model_path']}/1:ro")
    for one in (tensorflow, openvino):
        assert one["profiles"] == ["serving"]  # not beside the studies
        assert one["user"] == "65534:65534"
        assert ":latest" not in one["image"]
        assert one["ports"][0].startswith("${SERVING_HOST:-127.0.0.1}:")


def test_an_unknown_format_is_said_with_the_nearest(tmp_path: Path) -> None:
    done = suite("export", "nothing", "best", tmp_path, "--format", "onx")
    assert done.returncode == 2
    assert "no format 'onx'. Did you mean 'onnx'?" in done.stderr


def test_every_format_has_a_converter_and_a_runtime() -> None:
    from suite.core.paths import PATHS
    from suite.timing import runtimes

    assert FORMATS.keys() <= PATHS.keys()
    for name in FORMATS:
        runtimes.check(name)
    assert converters.OPENVINO.endswith(".xml")
