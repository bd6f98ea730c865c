"""A study of short trials, beside a plain loop of `model.fit` over the same configurations.

    python benchmarks/trials.py                       20 trials of the quickstart's ResNet
    python benchmarks/trials.py studies/quickstart/mobilenet.toml --trials 10 --set fidelity.epochs=4

`suite run` searches first, once for each number of workers. The plain side is the script that a user would write: it
builds, compiles and fits each of the configurations that were trained, one after the other in one process, with Keras'
own accuracy on the validation pictures. It measures no latency and keeps no network. Both sides are whole processes,
with the start of Python and the imports. Beside the seconds stand those of the processors, of all processes together:
other work of the machine changes them less.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite import pipeline
from suite.search import folder

STUDY = Path(__file__).parents[1] / "studies" / "quickstart" / "resnet.toml"
PLAIN = "--plain"  # with a file of configurations: run the plain side in this process


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, nargs="?", default=STUDY)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--set", dest="overrides", nargs="*", default=[], help="settings of the study, KEY=VALUE")
    parser.add_argument("--workers", type=int, nargs="*", help="numbers of workers to try; without it, the default")
    parser.add_argument(PLAIN, type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    overrides = [*chosen.overrides, f"budget.trials={chosen.trials}"]
    if chosen.plain:
        fitted(chosen.study, overrides, json.loads(chosen.plain.read_text()))
        return
    with tempfile.TemporaryDirectory() as home:
        compared(chosen.study, overrides, chosen.workers or [None], Path(home))


def compared(study: Path, overrides: Sequence[str], workers: Sequence[int | None], home: Path) -> None:
    """Print the seconds of each number of workers beside those of the plain loop over what the same study trained."""
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for count in workers:
        root = home / f"runs-{count}"
        asked = [] if count is None else ["--workers", str(count)]
        ours = seconds(["-m", "suite", "run", str(study), "--runs", str(root), *asked, "--set", *overrides])
        trained = _trained(root / pipeline.study(study, overrides).name)
        file = home / "configurations.json"
        file.write_text(json.dumps(trained))
        plain = seconds([__file__, str(study), PLAIN, str(file), "--set", *overrides])
        print(
            f"{len(trained)} trials   plain {plain[0]:6.1f} s ({plain[1]:.1f} of a processor)   suite, "
            f"{count or 'default'} workers {ours[0]:6.1f} s ({ours[1]:.1f})   ratio {ours[0] / plain[0]:.2f}",
            flush=True,
        )


def seconds(arguments: Sequence[str]) -> tuple[float, float]:
    """Return the seconds of a Python with these arguments, and those of the processors for it and its children."""
    began, used = time.perf_counter(), _used()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began, _used() - used


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _trained(run: Path) -> list[dict[str, Any]]:
    """Return the configurations that a run has trained."""
    return [dict(trial.configuration) for trial in folder.read(run).trials if trial.state == "complete"]


def fitted(study: Path, overrides: Sequence[str], configurations: Sequence[dict[str, Any]]) -> None:
    """Build, compile and fit a network for each configuration, as a script would."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from suite import datasets
    from suite.architectures import candidate
    from suite.training import optimizers
    from suite.training.schedules import schedule

    wanted = pipeline.study(study, overrides)
    data = datasets.load(wanted.dataset, wanted.any_image)
    for configuration in configurations:
        recipe = candidate.recipe(wanted, configuration)
        batches = data.train(batch_size=recipe.batch_size, seed=wanted.seed, augmentation=recipe.augmentation)
        steps = wanted.fidelity.epochs * len(batches)
        model = candidate.network(wanted, configuration, data.task)
        model.compile(
            optimizers.optimizer(recipe, schedule(recipe, steps)),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        model.fit(batches, validation_data=data.validation(), epochs=wanted.fidelity.epochs, verbose=0, shuffle=False)
        keras.utils.clear_session()


if __name__ == "__main__":
    main()
