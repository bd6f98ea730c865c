"""Count ResNet-152 with and without memory for its weights: seconds, and megabytes over the idle process.

    python benchmarks/counting.py

Each side runs in a process of its own, after Keras is imported: the first imports must not be counted, and memory that
was given back must not hide what the other side needs.
"""

from __future__ import annotations

import json
import subprocess
import sys

SIDES = ("weightless", "allocated")
LIMITS = {"seconds": 3.0, "MB": 200.0}  # of the weightless side


def measured(side: str) -> dict[str, float]:
    """Return what counting costs on one side, in this process."""
    import time

    import keras

    from suite import architectures
    from suite.core.task import Task
    from suite.counting.complexity import complexity, weightless

    family, config = architectures.family("resnet"), architectures.config("resnet/152")
    task = Task(height=224, width=224, channels=3, classes=1000)
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])  # starts TensorFlow itself
    before, start = peak(), time.perf_counter()
    network = weightless(lambda: family.build(config, task)) if side == "weightless" else family.build(config, task)
    counts = complexity(network)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "MB": peak() - before, "parameters": counts.parameters, "macs": counts.macs}


def peak() -> float:
    """Return the largest memory that this process has held, MB."""
    import resource

    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> int:
    """Print both sides and their ratio; return 1 when the weightless side passes a limit."""
    rows = {}
    for side in SIDES:
        child = [sys.executable, __file__, side]
        output = subprocess.run(child, check=True, capture_output=True, text=True)
        rows[side] = json.loads(output.stdout.splitlines()[-1])
    print(f"{'ResNet-152':12} {'seconds':>9} {'MB':>9} {'parameters':>12} {'multiply-adds':>16}")
    for side, row in rows.items():
        print(f"{side:12} {row['seconds']:9.2f} {row['MB']:9.1f} {row['parameters']:12,} {row['macs']:16,}")
    ratios = {key: rows["allocated"][key] / max(rows["weightless"][key], 1e-3) for key in LIMITS}
    print(f"{'ratio':12} {ratios['seconds']:9.2f} {ratios['MB']:9.1f}")
    return int(any(rows["weightless"][key] > limit for key, limit in LIMITS.items()))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measured(sys.argv[1])))
    else:
        sys.exit(main())
