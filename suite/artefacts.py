"""A process that builds one network and writes it as each path wants it: `python -m suite.artefacts`, asked on stdin.

It answers with a line of JSON: the counts of the network, and for each path its file or why there is none. It is a
process of its own so that a network too large for the memory takes nothing else with it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.errors import ArchitectureError, SuiteError
from suite.profile import runtimes

if TYPE_CHECKING:
    import keras

SHOWN = 8  # random pictures by which LiteRT chooses the range of each 8-bit number


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be written."""

    model: str  # a name of the catalogue, or a file: .keras, or the folder of a SavedModel
    image: tuple[int, int, int] | None  # H, W, C; None: the network's own
    classes: int
    precision: str
    paths: tuple[str, ...]
    batches: tuple[int, ...]  # of which the activations are counted
    folder: str


def main() -> None:
    """Write what stdin asks for."""
    order = Order(**{key: _tupled(value) for key, value in json.load(sys.stdin).items()})
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # converters print what they like
    try:
        answer = _written(order)
    except Exception as error:  # whatever a model of one's own may raise
        reason = str(error) if isinstance(error, SuiteError) else runtimes.said(error)
        answer = {"no_memory" if runtimes.is_out_of_memory(error) else "failed": reason}
    print(json.dumps(answer), file=answers, flush=True)


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _written(order: Order) -> dict[str, Any]:
    from suite import servable

    folder, file = Path(order.folder), Path(order.model)
    if file.is_dir():
        return {
            "image": None,
            "counts": {},
            "artefacts": _each(order.paths, lambda path: _of_saved(file, path, folder)),
        }
    saved = folder / "saved_model"
    if file.suffix == ".keras":
        model = _own(file, order)
        _save_plain(model, saved)
    else:
        model = _named(order)
        servable.write(model, [str(number) for number in range(order.classes)], str(saved), only=("pixels",))
    return {
        "image": list(model.input_shape[1:]),
        "counts": _counts(model, order.batches),
        "artefacts": _each(order.paths, lambda path: _of_saved(saved, path, folder, model)),
    }


def _each(paths: Sequence[str], write: Callable[[str], Path]) -> dict[str, Mapping[str, Any]]:
    """Return the file of each path with its bytes, or why it failed: one path that cannot be had hinders no other."""
    made: dict[str, Mapping[str, Any]] = {}
    for path in paths:
        try:
            file = write(path)
            made[path] = {"file": str(file), "bytes": _bytes(file)}
        except Exception as error:  # converters raise what they like
            made[path] = {"failed": runtimes.said(error)}
    return made


def _named(order: Order) -> keras.Model:
    """Build a network of the catalogue, or one of one's own that is written as ours are."""
    import keras

    from suite import architectures
    from suite.architectures.layers import deployed
    from suite.task import Task

    side = architectures.resolution(order.model)
    height, width, channels = order.image or (side, side, 3)
    keras.config.set_dtype_policy(order.precision)
    task = Task(height=height, width=width, channels=channels, classes=order.classes)
    return deployed(architectures.build(order.model, task))


def _own(file: Path, order: Order) -> keras.Model:
    import keras

    from suite.architectures import layers  # noqa: F401  # registers those that the file may name

    model = keras.saving.load_model(file, compile=False)
    if len(model.inputs) != 1 or None in model.input_shape[1:]:
        raise ArchitectureError(f"{file}: only a model of one input of a fixed size can be measured")
    if order.image and tuple(model.input_shape[1:]) != order.image:
        raise ArchitectureError(f"{file}: it was built for pictures of {model.input_shape[1:]}, not of {order.image}")
    return model


def _counts(model: keras.Model, batches: Sequence[int]) -> dict[str, Any]:
    from suite.profile.complexity import complexity, peak_activation_bytes

    return {
        **asdict(complexity(model)),
        "peaks": {str(batch): peak_activation_bytes(model, batch) for batch in batches},
    }


def _save_plain(model: keras.Model, folder: Path) -> None:
    """Write a model of one's own as it is: what it wants of its pictures is inside it, or nobody knows."""
    import tensorflow as tf

    from suite import servable

    def pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"answer": model(pixels, training=False)}

    takes = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, "pixels")
    servable.save(model, {"pixels": (pixels, takes)}, str(folder))


def _of_saved(saved: Path, path: str, folder: Path, model: keras.Model | None = None) -> Path:
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
        # What has no 8-bit form stays in float rather than to fail.
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


OPSET = 17  # of ONNX: the last that tf2onnx writes in full


def _signature(saved: Path) -> Any:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(saved))
    name = runtimes.signature(loaded)
    function = loaded.signatures[name]
    function.name_of_signature, function.kept = name, loaded  # its weights would go with what was loaded
    return function


def _takes(function: Any) -> Any:
    (takes,) = function.structured_input_signature[1].values()
    return takes


def _bytes(file: Path) -> int:
    return sum(one.stat().st_size for one in ([file] if file.is_file() else file.rglob("*")) if one.is_file())


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
