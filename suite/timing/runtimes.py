"""The runtimes of exported artefacts: TensorFlow, XLA, LiteRT, ONNX Runtime, OpenVINO and Keras, each behind one call.

A call returns when its answer has reached the processor's memory: it has then ended on a GPU too.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.core.errors import MissingExtraError
from suite.core.inputs import STRING, Input, Sizes
from suite.core.paths import OF_TENSORFLOW
from suite.export import converters
from suite.export.feeding import fed
from suite.machine.capacity import used

if TYPE_CHECKING:
    import keras

Call = Callable[[], object]
Asking = Callable[[], Sequence[Any]]  # a call that returns all answers

LOADED = {  # modules to import before a path can run; for Keras, the layers that a file may name
    "keras": "suite.architectures.layers",
    "litert": "ai_edge_litert",
    "litert-int8": "ai_edge_litert",
    "onnx": "onnxruntime",
    "openvino": "openvino",
}
EXTRAS = {"litert": "litert", "litert-int8": "litert", "onnx": "onnx", "openvino": "openvino"}
SILENT = 4  # severity of ONNX Runtime's own log: what it raises is enough
CUDA = "CUDAExecutionProvider"  # of ONNX Runtime, in its package onnxruntime-gpu


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """A network that is ready to run."""

    takes: tuple[Input, ...]
    sizes: Mapping[str, Sizes] = field(default_factory=dict)  # of those inputs whose size is free
    asks: Callable[[Mapping[str, np.ndarray]], Asking]  # takes an array for each input, returns a call on them
    gpu: bool  # whether it runs on a GPU

    def on(self, batch: int) -> Call:
        """Return a call on so many pictures; what they show does not matter."""
        return self.asks(fed(self.takes, self.sizes, batch))


def check(path: str) -> None:
    """Raise MissingExtraError when the library of `path` is not installed."""
    if path in EXTRAS and not find_spec(LOADED[path]):
        raise MissingExtraError(
            f"path {path} needs {LOADED[path]}: pip install 'keras-comparison-suite[{EXTRAS[path]}]'"
        )


def pin(threads: int, processors: Collection[int] = ()) -> None:
    """Give this process these processors, by default `threads` of its own, and each library as many threads.

    Call it before they compute: they count what they may use.
    """
    if hasattr(os, "sched_setaffinity"):  # not on macOS
        os.sched_setaffinity(0, processors or used(threads))
    os.environ["OMP_NUM_THREADS"] = str(threads)


def ready(path: str, threads: int) -> None:
    """Load the library of `path`, so that a cold start timed afterwards is only the network's."""
    if path in OF_TENSORFLOW:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.constant(0.0) + 1.0  # starts the runtime, and the GPU if there is one
    if path in LOADED:
        importlib.import_module(LOADED[path])


def held_of_gpu(path: str) -> int | None:
    """Return the most bytes of the first GPU's memory that TensorFlow held; None if another library runs `path`."""
    if path not in OF_TENSORFLOW:
        return None
    import tensorflow as tf

    return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])


def opened(path: str, artefact: Path, threads: int, sizes: Mapping[str, Sizes] | None = None) -> Runtime:
    """Load the `artefact` of `path` to run with this many threads; `sizes` are for those inputs whose size is free.

    Raises whatever the library of `path` raises.
    """
    return {
        "saved_model": _saved_model, "xla": _xla, "litert": _litert, "litert-int8": _litert, "onnx": _onnx,
        "openvino": _openvino, "keras": _keras,
    }[path](artefact, threads, sizes or {})  # fmt: skip


def _saved_model(artefact: Path, threads: int, sizes: Mapping[str, Sizes], *, compiled: bool = False) -> Runtime:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(artefact))
    function = loaded.signatures[converters.signature(loaded)]
    function.kept = loaded  # the function alone does not keep its weights
    takes = converters.inputs_of(function)
    asked = tf.function(lambda **given: function(**given), jit_compile=True) if compiled else function

    def asks(arrays: Mapping[str, np.ndarray]) -> Asking:
        given = {name: tf.constant(array) for name, array in arrays.items()}
        return lambda: _fetched(asked(**given))

    return Runtime(takes=takes, sizes=sizes, asks=asks, gpu=_has_gpu())


def _fetched(answers: Any) -> list[Any]:
    """Return all answers in the memory of the processor."""
    import tensorflow as tf

    return [one.numpy() for one in tf.nest.flatten(answers, expand_composites=True)]


def _xla(artefact: Path, threads: int, sizes: Mapping[str, Sizes]) -> Runtime:
    return _saved_model(artefact, threads, sizes, compiled=True)


def _keras(artefact: Path, threads: int, sizes: Mapping[str, Sizes]) -> Runtime:
    import tensorflow as tf
    from keras.saving import load_model

    # A process of ours wrote this file, of a model that the user trusts or that brings no code along.
    model = load_model(artefact, compile=False, safe_mode=False)
    takes = inputs_of(model)

    def asks(arrays: Mapping[str, np.ndarray]) -> Asking:
        given = arranged(model, list(map(tf.constant, arrays.values())))
        return lambda: _fetched(model(given, training=False))

    return Runtime(takes=takes, sizes=sizes, asks=asks, gpu=_has_gpu())


def inputs_of(model: keras.Model) -> tuple[Input, ...]:
    """Return the inputs of a model of Keras that has a graph."""
    return tuple(converters.described(one.name, one) for one in model.inputs)


def arranged(model: keras.Model, tensors: Sequence[Any]) -> Any:
    """Return `tensors`, one for each of `inputs_of`, in the structure in which a model of Keras takes them."""
    import keras

    if len(tensors) == 1 and (isinstance(model, keras.Sequential) or not model.inputs):
        return tensors[0]
    return keras.tree.pack_sequence_as(model.input, tensors)


def _has_gpu() -> bool:
    """Whether TensorFlow runs what it can on a GPU."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _litert(artefact: Path, threads: int, sizes: Mapping[str, Sizes]) -> Runtime:
    from ai_edge_litert.interpreter import Interpreter

    interpreter: Any = Interpreter(str(artefact), num_threads=threads)
    details = {one["name"]: one for one in interpreter.get_input_details()}
    takes = tuple(map(_input_of_litert, details.values()))
    gives = [one["index"] for one in interpreter.get_output_details()]

    def asks(arrays: Mapping[str, np.ndarray]) -> Asking:
        given = {details[name]["index"]: array for name, array in arrays.items()}
        for index, array in given.items():
            interpreter.resize_tensor_input(index, array.shape)
        interpreter.allocate_tensors()
        for index, array in given.items():
            interpreter.set_tensor(index, array)

        def call() -> list[Any]:
            interpreter.invoke()
            return [interpreter.get_tensor(index) for index in gives]

        return call

    return Runtime(takes=takes, sizes=sizes, asks=asks, gpu=False)


def _input_of_litert(detail: Mapping[str, Any]) -> Input:
    shape = tuple(None if size < 0 else int(size) for size in detail["shape_signature"])
    dtype = np.dtype(detail["dtype"])
    return Input(name=detail["name"], shape=shape, dtype=STRING if dtype.kind == "S" else dtype.name)


def _onnx(artefact: Path, threads: int, sizes: Mapping[str, Sizes]) -> Runtime:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = SILENT
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    providers = [one for one in (CUDA, "CPUExecutionProvider") if one in onnxruntime.get_available_providers()]
    session = onnxruntime.InferenceSession(artefact, options, providers=providers)
    takes = tuple(map(_input_of_onnx, session.get_inputs()))

    def asks(arrays: Mapping[str, np.ndarray]) -> Asking:
        return lambda: session.run(None, dict(arrays))

    on_gpu = CUDA in session.get_providers()  # false if CUDA's libraries do not load
    return Runtime(takes=takes, sizes=sizes, asks=asks, gpu=on_gpu)


def _input_of_onnx(one: Any) -> Input:
    """Return an input of ONNX, whose free axes have names."""
    kind = one.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in one.shape)
    return Input(name=one.name, shape=shape, dtype={"float": "float32", "double": "float64"}.get(kind, kind))


def _openvino(artefact: Path, threads: int, sizes: Mapping[str, Sizes]) -> Runtime:
    import openvino

    # Without the hint it computes in 16 bits where the processor can.
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
    model = openvino.Core().compile_model(artefact / converters.OPENVINO, "CPU", settings)
    takes = tuple(map(_input_of_openvino, model.inputs))

    def asks(arrays: Mapping[str, np.ndarray]) -> Asking:
        request = model.create_infer_request()
        request.set_input_tensors([openvino.Tensor(arrays[one.name]) for one in takes])

        def call() -> list[Any]:
            request.infer()
            return [one.data.copy() for one in request.output_tensors]

        return call

    return Runtime(takes=takes, sizes=sizes, asks=asks, gpu=False)


def _input_of_openvino(one: Any) -> Input:
    shape = tuple(None if size.is_dynamic else size.get_length() for size in one.get_partial_shape())
    dtype = STRING if one.get_element_type().get_type_name() == STRING else one.get_element_type().to_dtype().name
    return Input(name=one.get_any_name(), shape=shape, dtype=dtype)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a library's error says that memory ran out."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError" or any(
        said in words for said in ("out of memory", "failed to allocate", "bad_alloc", "oom when")
    )  # fmt: skip
