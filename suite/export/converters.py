"""From a SavedModel to the file that each path runs: LiteRT, LiteRT in 8 bits, ONNX, OpenVINO, Keras.

Heavy packages are imported by the converter that needs them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.core.errors import ArchitectureError
from suite.core.inputs import Input, Sizes
from suite.export.feeding import fed, is_picture

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

OPSET = 17  # of ONNX: the last that tf2onnx writes in full
SHOWN = 8  # random pictures by which LiteRT chooses the range of each 8-bit number, where only latency counts
OPENVINO = "network.xml"  # the graph, within the folder of OpenVINO; its weights lie beside it
FLEX = "Flex"  # how the names of TensorFlow's own operations begin in a file of LiteRT


def converted(
    saved: Path,
    path: str,
    folder: Path,
    model: keras.Model | None = None,
    pictures: NDArray[np.float32] | None = None,
) -> Path:
    """Convert the SavedModel `saved` to the file that `path` runs, in `folder`, and return it; Keras needs the `model`.

    By `pictures`, [N, H, W, C] as its signature `pixels` takes them, LiteRT chooses the range of each 8-bit number. The
    default is random ones: latency does not depend on them, but accuracy does.

    Raises ArchitectureError when there is no `model` for Keras, or no form of an operation in LiteRT, and whatever a
    converter raises.
    """
    match path:
        case "saved_model" | "xla":
            return saved
        case "keras":
            return _keras(model, folder / "network.keras")
        case "litert" | "litert-int8":
            return _litert(saved, folder / f"{path}.tflite", path == "litert-int8", pictures)
        case "openvino":
            return _openvino(saved, folder / "openvino")
        case _:
            return _onnx(saved, folder / "network.onnx")


def _keras(model: keras.Model | None, file: Path) -> Path:
    if model is None:
        raise ArchitectureError("only a model of Keras 3 runs on this path: give its .keras file")
    model.save(file)
    return file


def _litert(saved: Path, file: Path, quantised: bool, pictures: NDArray[np.float32] | None) -> Path:
    import tensorflow as tf

    function = _signature(saved)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved), signature_keys=[function.name_of_signature])
    if quantised:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _examples(inputs_of(function), pictures)
        # Operations without an 8-bit form stay in float rather than fail.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of its own way to run a file
            file.write_bytes(converter.convert())
    except Exception as error:  # of the converter, whose class is not public
        lines = re.findall(r"^(?:TF Select|Custom) ops: (.+)$", str(error), re.MULTILINE)
        _refuse([name for line in lines for name in line.split(", ")])
        raise
    return file


def refuse_flex(file: Path) -> None:
    """Raise ArchitectureError when a file of LiteRT needs operations of TensorFlow, which LiteRT alone cannot run."""
    from ai_edge_litert import schema_py_generated as schema

    codes = schema.Model.GetRootAs(file.read_bytes(), 0)
    named = [
        (codes.OperatorCodes(number).CustomCode() or b"").decode() for number in range(codes.OperatorCodesLength())
    ]
    _refuse([name.removeprefix(FLEX) for name in named if name.startswith(FLEX)])


def _refuse(operations: Sequence[str]) -> None:
    if operations:
        raise ArchitectureError(
            f"LiteRT has no operation {', '.join(sorted(set(operations)))} of its own: it would take TensorFlow's "
            "(Flex, SELECT_TF_OPS), which LiteRT's runtime does not have"
        )


def _examples(takes: Sequence[Input], pictures: NDArray[np.float32] | None) -> Iterator[dict[str, Any]]:
    """Yield what the inputs may see, by their names: `pictures`, else random ones, and for all else what is safe."""
    import numpy as np

    if pictures is not None:
        yield from ({takes[0].name: picture[None]} for picture in pictures)
        return
    source = np.random.default_rng(0)
    for _ in range(SHOWN):
        safe = fed(takes, {}, 1)
        yield {
            name: source.uniform(0, 255, array.shape).astype(array.dtype) if is_picture(array) else array
            for name, array in safe.items()
        }


def _onnx(saved: Path, file: Path) -> Path:
    import tf2onnx

    asked, takes = _flat(_signature(saved))
    tf2onnx.convert.from_function(asked, input_signature=takes, opset=OPSET, output_path=str(file))
    return file


def _openvino(saved: Path, folder: Path) -> Path:
    import openvino

    network = openvino.convert_model(_signature(saved))
    openvino.save_model(network, folder / OPENVINO, compress_to_fp16=False)  # 16 bits would be another network
    return folder


def resized(saved: Path, sizes: Mapping[str, Sizes], folder: Path) -> Path:
    """Write the SavedModel `saved` again, in `folder`, with inputs of the given sizes; return its folder."""
    import tensorflow as tf

    function = _signature(saved)
    asked, takes = _flat(function)
    fixed = [
        tf.TensorSpec((spec.shape[0] if spec.shape.rank else None, *sizes[spec.name]), spec.dtype, spec.name)
        for spec in takes
    ]
    module, into = tf.Module(), folder / "resized"
    module.kept = function.kept
    tf.saved_model.save(module, str(into), signatures=asked.get_concrete_function(*fixed))
    return into


def _flat(function: Any) -> tuple[Any, list[Any]]:
    """Return a signature as a function of tensors without names, and the TensorSpecs of these, which have names."""
    import tensorflow as tf

    takes = function.structured_input_signature[1]
    asked = tf.function(lambda *inputs: function(**dict(zip(takes, inputs, strict=True))), autograph=False)
    return asked, [tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in takes.items()]


def inputs_of(function: Any) -> tuple[Input, ...]:
    """Return the inputs of a signature of a SavedModel."""
    return tuple(described(name, spec) for name, spec in function.structured_input_signature[1].items())


def described(name: str, spec: Any) -> Input:
    """Return the input that a TensorSpec, or a tensor of Keras, describes."""
    known = getattr(spec.shape, "rank", 0) is not None
    return Input(name=name, shape=tuple(spec.shape) if known else None, dtype=getattr(spec.dtype, "name", spec.dtype))


def _signature(saved: Path) -> Any:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(saved))
    name = signature(loaded)
    function = loaded.signatures[name]
    function.name_of_signature, function.kept = name, loaded  # keeps its weights alive
    return function


def signature(loaded: Any) -> str:
    """Return the signature of a SavedModel to run: our `pixels`, else its default one, else the only one.

    Raises ArchitectureError when there is none, or when several could be meant.
    """
    names = [name for name in loaded.signatures if not name.startswith("__")]
    preferred = [name for name in ("pixels", "serving_default") if name in names]
    if not names:
        raise ArchitectureError(
            "this SavedModel has no signature, which says what it takes: write it with signatures=..."
        )
    if not preferred and len(names) > 1:
        raise ArchitectureError(
            f"this SavedModel has several signatures ({', '.join(names)}): write it with one that is called "
            "serving_default"
        )
    return (preferred or names)[0]
