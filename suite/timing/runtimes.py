"""The runtimes of exported artefacts: TensorFlow, XLA, LiteRT, ONNX Runtime and Keras, each behind one call on a batch.

A call returns when its answer has reached the processor's memory: it has then ended on a GPU too.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.errors import MissingExtraError
from suite.core.paths import OF_TENSORFLOW
from suite.export.converters import signature
from suite.machine.capacity import used

Call = Callable[[], object]

GREY = 128.0  # value of every pixel: latency does not depend on it
LOADED = {  # modules to import before a path can run; for Keras, the layers that a file may name
    "keras": "suite.architectures.layers",
    "litert": "ai_edge_litert",
    "litert-int8": "ai_edge_litert",
    "onnx": "onnxruntime",
}
EXTRAS = {"litert": "litert", "litert-int8": "litert", "onnx": "onnx"}
CUDA = "CUDAExecutionProvider"  # of ONNX Runtime, in its package onnxruntime-gpu


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """A network that is ready to run."""

    on: Callable[[int], Call]  # takes a batch size, returns a call on that many pictures
    gpu: bool  # whether it runs on a GPU


def check(path: str) -> None:
    """Raise MissingExtraError when the library of `path` is not installed."""
    if path in EXTRAS and not find_spec(LOADED[path]):
        raise MissingExtraError(
            f"path {path} needs {LOADED[path]}: pip install 'keras-comparison-suite[{EXTRAS[path]}]'"
        )


def pin(threads: int) -> None:
    """Give this process `threads` of its processors, and each library as many threads. Call before importing them."""
    if hasattr(os, "sched_setaffinity"):  # not on macOS
        os.sched_setaffinity(0, used(threads))
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


def opened(path: str, artefact: Path, threads: int) -> Runtime:
    """Load the `artefact` of `path` to run with this many threads."""
    return {
        "saved_model": _saved_model, "xla": _xla, "litert": _litert, "litert-int8": _litert, "onnx": _onnx,
        "keras": _keras,
    }[path](artefact, threads)  # fmt: skip


def _saved_model(artefact: Path, threads: int, *, compiled: bool = False) -> Runtime:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(artefact))
    function = loaded.signatures[signature(loaded)]
    function.kept = loaded  # the function alone does not keep its weights
    ((name, takes),) = function.structured_input_signature[1].items()
    (answer,) = [key for key, made in function.structured_outputs.items() if made.dtype.is_floating][:1]
    asked = tf.function(lambda pixels: function(**{name: pixels})[answer], jit_compile=True) if compiled else None

    def on(batch: int) -> Call:
        pixels = tf.cast(tf.fill((batch, *takes.shape[1:]), GREY), takes.dtype)
        if asked:
            return lambda: asked(pixels).numpy()
        return lambda: function(**{name: pixels})[answer].numpy()

    return Runtime(on=on, gpu=_has_gpu())


def _xla(artefact: Path, threads: int) -> Runtime:
    return _saved_model(artefact, threads, compiled=True)


def _keras(artefact: Path, threads: int) -> Runtime:
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(artefact, compile=False)

    def on(batch: int) -> Call:
        pixels = tf.fill((batch, *model.input_shape[1:]), GREY)
        return lambda: model(pixels, training=False).numpy()

    return Runtime(on=on, gpu=_has_gpu())


def _has_gpu() -> bool:
    """Whether TensorFlow runs what it can on a GPU."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _litert(artefact: Path, threads: int) -> Runtime:
    from ai_edge_litert.interpreter import Interpreter

    interpreter: Any = Interpreter(str(artefact), num_threads=threads)
    (takes, *_), (gives, *_) = interpreter.get_input_details(), interpreter.get_output_details()

    def on(batch: int) -> Call:
        interpreter.resize_tensor_input(takes["index"], [batch, *takes["shape"][1:]])
        interpreter.allocate_tensors()
        interpreter.set_tensor(takes["index"], np.full((batch, *takes["shape"][1:]), GREY, takes["dtype"]))

        def call() -> object:
            interpreter.invoke()
            return interpreter.get_tensor(gives["index"])

        return call

    return Runtime(on=on, gpu=False)


def _onnx(artefact: Path, threads: int) -> Runtime:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    providers = [one for one in (CUDA, "CPUExecutionProvider") if one in onnxruntime.get_available_providers()]
    session = onnxruntime.InferenceSession(artefact, options, providers=providers)
    (takes,) = session.get_inputs()

    def on(batch: int) -> Call:
        pixels = np.full((batch, *takes.shape[1:]), GREY, np.float32)
        return lambda: session.run(None, {takes.name: pixels})

    return Runtime(on=on, gpu=CUDA in session.get_providers())  # false if CUDA's libraries do not load


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a library's error says that memory ran out."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError" or any(
        said in words for said in ("out of memory", "failed to allocate", "bad_alloc", "oom when")
    )  # fmt: skip


def said(error: BaseException) -> str:
    """Return a library's error on one line, short enough for a table."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
