"""LiteRT and ONNX Runtime on their GPU delegates, where there are some, beside the same files on the processor.

    python benchmarks/delegates.py                          four networks, every delegate that is here
    python benchmarks/delegates.py --network resnet/18 -o delegates.md
    python benchmarks/delegates.py --rehearse               the processor in place of a delegate

LiteRT's delegate is that of `ai_edge_litert.compiled_model` (WebGPU, OpenCL or Metal, as the package has it). Those of
ONNX Runtime are the providers of the installed package: `onnxruntime-gpu` has CUDA and TensorRT. Each file takes
one picture of the network's own size. Each delegate has a process of its own, as one may end it. `there` says whether
all operations run on the delegate, as far as its library tells; `difference` is the greatest of a probability from the
processor's answer; `ms` is the median of the calls, with the way of the picture there and of the answer back.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from suite.core.errors import first_line

NETWORKS = ("mobilenet_v2/1.0", "efficientnet/lite0", "resnet/50", "vit/s-16")
FEW = ("mobilenet/tiny",)  # of a rehearsal
CALLS, WARM = 50, 5
ON_PROCESSOR = ("CPUExecutionProvider", "AzureExecutionProvider")  # providers that are no delegates for a GPU
COLUMNS = ("network", "runtime", "delegate", "there", "difference", "ms", "ms on the processor")

Answer = np.ndarray
Timed = tuple[Answer, float, str]  # the answer to a picture, ms of a call, whether all runs there


def main() -> None:
    chosen = _arguments()
    networks = chosen.network or (FEW if chosen.rehearse else NETWORKS)
    rows = [row for network in networks for row in _rows(network, chosen.rehearse)]
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---|---|---|---:|---:|---:|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    text = "\n".join(lines if rows else ["No GPU delegate of LiteRT or ONNX Runtime is here."]) + "\n"
    print(text, end="")
    if chosen.output:
        chosen.output.write_text(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", nargs="+", metavar="NAME", help=f"by default {', '.join(NETWORKS)}")
    parser.add_argument("--rehearse", action="store_true", help="the processor in place of a delegate")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="the table, in Markdown")
    return parser.parse_args()


def _rows(network: str, rehearse: bool) -> Iterator[tuple[Any, ...]]:
    """Yield a row for each delegate of each runtime."""
    with TemporaryDirectory(prefix="suite-") as folder:
        files, error = _elsewhere(written, network, Path(folder))
        if error:
            yield (network, "", "", f"not written: {error}", "", "", "")
            return
        for runtime, file in files.items():
            plain, error = _elsewhere(timed, runtime, "", file)
            for delegate in delegates(runtime, rehearse):
                if not error:
                    found, wrong = _elsewhere(timed, runtime, delegate, file)
                if error or wrong:
                    yield (network, runtime, delegate, f"failed: {error or wrong}", "", "", "")
                    continue
                difference = float(np.abs(found[0] - plain[0]).max())
                yield (network, runtime, delegate, found[2], f"{difference:.1e}", f"{found[1]:.3g}", f"{plain[1]:.3g}")


def _elsewhere(step: Callable[..., Any], *given: Any) -> tuple[Any, str]:
    """Return what a step returns in a process of its own, and why it returned nothing."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        try:
            return process.submit(step, *given).result(), ""
        except BrokenProcessPool:
            return None, "its process crashed"
        except Exception as error:  # of a library, its driver, or a converter
            return None, first_line(error) or type(error).__name__


def written(network: str, folder: Path) -> dict[str, Path]:
    """Write a network of the catalogue for both runtimes, for one picture; return the files."""
    import tensorflow as tf

    from suite import architectures
    from suite.core.task import Task
    from suite.export import converters, saved_model

    side = architectures.resolution(network)
    model = architectures.build(network, Task(height=side, width=side, channels=3, classes=1000))
    ask, (takes,) = saved_model.signatures(model, [str(number) for number in range(1000)])["pixels"]
    one = tf.TensorSpec((1, *takes.shape[1:]), takes.dtype, takes.name)  # delegates want to know all sizes
    saved_model.save(model, {"pixels": (ask, [one])}, str(folder / "saved"))
    return {path: converters.converted(folder / "saved", path, folder) for path in ("litert", "onnx")}


def delegates(runtime: str, rehearse: bool) -> list[str]:
    """Return the names of the delegates of a runtime; in a rehearsal the processor."""
    if rehearse:
        return ["CPU"] if runtime == "litert" else ["CPUExecutionProvider"]
    if runtime == "litert":
        return ["GPU"]  # whether it can be used is found by trying
    import onnxruntime

    return [one for one in onnxruntime.get_available_providers() if one not in ON_PROCESSOR]


def timed(runtime: str, delegate: str, file: Path) -> Timed:
    """Return what a file answers on a delegate, on the processor if none is named, and how long a call takes."""
    call, there = {"litert": _litert, "onnx": _onnx}[runtime](file, delegate)
    for _ in range(WARM):
        answer = call()
    took = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        took.append(1e3 * (time.perf_counter() - began))
    return answer, statistics.median(took), there


def _picture(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


def _litert(file: Path, delegate: str) -> tuple[Callable[[], Answer], str]:
    """Return a call of a file of LiteRT on its interpreter, or on a delegate of its compiled models."""
    if not delegate:
        from ai_edge_litert.interpreter import Interpreter

        plain: Any = Interpreter(str(file))
        plain.allocate_tensors()
        (takes,), (gives,) = plain.get_input_details(), plain.get_output_details()
        plain.set_tensor(takes["index"], _picture(tuple(takes["shape"])))

        def interpreted() -> Answer:
            plain.invoke()
            return np.array(plain.get_tensor(gives["index"]))

        return interpreted, ""
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator

    wanted = HardwareAccelerator[delegate]
    model = CompiledModel.from_file(str(file), hardware_accel=wanted | HardwareAccelerator.CPU)  # for what it lacks
    (name,) = model.get_signature_list()
    (takes,), (gives,) = (
        list(kind(name).values()) for kind in (model.get_input_tensor_details, model.get_output_tensor_details)
    )
    picture, size = _picture(tuple(takes["shape"])), int(np.prod(gives["shape"]))
    given, answered = model.create_input_buffers(0), model.create_output_buffers(0)

    def call() -> Answer:
        given[0].write(picture)
        model.run_by_index(0, given, answered)
        return np.array(answered[0].read(size, np.float32)).reshape(gives["shape"])

    return call, "all" if model.is_fully_accelerated() else "a part"


def _onnx(file: Path, delegate: str) -> tuple[Callable[[], Answer], str]:
    """Return a call of a file of ONNX on a provider; what that lacks runs on the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    providers = [*([delegate] if delegate else []), "CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(file, options, providers=list(dict.fromkeys(providers)))
    if delegate and delegate not in session.get_providers():
        raise OSError(f"{delegate} cannot be loaded: its libraries are missing")
    (takes,) = session.get_inputs()
    picture = _picture(tuple(takes.shape))
    return lambda: session.run(None, {takes.name: picture})[0], "unknown" if delegate else ""


if __name__ == "__main__":
    main()
