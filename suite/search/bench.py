"""The bench of a study: it writes each candidate as it would be deployed, and times it in the runtime of its path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import keras
import tensorflow as tf

from suite.architectures.layers import deployed
from suite.core.errors import StudyError, SuiteError
from suite.core.paths import OF_TENSORFLOW, narrowed
from suite.core.preprocessing import PLAIN, Preprocessing
from suite.core.study import Latency
from suite.counting.complexity import touched_bytes
from suite.export import converters, saved_model
from suite.machine.quiet import silenced
from suite.timing import sensors, slopes
from suite.timing.following import Prior
from suite.timing.order import Order
from suite.timing.readings import READINGS
from suite.timing.timer import GoneError, Timer, onednn

TOLD = 19.0  # most that candidates tell of each other's slope: it is then known to 0.2, as they differ
CROWDED = 20.0  # percent of its processors that others may take from a timing which later ones add to
LONGEST = 600.0  # seconds: a candidate cannot be timed if ten blocks of calls would take longer


@dataclass(frozen=True)
class _Written:
    """A network that is written for its path."""

    artefact: Path
    touches: int  # bytes of weights and activations of the network


class Bench:
    """Times the candidates of one study; a context manager."""

    def __init__(self, wanted: Latency, classes: Sequence[str], timer: Timer, measures: Sequence[str] = ()) -> None:
        """Prepare to time as `wanted` says, with a `timer` for its path and number of threads.

        Also reads those `measures` that need a run of the network. Raises StudyError when this device cannot read one.
        """
        self._wanted, self._classes, self._timer = wanted, classes, timer
        self._readings = tuple(name for name in READINGS if name in (*measures, "file_size"))
        _require(self._readings, wanted.path)
        self._stack = ExitStack()
        self._kept: dict[str, _Written] = {}  # networks that are timed again, by name
        self._blocks: dict[str, list[dict[str, Any]]] = {}  # what timings have shown so far, by name
        # What timings have shown of how candidates follow the references: by what was supposed of them, and by name.
        self._slopes: defaultdict[Prior, slopes.Sums] = defaultdict(dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def surroundings(self) -> dict[str, str]:
        """How candidates are timed here; latencies timed in different ways are not compared."""
        return {
            "latency_path": self._wanted.path,
            "latency_batch": str(self._wanted.batch),
            "latency_threads": str(self._timer.threads),
            "latency_onednn": onednn(),
        }

    def time(
        self, model: keras.Model, preprocessing: Preprocessing = PLAIN, name: str = ""
    ) -> tuple[dict[str, float], dict[str, str]]:
        """Return the latency of a network that ends in logits, as measures, and how it was timed.

        By its `name` it may be timed again. Raises SuiteError when the network cannot be written for its path, or
        cannot run there.
        """
        self._timer.start()  # if it has not begun, it loads its libraries meanwhile
        with TemporaryDirectory(prefix="suite-") as folder:
            return self._answered(self._written(model, preprocessing, Path(folder)), name)

    def time_file(self, artefact: Path, model: keras.Model) -> tuple[dict[str, float], dict[str, str]]:
        """Return the same of a file of `model` that runs on the path already. Raises SuiteError if it cannot run."""
        return self._answered(_Written(artefact, touched_bytes(model, self._wanted.batch)))

    def time_again(
        self, name: str, build: Callable[[], keras.Model], preprocessing: Preprocessing = PLAIN
    ) -> tuple[dict[str, float], dict[str, str]]:
        """Return the latency of the network `name`, from this and all earlier timings under that name.

        The first timing again builds and writes the network. After some timings another process goes on, as two differ
        a little. Raises SuiteError as `time` does.
        """
        if name not in self._kept:
            folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="suite-")))
            self._kept[name] = self._written(build(), preprocessing, folder, sized=False)
        self._timer.renew()
        answer = self._told(self._kept[name], name, self._blocks.get(name, ()))
        return answer["measures"], _origin(answer)

    def _written(
        self, model: keras.Model, preprocessing: Preprocessing, folder: Path, *, sized: bool = True
    ) -> _Written:
        """Write a network for its path. What TensorFlow itself runs lacks its saver where its size is not asked for."""
        saved, network = folder / "saved_model", deployed(model)
        saver = sized or self._wanted.path not in OF_TENSORFLOW
        with silenced():  # converters print freely
            saved_model.write(
                network, self._classes, str(saved), only=("pixels",), preprocessing=preprocessing, saver=saver
            )
            artefact = converters.converted(saved, self._wanted.path, folder, network)
        return _Written(artefact, touched_bytes(network, self._wanted.batch))

    def _answered(self, written: _Written, name: str = "") -> tuple[dict[str, float], dict[str, str]]:
        if "peak_memory" in self._readings:
            self._timer.close()  # a new process: memory that earlier candidates freed would be reused, uncounted
        answer = self._told(written, name or str(sum(map(len, self._slopes.values()))), readings=self._readings)
        return answer["measures"], _origin(answer)

    def _told(
        self, written: _Written, name: str, before: Sequence[dict[str, Any]] = (), readings: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return what the timer answers of a network, of which `before` is known. Raises SuiteError if it cannot run.

        A timing among other processes is not kept: the next one replaces it.
        """
        wanted, batch = self._wanted, str(self._wanted.batch)
        order = Order(
            artefact=str(written.artefact), batches=(wanted.batch,), seconds=wanted.seconds, longest=LONGEST,
            touches={batch: narrowed(wanted.path, written.touches)}, before={batch: before}, readings=tuple(readings),
        )  # fmt: skip
        alike = self._slopes[order.prior(wanted.batch)]
        try:
            (answer,) = self._timer.ask(replace(order, slopes={batch: _told_by_others(alike, name)}))
        except GoneError as gone:
            raise SuiteError(f"latency on path {wanted.path}: {gone.said('it was timed')}") from gone
        if "measures" not in answer:
            said = next(answer[key] for key in ("no_memory", "too_slow", "failed") if key in answer)
            raise SuiteError(f"latency on path {wanted.path}: {said}")
        if answer["others"] <= CROWDED:
            alike[name] = answer["slope"]
            self._blocks[name] = [*before, *answer["timed"]]
        return answer


def _told_by_others(alike: slopes.Sums, name: str) -> tuple[float, float]:
    """Return what other candidates tell of how this one follows the references: its own blocks tell the rest."""
    others = (seen for other, seen in alike.items() if other != name)
    return reduce(lambda before, more: slopes.together(before, more, TOLD), others, (0.0, 0.0))


def _origin(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return when a latency was timed, its references and how it follows them, and what else ran meanwhile."""
    known = {f"latency_{key}": answer[key] for key in ("reference", "rest", "follows", "others", "steal")}
    said = {key: value if isinstance(value, str) else f"{value:.6g}" for key, value in known.items() if value}
    return {"latency_timed": datetime.now(UTC).isoformat(timespec="milliseconds")} | said


def _require(readings: Sequence[str], path: str) -> None:
    """Raise StudyError when this device cannot take one of the `readings`."""
    gpu = path in OF_TENSORFLOW and bool(tf.config.list_physical_devices("GPU"))
    if "energy" in readings and not sensors.counts_energy(gpu=gpu):
        raise StudyError(
            "energy: this device has no counter, or this process may not read it (/sys/class/powercap for a processor, "
            "NVML for a GPU). Remove energy from the objectives and constraints, or run as a user who may read it."
        )
