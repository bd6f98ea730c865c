"""How good presets are on a folder of few pictures: the same network, the same epochs, test accuracy with its interval.

python benchmarks/presets.py PICTURES                            resnet/tiny from scratch, 20 epochs at 48 pixels
python benchmarks/presets.py PICTURES --network efficientnet/lite0 --weights imagenet --side 64 --epochs 5
python benchmarks/presets.py PICTURES small-data deit --seed 1   two of them, and another seed
python benchmarks/presets.py PICTURES small-data small-data:progressive=4 small-data:train_side=0.75,fixres=3 --side 96

Each is trained to its best epoch on the validation pictures, then judged once on the test pictures. `family` is
the recipe of the family, or the one that weights come with. `low` and `high` are the ends of Wilson's interval
at 95 %: with few test pictures, presets whose intervals overlap are not told apart. Seconds are of the whole training.
"""

from __future__ import annotations

import argparse
import time
import tomllib
from typing import Any

from suite.machine.quiet import load_tensorflow

load_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from suite import datasets, studyfile  # noqa: E402
from suite.architectures import candidate  # noqa: E402
from suite.architectures.layers import deployed  # noqa: E402
from suite.core.errors import SuiteError  # noqa: E402
from suite.core.presets import FAMILY, PRESETS  # noqa: E402
from suite.core.recipe import SCRATCH  # noqa: E402
from suite.core.study import Study  # noqa: E402
from suite.core.task import Shape, Task  # noqa: E402
from suite.datasets import Dataset  # noqa: E402
from suite.statistics.intervals import wilson  # noqa: E402
from suite.training import loop  # noqa: E402


def study(arguments: argparse.Namespace, row: str) -> Study:
    """Return the study of one network by one preset, with the fields that follow its name."""
    side = arguments.side
    preset, _, changes = row.partition(":")
    fields = tomllib.loads(changes.replace(",", "\n"))
    document: dict[str, Any] = {
        "name": "presets",
        "architecture": arguments.network,
        "dataset": arguments.pictures,
        "weights": arguments.weights,
        "image": [side, side, 3],
        "recipe": {"preset": preset, **fields},
        "objectives": [{"measure": "accuracy", "goal": "max"}],
        "budget": {"trials": 1},
        "fidelity": {"epochs": arguments.epochs},
    }
    return candidate.bound(studyfile.parse(document, "presets"), "presets")


def trained(wanted: Study, data: Dataset, seed: int) -> tuple[keras.Model, loop.Training]:
    """Train the network of a study."""
    scratch = wanted.modes == (SCRATCH,)

    def build(image: Shape, share: float = 1.0) -> keras.Model:
        task = Task(height=image[0], width=image[1], channels=image[2], classes=data.task.classes)
        made = candidate.network(wanted, {}, task, dropout_share=share)
        return made if scratch else deployed(made)

    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    model = candidate.given(wanted, {}, build(data.task.image))
    recipe, epochs = candidate.recipe(wanted, {}), wanted.fidelity.epochs
    return model, loop.train(model, recipe, data, epochs=epochs, seed=seed, build=build)


def right(model: keras.Model, data: Dataset) -> tuple[int, int]:
    """Return how many test pictures are named right, and how many there are."""
    hits = [np.argmax(model.predict_on_batch(images), axis=-1) == labels for images, labels in data.test()]
    told = np.concatenate(hits)
    return int(told.sum()), len(told)


def main() -> None:
    """Train the network by each preset, and print a row for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", help="a folder with one folder for each class, or another dataset of a study")
    parser.add_argument("presets", nargs="*", default=[FAMILY, *PRESETS], metavar="PRESET[:FIELD=VALUE,...]")
    parser.add_argument("--network", default="resnet/tiny")
    parser.add_argument("--weights", default="none")
    parser.add_argument("--side", type=int, default=48, help="pixels")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    whole = datasets.load(asked.pictures, (asked.side, asked.side, 3))
    print(f"{whole.sizes['train']:,} pictures to learn from; to beat: {whole.baseline[0]:.1f} %, the largest class")
    print(f"{'preset':44}{'validation %':>14}{'test %':>8}{'low':>6}{'high':>6}{'epoch':>7}{'seconds':>9}")
    for row in asked.presets:
        wanted = study(asked, row)
        data = whole.seen((asked.side, asked.side, 3), candidate.preprocessing(wanted, {}))
        began = time.perf_counter()
        try:
            model, found = trained(wanted, data, asked.seed)
        except (SuiteError, ArithmeticError) as error:  # such as pictures that are too small in its first stage
            print(f"{row:44} {error}", flush=True)
            continue
        took = time.perf_counter() - began
        hits, count = right(model, data)
        low, high = wilson(hits / count, count)
        best = max(found.curve, key=lambda one: (one["val_accuracy"], -one["val_loss"]))["epoch"]
        print(
            f"{row:44}{found.measures['accuracy']:>14.1f}{100 * hits / count:>8.1f}{100 * low:>6.0f}"
            f"{100 * high:>6.0f}{best:>7}{took:>9.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
