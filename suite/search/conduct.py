"""A whole search: load the data, open the store, evaluate trials before watchers, time close candidates again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path

from suite import datasets, tracking
from suite.architectures import candidate
from suite.core import answers, classes
from suite.core.study import Study
from suite.core.trial import Trial
from suite.datasets import Dataset, pairs
from suite.datasets.pairs import Pairs
from suite.depot import Courier
from suite.search import buildable, exchange, folder, mistaken, same_pictures, settling, tuner
from suite.search.bench import Bench
from suite.search.budget import Hours
from suite.search.diary import Diary
from suite.search.evaluation import Evaluation, untaught
from suite.search.pretraining import Reader, reader
from suite.search.progress import Progress
from suite.search.rehearsal import Rehearsal
from suite.search.store import Store
from suite.timing.timer import Timer
from suite.training.deadline import Left

OTHERS = (
    "Search the new pictures under another name (--set name={name}-2), or bring back the old ones. Earlier trials can "
    "still be reported and exported."
)
Beside = Callable[[Path, int], AbstractContextManager[object]]  # of a run folder and the number of workers in all


def nobody(home: Path, workers: int) -> AbstractContextManager[object]:
    """Start no other worker."""
    return nullcontext()


def conduct(
    wanted: Study,
    root: Path,
    storage: str | None,
    timer: Timer,
    *,
    show: bool,
    workers: int = 1,
    depot: str | None = None,
    beside: Beside = nobody,
) -> None:
    """Search in `root/NAME` until the budget is spent or the space exhausted.

    `beside` starts the others of a team of `workers`, when the run has begun. If the dataset cannot be used, or trained
    networks could not be loaded again, no run is left behind. Raises StudyError, ArchitectureError, DatasetError,
    StoreError and DepotError.
    """
    with ExitStack() as stack:
        data = datasets.load(wanted.dataset, candidate.any_image(wanted), wanted.preparation)
        texts = pairs.load(wanted.words, data, wanted.preparation) if wanted.words else None
        buildable.require_sizes(wanted, data.task)
        rehearse = Rehearsal(wanted)
        rehearse.small(data.task)
        bench = stack.enter_context(Bench(wanted.latency, data.classes, timer, wanted.measures))
        store = stack.enter_context(folder.opened(root / wanted.name, wanted, storage, workers, depot))
        before = store.trials()
        watchers: list[tuner.Watcher] = [
            stack.enter_context(tracking.Mirror(store.folder, wanted, tracking.uri(root), before))
        ]
        shown = stack.enter_context(Progress(wanted, before, workers)) if show else None
        watchers += [Diary(store.folder), *([shown] if shown else [])]
        evaluate = _evaluation(store, data, bench, rehearse)
        evaluate = replace(
            evaluate,
            watchers=watchers,
            learn=_reader(wanted, data, texts, before, store.folder, shown, evaluate.left) if texts else untaught,
            forecast=shown.forecast if shown else lambda forecast: None,
        )
        same_pictures.require(wanted, before, data, OTHERS.format(name=wanted.name))
        classes.keep(store.folder, data.classes)
        store.count_by(evaluate.known, data.sizes["train"])
        with beside(store.folder, workers), Courier(store.depot):
            tuner.search(store, exchange.delivering(evaluate, store), watchers)
        settling.settle(store, evaluate, shown.note if shown else lambda line: None)
        mistaken.keep(exchange.exchanged(store.folder), data)


def join(home: Path, timer: Timer, workers: int) -> None:
    """Search in the run folder `home`, beside the worker that began it, until nothing is left to begin."""
    wanted = folder.kept(home)
    with ExitStack() as stack:
        data = datasets.load(wanted.dataset, candidate.any_image(wanted), wanted.preparation)
        texts = pairs.load(wanted.words, data, wanted.preparation) if wanted.words else None
        bench = stack.enter_context(Bench(wanted.latency, data.classes, timer, wanted.measures))
        store = stack.enter_context(folder.reopened(home, workers))
        evaluate = _evaluation(store, data, bench, Rehearsal(wanted))
        learn = _reader(wanted, data, texts, store.trials(), home, None, evaluate.left) if texts else untaught
        store.count_by(evaluate.known, data.sizes["train"])
        evaluate = replace(evaluate, learn=learn, watchers=[Diary(home)])
        tuner.search(store, exchange.delivering(evaluate, store))


def _evaluation(store: Store, data: Dataset, bench: Bench, rehearse: Rehearsal) -> Evaluation:
    """Return what evaluates the trials of a store, unseen."""
    return Evaluation(
        study=store.study,
        data=data,
        bench=bench,
        model_file=lambda number: folder.model(store.folder, number),
        answers_file=lambda number: answers.place(store.folder, number),
        checkpoint=lambda trial: exchange.checkpoint(store, trial),
        same=store.same,
        may_drop=store.may_drop,
        disappointment=store.disappointment,
        rehearse=rehearse,
        trains=store.trains,
        left=Hours(store.study.budget, store.trials).left,
    )


def _reader(
    wanted: Study, data: Dataset, texts: Pairs, before: Sequence[Trial], home: Path, shown: Progress | None, left: Left
) -> Reader:
    """Return what lets networks learn from texts. Raises DatasetError if earlier trials have read others."""
    if shown is None:
        return reader(wanted, data, texts, before, home, left=left)
    return reader(wanted, data, texts, before, home, left=left, forecast=shown.forecast, on_epoch=shown.reading)
