"""Seconds until the command line has answered, until Keras is loaded, and until a process of it has ended: in turns.

python benchmarks/startup.py [TURNS]

Its helpers answer once, from a module that needs Keras: here this file itself.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from suite.machine import helper

FITTED = """
import numpy as np
model = keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3))
model.compile("sgd", "mse")
model.fit(np.zeros((4, 96, 96, 3)), np.zeros((4, 1000)), verbose=0)
import time
print(time.time())
"""
PLAIN = "import keras" + FITTED
OURS = "from suite.machine.quiet import load_tensorflow; load_tensorflow(); " + PLAIN
LIGHTLY = "from suite.machine.helper import start_lightly; start_lightly(); import keras"
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "suite --help": [sys.executable, "-m", "suite", "--help"],
    "suite list": [sys.executable, "-m", "suite", "list"],
    "import keras": [sys.executable, "-c", "import keras"],
    "the same in the suite": [sys.executable, "-c", LIGHTLY],
}
ENDING, SOONER = "the end of a training", "its end in the suite"
COLD, WARM = "a helper, started", "a helper, forked"
BESIDE = {  # others: beside an empty Python
    "the same in the suite": "import keras",
    COLD: "import keras",
    WARM: COLD,
    SOONER: ENDING,
}


def seconds(command: list[str]) -> float:
    """Return how long a command takes."""
    began = time.perf_counter()
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began


def ended(code: str) -> float:
    """Return how long a process takes to end after it has printed the time."""
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return time.time() - float(said.split()[-1])


def answered(*, cold: bool) -> float:
    """Return how long a helper takes to answer."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        if cold:
            pipe = subprocess.PIPE
            process = subprocess.Popen(helper.command("startup"), stdin=pipe, stdout=pipe, stderr=errors, text=True)
        else:
            process = helper.start("startup", errors=errors)
        with process:
            assert process.stdout.readline() == "3.0\n", errors.seek(0) or errors.read()
            took = time.perf_counter() - began
            process.kill()
    return took


def main() -> None:
    """Run all commands in turns, and print medians and ratios; in a helper, answer."""
    if sys.argv[0] == "startup":
        import keras

        print(float(keras.ops.sum(keras.ops.ones(3))), flush=True)
        return
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    answered(cold=False)  # the warm process is loaded once, by the first
    taken: dict[str, list[float]] = {name: [] for name in (*COMMANDS, COLD, WARM, ENDING, SOONER)}
    for _ in range(int(sys.argv[1]) if sys.argv[1:] else 10):
        for name, command in COMMANDS.items():
            taken[name].append(seconds(command))
        for name in (COLD, WARM):
            taken[name].append(answered(cold=name == COLD))
        taken[ENDING].append(ended(PLAIN))
        taken[SOONER].append(ended(OURS))
    for name, times in taken.items():
        other = BESIDE.get(name, "python -c pass")
        ratio = statistics.median(mine / theirs for mine, theirs in zip(times, taken[other], strict=True))
        print(f"{name:22} {statistics.median(times):6.3f} s   {ratio:6.2f} times `{other}`")


if __name__ == "__main__":
    main()
