"""From a SavedModel to the file that each path runs: LiteRT, LiteRT in 8 bits, ONNX, Keras.

Heavy packages are imported by the converter that needs them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.core.errors import ArchitectureError

if TYPE_CHECKING:
    import keras

OPSET = 17  # of ONNX: the last that tf2onnx writes in full
SHOWN = 8  # random pictures by which LiteRT chooses the range of each 8-bit number


def converted(saved: Path, path: str, folder: Path, model: keras.Model | None = None) -> Path:
    """Convert the SavedModel `saved` to the file that `path` runs, in `folder`, and return it; Keras needs the `model`.

    Raises ArchitectureError when there is no `model` for Keras, and whatever a converter raises.
    """
    match path:
        case "saved_model" | "xla":
            return saved
        case "keras":
            return _keras(model, folder / "network.keras")
        case "litert" | "litert-int8":
            return _litert(saved, folder / f"{path}.tflite", path == "litert-int8")
        case _:
            return _onnx(saved, folder / "network.onnx")


def _keras(model: keras.Model | None, file: Path) -> Path:
    if model is None:
        raise ArchitectureError("a SavedModel holds no Keras model: give its .keras file")
    model.save(file)
    return file


def _litert(saved: Path, file: Path, quantised: bool) -> Path:
    import numpy as np
    import tensorflow as tf

    function = _signature(saved)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved), signature_keys=[function.name_of_signature])
    if quantised:
        source, shape = np.random.default_rng(0), _takes(function).shape[1:]
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [source.uniform(0, 255, (1, *shape)).astype(np.float32)] for _ in range(SHOWN)
        )
        # Operations without an 8-bit form stay in float rather than fail.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    file.write_bytes(converter.convert())
    return file


def _onnx(saved: Path, file: Path) -> Path:
    import tensorflow as tf
    import tf2onnx

    function = _signature(saved)
    takes = _takes(function)
    asked = tf.function(lambda pixels: function(**{takes.name: pixels}))
    signature = [tf.TensorSpec(takes.shape, takes.dtype, takes.name)]
    tf2onnx.convert.from_function(asked, input_signature=signature, opset=OPSET, output_path=str(file))
    return file


def _signature(saved: Path) -> Any:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(saved))
    name = signature(loaded)
    function = loaded.signatures[name]
    function.name_of_signature, function.kept = name, loaded  # keeps its weights alive
    return function


def _takes(function: Any) -> Any:
    (takes,) = function.structured_input_signature[1].values()
    return takes


def signature(loaded: Any) -> str:
    """Return the signature of a SavedModel to run: our `pixels`, else its default one."""
    return "pixels" if "pixels" in loaded.signatures else "serving_default"
