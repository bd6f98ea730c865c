"""Whether `suite measure` says what a stopwatch says that shares nothing with it: LiteRT and ONNX Runtime, one thread.

    python benchmarks/stopwatch.py [NETWORK]

The network is written once for each; the stopwatch is a loop of 400 calls on random pictures, after 50 to warm up.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from suite import architectures
from suite.benchmark import building, campaign
from suite.benchmark.settings import Settings

SETTINGS = Settings(threads=1, seconds=15, paths=("litert", "onnx"))


def main() -> None:
    if len(sys.argv) == 4:  # in a process of its own
        path, file, size = sys.argv[1:]
        print(stopwatch(path, file, int(size)))
        return
    network = sys.argv[1] if len(sys.argv) > 1 else "mobilenet_v2/1.0"
    side = str(architectures.resolution(network))
    with tempfile.TemporaryDirectory() as folder:
        files = building.made(network, SETTINGS, SETTINGS.paths, folder)["artefacts"]
        for path in SETTINGS.paths:
            (cell,) = campaign.measure([network], replace(SETTINGS, paths=(path,)), Path(folder) / f"{path}.csv")
            asked = [sys.executable, __file__, path, files[path]["file"], side]
            by_hand = float(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
            print(f"{network}, {path}: stopwatch {by_hand:.2f} ms, suite measure {cell.said}")


def stopwatch(path: str, file: str, side: int) -> float:
    """Return the median milliseconds of a call."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    call = {"onnx": onnx, "litert": litert}[path](file, 255 * np.random.rand(1, side, side, 3).astype("float32"))
    times = []
    for _ in range(450):
        began = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - began) / 1e6)
    return statistics.median(times[50:])


def onnx(file: str, pixels: Any) -> Callable[[], Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {session.get_inputs()[0].name: pixels})


def litert(file: str, pixels: Any) -> Callable[[], Any]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=file, num_threads=1)
    interpreter.allocate_tensors()
    takes, gives = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def call() -> Any:
        interpreter.set_tensor(takes, pixels)
        interpreter.invoke()
        return interpreter.get_tensor(gives)

    return call


if __name__ == "__main__":
    main()
