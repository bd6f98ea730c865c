"""The candidates of a run in another format: each is converted, judged and timed on its own runtime, once.

runs/resnet/formats/litert/7.json         what was found of trial 7 as LiteRT, by where it was timed
runs/resnet/formats/litert/answers/7.npz  what it answers about the validation pictures, as LiteRT
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import keras
import numpy as np

from suite import datasets
from suite.architectures import candidate
from suite.core import answers, files, seen
from suite.core.errors import DatasetError, StoreError, SuiteError, first_line
from suite.core.measures import MEASURES, formatted
from suite.core.study import is_own
from suite.core.trial import Run, Trial, place
from suite.datasets import Dataset
from suite.export import agreement, saved_model, verdict
from suite.export.formats import FORMATS
from suite.export.recast import JUDGED, Recast
from suite.machine.progress import watched
from suite.machine.quiet import silenced
from suite.machine.surroundings import surroundings, version_of
from suite.search import record, same_pictures, trained
from suite.search.bench import Bench
from suite.search.pace import served
from suite.search.space import network
from suite.timing.timer import Timer
from suite.timing.trying import OwnRuntimes
from suite.training import answering
from suite.training.scores import scores

LEAST = np.finfo(np.float32).tiny  # of a probability whose logarithm is taken

Timed = tuple[dict[str, float], dict[str, str]]  # measures, and how they were taken
Told = Callable[[str], object]  # takes a line of each candidate that was converted


def candidates(run: Run, trials: Sequence[Trial], name: str, told: Told) -> Run:
    """Return some complete `trials` of a run as they are in the format `name`, in a run of their own.

    Their accuracies, losses, sizes and timings are those of the format; the folder holds their answers. One that cannot
    be converted has failed, with the reason. What was found before in the same place is not measured again. Raises
    DatasetError when the pictures have changed since, and StoreError when the folder cannot be read or written.
    """
    with _Converter(run, name) as converter:
        found = [converter.found(trial, told) for trial in watched(trials, len(trials), f"converting to {name}")]
    study = replace(run.study, latency=replace(run.study.latency, path=name))
    return Run(folder=converter.home, study=study, trials=tuple(found), in_format=name)


def folder(run: Run, name: str) -> Path:
    """Return where what is found of a format is kept in the folder of a run."""
    return run.folder / "formats" / name


class _Converter:
    """Converts the candidates of one run to one format; a context manager."""

    def __init__(self, run: Run, name: str) -> None:
        self._run, self._study, self._name = run, run.study, name
        self.home = folder(run, name)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def found(self, trial: Trial, told: Told) -> Trial:
        """Return a trial as it is in the format, and tell of it if nobody knew."""
        file, place = self.home / f"{trial.number}.json", self._place(trial)
        known = _read(file)
        before = _as_found(trial, known.get(place))
        if before is not None:
            return before
        try:
            known[place] = self._made(trial, place)
        except (DatasetError, StoreError):  # of the run, not of this network
            raise
        except Exception as error:  # of a converter, a runtime, or a layer
            reason = str(error) if isinstance(error, SuiteError) else first_line(error) or type(error).__name__
            told(f"{self._run.name}/{trial.number} is no candidate as {self._name}: {reason}.")
            return trial.failed(reason)
        finally:
            keras.utils.clear_session()
        _write(file, known)
        told(f"{self._run.name}/{trial.number} as {self._name}: {_said(known[place])}.")
        return replace(trial, **known[place])

    def _place(self, trial: Trial) -> str:
        """Return where, how and by which version of its runtime a trial is timed here."""
        version = version_of(FORMATS[self._name].packages[0])
        return f"{place({**surroundings(), **self._timing(trial)})}, {version}"

    def _timing(self, trial: Trial) -> dict[str, str]:
        precision = served(self._study, candidate.recipe(self._study, trial.configuration))
        return {**self._bench.surroundings, "latency_precision": precision}

    def _made(self, trial: Trial, place: str) -> dict[str, Any]:
        """Return measures, surroundings and reason of a trial in the format. Its answers are kept then."""
        data = self._shown(trial)
        model = trained.as_deployed(trained.network(self._run.folder, trial.number), trial, self._study)
        pixels, labels = data.framed("validation", JUDGED)
        wanted = agreement.probabilities(model, pixels, data.preprocessing)
        with TemporaryDirectory(prefix="suite-") as work:
            saved = Path(work) / "model"
            with silenced():
                saved_model.write(model, data.classes, str(saved), ("pixels",), data.background, data.preprocessing)
            runtimes = OwnRuntimes(threads=self._timer.threads, sources=tuple(filter(is_own, self._study.sources)))
            recast = Recast(model=model, data=data, saved=saved, pixels=pixels, wanted=wanted, runtimes=runtimes)
            file, said = recast.asked(self._name)
            timed, origin = self._same(trial, place) or self._bench.time_file(file, model)
        logits = np.log(np.maximum(said, LEAST))
        answers.write(answering.of(logits.astype(np.float64), labels), answers.place(self.home, trial.number))
        counted = {name: value for name, value in trial.measures.items() if MEASURES[name].known == "built"}
        before = {name: text for name, text in trial.surroundings.items() if not name.startswith("latency_")}
        return {
            "measures": {**counted, **scores(logits, labels), **timed},
            "surroundings": {**before, **surroundings(), **self._timing(trial), **origin},
            "reason": _lost(verdict.accuracies(said, wanted, labels)),
        }

    def _same(self, trial: Trial, place: str) -> Timed | None:
        """Return the timing of another trial of the same network: two that differ by noise would make it two."""
        for other in self._run.trials:
            if network(other.configuration) == network(trial.configuration):
                known = _as_found(other, _read(self.home / f"{other.number}.json").get(place))
                if known:
                    timed = {name: one for name, one in known.measures.items() if MEASURES[name].known == "measured"}
                    return timed, {name: one for name, one in known.surroundings.items() if name.startswith("latency_")}
        return None

    def _shown(self, trial: Trial) -> Dataset:
        """Return the pictures as the network of a trial sees them."""
        image = candidate.shape(self._study, trial.configuration, self._data.task.image)
        return self._data.seen(image, seen.preprocessing(trial))

    @cached_property
    def _data(self) -> Dataset:
        data = datasets.load(self._study.dataset, candidate.any_image(self._study), self._study.preparation)
        way_out = f"They cannot judge its networks as {self._name}: bring back the old ones."
        same_pictures.require(self._study, self._run.trials, data, way_out)
        return data

    @cached_property
    def _timer(self) -> Timer:
        wanted = replace(self._study.latency, path=self._name)
        return self._stack.enter_context(Timer.of(wanted, self._study.measures))

    @cached_property
    def _bench(self) -> Bench:
        wanted = replace(self._study.latency, path=self._name)
        return self._stack.enter_context(Bench(wanted, (), self._timer, self._study.measures))


def _read(file: Path) -> dict[str, Any]:
    """Return what was found of a trial, by place; nothing if nobody has looked, or the file is damaged."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except files.UNREADABLE:
        return {}  # it is found anew
    return known if isinstance(known, dict) else {}


def _as_found(trial: Trial, found: Any) -> Trial | None:
    """Return a trial with what was found of it in a format; None if nothing was, or it is damaged."""
    try:
        return record.sound(replace(trial, **found)) if found else None
    except (TypeError, ValueError, AttributeError):
        return None  # it is found anew


def _write(file: Path, known: Mapping[str, Any]) -> None:
    try:
        files.write(file, json.dumps(known, indent=1) + "\n")
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror or error})") from error


def _lost(found: Mapping[str, float]) -> str:
    """Say what a format lost of its network's accuracy; empty if nothing."""
    if not found["lost"]:
        return ""
    sign = 1 if found["lost"] > 0 else -1
    low, high = sorted(sign * found[end] for end in ("lost_low", "lost_high"))
    return f"{'lost' if sign > 0 else 'gained'} {sign * found['lost']:.1f} points ({low:.1f} to {high:.1f})"


def _said(found: Mapping[str, Any]) -> str:
    """Return what was found, for people: `accuracy 98.60 %, 0.0213 MB, 0.0444 ms; lost 0.3 points (-0.5 to 1.1)`."""
    known = found["measures"]
    told = ", ".join([f"accuracy {formatted('accuracy', known['accuracy'])}",
                      *(formatted(name, known[name]) for name in ("file_size", "latency"))])  # fmt: skip
    return "; ".join(filter(None, [told, found["reason"]]))
