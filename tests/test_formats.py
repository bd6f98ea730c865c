"""Files for other runtimes: does each answer as the network does, and is one that cannot run refused by name?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from suite import architectures
from suite.core.errors import ArchitectureError
from suite.core.task import Task
from suite.export import converters, saved_model
from suite.timing import runtimes


def rolled(folder: Path) -> Path:
    """A SavedModel with an operation that LiteRT does not have."""
    module = tf.Module()
    module.ask = tf.function(
        lambda x: {"y": tf.roll(x, 1, 1)}, input_signature=[tf.TensorSpec((None, 4), tf.float32, "x")]
    )
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.ask})
    return folder


def test_an_operation_that_litert_lacks_is_named_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ArchitectureError, match=r"^LiteRT has no operation Roll of its own: .*Flex.*$"):
        converters.converted(rolled(tmp_path / "saved"), "litert", tmp_path)
    assert not (tmp_path / "litert.tflite").exists()


def test_a_file_of_litert_with_operations_of_tensorflow_is_refused_by_their_names(tmp_path: Path) -> None:
    converter = tf.lite.TFLiteConverter.from_saved_model(str(rolled(tmp_path / "saved")))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    (tmp_path / "flex.tflite").write_bytes(converter.convert())
    with pytest.raises(ArchitectureError, match="LiteRT has no operation Roll of its own"):
        converters.refuse_flex(tmp_path / "flex.tflite")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("net") / "saved"
    model = architectures.build("mobilenet/tiny", Task(height=32, width=32, channels=3, classes=4))
    saved_model.write(model, list("abcd"), str(folder))
    return folder


@pytest.mark.parametrize("path", ["litert", "onnx", "openvino"])
def test_every_runtime_answers_as_tensorflow_does(path: str, saved: Path, tmp_path: Path) -> None:
    file = converters.converted(saved, path, tmp_path)
    pixels = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)
    wanted = tf.saved_model.load(str(saved)).signatures["pixels"](pixels=tf.constant(pixels))["probabilities"]
    runtime = runtimes.opened(path, file, 1)
    (name,) = [one.name for one in runtime.takes]
    (answer,) = runtime.asks({name: pixels})()
    np.testing.assert_allclose(answer, wanted, atol=1e-5)


@pytest.mark.slow
def test_int8_has_a_scale_for_each_channel_and_a_range_from_the_pictures_shown(saved: Path, tmp_path: Path) -> None:
    """Of dark pictures the scale of the first numbers is small."""
    from ai_edge_litert.interpreter import Interpreter

    scales = {}
    for name, brightest in (("dark", 10), ("bright", 255)):
        (tmp_path / name).mkdir()
        shown = np.random.default_rng(0).uniform(0, brightest, (100, 32, 32, 3)).astype(np.float32)
        file = converters.converted(saved, "litert-int8", tmp_path / name, pictures=shown)
        details = Interpreter(str(file)).get_tensor_details()
        weights = [one for one in details if one["dtype"] == np.int8 and len(one["shape"]) == 4]
        assert max(len(one["quantization_parameters"]["scales"]) for one in weights) > 1
        first = next(one for one in details if one["dtype"] == np.int8 and list(one["shape"][1:]) == [32, 32, 3])
        (scales[name],) = first["quantization_parameters"]["scales"]
    assert scales["bright"] / scales["dark"] == pytest.approx(25.5, rel=0.05)
