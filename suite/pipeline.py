"""The whole story, a function for each verb. Each reads and writes files, so each can be repeated.

To look at a run takes no TensorFlow. What takes it stands behind a door: the function loads TensorFlow, quietly, and
then imports the module that needs it. Nowhere else is a module of ours imported within a function.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite import architectures, studyfile, tracking
from suite.architectures import candidate, offers, words
from suite.benchmark import campaign
from suite.benchmark.campaign import Told
from suite.benchmark.settings import Settings
from suite.core import answers, cells, classes, files, seen, thumbnails
from suite.core.cells import Cell
from suite.core.errors import ArchitectureError, DatasetError, ExportError, StoreError, StudyError, TableError
from suite.core.numbered import numbered
from suite.core.recipe import TUNE
from suite.core.study import NEW, Constraint, Objective, Study, is_own, split
from suite.core.task import Shape, Task
from suite.core.trial import Run, Trial
from suite.export import folder as exports
from suite.export.formats import SAVED_MODEL
from suite.machine import capacity, gpus, helper, warm
from suite.machine.forked import can_fork
from suite.machine.quiet import has_computed, load_tensorflow
from suite.machine.surroundings import surroundings
from suite.pictures import viewing
from suite.report import certainty, choice, confirmation
from suite.report.catalogue.network import Network
from suite.report.comparison import compare
from suite.search import exchange, folder, sharing
from suite.search.budget import hours_are_over, spent
from suite.studyfile.binding import drawn
from suite.timing import runtimes as timing_runtimes
from suite.timing.timer import Timer
from suite.timing.trying import KEPT, OwnRuntimes

_log = logging.getLogger("suite")

TRIED = 500  # configurations of which one must be buildable
FITTED = 5  # networks of which one must fit the weights

if TYPE_CHECKING:
    import keras

    from suite.benchmark.plans import Counted
    from suite.datasets import Dataset
    from suite.export.exporting import Exported
    from suite.report.confirmation import Again
    from suite.report.entries import Entry
    from suite.report.results import Results
    from suite.search.beginning import Beginning
    from suite.tracking.registry import Registered


def study(file: Path, overrides: Sequence[str] = ()) -> Study:
    """Read a study file and check it against its architecture. Raises StudyError and ArchitectureError."""
    return bound(studyfile.read(file, overrides), file, overrides)


def bound(read: Study, file: Path, overrides: Sequence[str] = ()) -> Study:
    """Return a study that was read from `file`, bound to its architecture: what its file leaves open is filled in.

    Raises StudyError and ArchitectureError.
    """
    wanted = candidate.bound(replace(read, weights=_of_trial(read.weights)), str(file), overrides)
    wanted = words.bound(wanted, str(file), overrides)
    _check_some_can_be_built(wanted, file)
    _check_some_fits(wanted, file)
    return wanted


def check(file: Path, overrides: Sequence[str] = ()) -> tuple[Study, Dataset | None]:
    """Read a study file and look at its pictures too; nothing is downloaded.

    A network must be buildable for these pictures, and one of your own architecture loadable again. Return the study
    and its dataset, None if that is still to be downloaded. Raises StudyError, ArchitectureError and DatasetError.
    """
    load_tensorflow()
    from suite import datasets
    from suite.datasets import pairs
    from suite.search import buildable, rehearsal

    read = study(file, overrides)
    data = datasets.look(read.dataset, candidate.any_image(read), read.preparation)
    if data and read.words and pairs.is_here(read.words):
        pairs.load(read.words, data, read.preparation)
    task = data.task if data else None
    buildable.require(read, task)
    buildable.require_sizes(read, task)
    rehearsal.Rehearsal(read).small(task)
    return read, data


def _of_trial(weights: str) -> str:
    """Return the file of a trained network for weights that name a trial: RUN/NUMBER; other weights as they are.

    RUN is the folder of a run, or the name of one in `runs`. Raises StudyError when the trial has no trained network.
    """
    run, _, number = weights.rpartition("/")
    home = folder.named(run, Path("runs"))
    if not (run and number.isdecimal() and folder.is_run(home)):
        return weights
    file = folder.brought(home, folder.model(home, int(number))).absolute()
    folder.brought(home, file.with_suffix(".json"))
    if not file.is_file():
        raise StudyError(f"weights = {weights}: no trained network of trial {number} in {home}: name a complete trial")
    return str(file)


def _check_some_fits(bound: Study, file: Path) -> None:
    """Raise StudyError when the weights fit none of some networks of the space; one of the others is refused later."""
    if bound.weights == NEW or not bound.space:
        return
    source = random.Random(0)
    for _ in range(FITTED):
        configuration = {**drawn(bound, source), "recipe.mode": TUNE}
        height, width, channels = candidate.shape(bound, configuration, (0, 0, 3))
        task = Task(height=height, width=width, channels=channels, classes=2)
        try:
            candidate.given(bound, configuration, candidate.network(bound, configuration, task))
        except ArchitectureError as error:
            refusal = error
        else:
            return
    raise StudyError(f"{file}: no configuration in [space] fits the weights {bound.weights}: {refusal}")


def begin(pictures: str, limits: Sequence[Constraint], hours: float, *, skip_broken: bool = False) -> Beginning:
    """Return a study for the pictures of a folder, as a file to be read and changed, with what is to be said of it.

    Raises DatasetError, and NothingFitsError when no network has as few parameters.
    """
    load_tensorflow()
    from suite.search import beginning

    return beginning.begun(pictures, limits, hours, skip_broken=skip_broken)


def _check_some_can_be_built(bound: Study, file: Path) -> None:
    """Raise StudyError when the architecture refuses all of many configurations: its fields go together badly."""
    source = random.Random(0)
    for _ in range(TRIED):
        try:
            candidate.config(bound, drawn(bound, source))
        except ArchitectureError as error:
            refusal = error
        else:
            return
    raise StudyError(f"{file}: no configuration in [space] can be built from {bound.network}: {refusal}")


def run(
    wanted: Study,
    root: Path,
    storage: str | None = None,
    *,
    depot: str | None = None,
    show: bool = True,
    workers: int | None = 1,
) -> Run:
    """Spend the budget of `wanted` in `root/NAME`, from where it stands. A finished trial is durable before the next.

    `storage` is the URL of a database shared with other machines, `depot` the place for networks and checkpoints that
    they share. So many `workers` of this machine train side by side; None: two where that is faster. Raises
    StudyError, DatasetError, StoreError and DepotError.
    """
    home = root / wanted.name
    folder.check_same(home, wanted)
    if not is_done(wanted, root):
        _search(wanted, root, storage, depot, show, workers or sharing.usual([wanted]))
    elif depot:
        folder.opened(home, wanted, storage, depot=depot).close()
    done = exchange.exchanged(home)
    if _lacks_mistakes(home):
        load_tensorflow()
        from suite.search import mistaken

        mistaken.make(done)
    delivery = tracking.deliver(done, tracking.uri(root), models=lambda number: model(home, number), seconds=60)
    if delivery.reason:
        _log.warning(
            "%s: %s. `suite ui %s`, or the same command again, delivers it.", wanted.name, delivery, wanted.name
        )
    return done


def _lacks_mistakes(home: Path) -> bool:
    """Whether a run keeps answers, but not the pictures of its mistakes: they are lost, or it is older than these."""
    return answers.place(home, 0).parent.is_dir() and thumbnails.read(home) is None


def changed(done: Run) -> str:
    """Say how the pictures of a folder differ from those that a run has seen; empty if they do not.

    Files are only read if one was written after the run began.
    """
    folder_of, first = Path(done.study.dataset).expanduser(), seen.main(done.trials)
    if not (first and first.started and folder_of.is_dir()):
        return ""
    if not files.changed_since(folder_of, first.started.timestamp()):
        return ""
    load_tensorflow()
    from suite import datasets

    try:
        image = candidate.any_image(done.study)
        now = datasets.load(done.study.dataset, image, done.study.preparation).surroundings
    except DatasetError as error:
        return f"its pictures cannot be used any more: {error}"
    change = seen.change(first, now)
    return f"its pictures have changed since: {change}" if change else ""


def is_done(wanted: Study, root: Path) -> bool:
    """Whether trials that have ended spend the budget of `wanted`; one that runs may be left behind by a kill."""
    home = root / wanted.name
    if not folder.holds(home):
        return False
    done = [trial for trial in folder.read(home).trials if trial.state != "running"]
    return spent(done, wanted).exhausts(wanted.budget)


def is_spent(wanted: Study, done: Run) -> bool:
    """Whether trials that have ended or still run spend the budget of `wanted`."""
    return spent(done.trials, wanted).exhausts(wanted.budget)


def ended(studies: Sequence[Study], root: Path) -> int:
    """Return how many trials of `studies` have ended."""
    homes = [root / one.name for one in studies if folder.holds(root / one.name)]
    return sum(trial.state != "running" for home in homes for trial in folder.read(home).trials)


def hours_over(done: Run) -> str:
    """Say that a run ended for want of hours, and what adds some; empty when that was not why."""
    used, budget = spent(done.trials, done.study), done.study.budget
    if budget.hours is None or not hours_are_over(done.trials, done.study):
        return ""
    takes = timedelta(seconds=round(used.least * used.seconds_per_trial))
    known = f", which takes about {takes}" if any(trial.curve for trial in done.trials) else ""
    return (
        f"Its budget, {numbered(budget.hours, 'hour')}, leaves no time for another training{known}. "
        "--set budget.hours=... gives more, and the same command goes on."
    )


def _search(wanted: Study, root: Path, storage: str | None, depot: str | None, show: bool, workers: int) -> None:
    if workers > 1:
        gpus.take_part(0)
    with Timer.of(wanted.latency, wanted.measures) as timer:
        if wanted.times_first and not can_fork():
            timer.start()  # its process loads TensorFlow while this one does
        load_tensorflow()
        from suite.search.conduct import conduct
        from suite.search.team import Team

        if can_fork() and not has_computed():
            helper.keep(warm.split_off())  # processes from now on have what this one has loaded
        if workers > 1:
            capacity.take_part(0, workers)
        if wanted.times_first:
            timer.start()
        conduct(wanted, root, storage, timer, show=show, workers=workers, depot=depot, beside=Team)


def model(home: Path, number: int) -> keras.Model:
    """Return the trained network of a trial, with its best weights. Raises StoreError when its file is gone."""
    load_tensorflow()
    from suite.search import trained

    return trained.network(home, number)


def report(runs: Sequence[Run | Results], into: Path, objectives: Sequence[Objective] = ()) -> Path:
    """Write the report of runs and tables of results, and return its page. Works on half-finished runs.

    The front is that in `objectives`, or else in those of the runs. Raises StoreError.
    """
    from suite.report.study import page

    try:
        return page.write(runs, into, objectives, _pages)
    except OSError as error:
        raise StoreError(
            f"{into}: the report cannot be written ({error.strerror}). Name another place with -o."
        ) from error


def live(one: Run, into: Path, seconds: int) -> Path:
    """Write the report of a run that may still run, and return its page; it reloads itself after so many seconds.

    It does not at 0. Raises StoreError.
    """
    page = report([one], into)
    if seconds:
        text = page.read_text(encoding="utf-8")
        files.write(page, text.replace("<head>", f'<head>\n<meta http-equiv="refresh" content="{seconds}">', 1))
    return page


def _pages(run: Run) -> Mapping[int, str]:
    """Return the address of MLflow's page on each trial of a run, by number."""
    return tracking.pages(tracking.uri(run.folder.parent), run)


def report_as_markdown(runs: Sequence[Run | Results], into: Path, objectives: Sequence[Objective] = ()) -> Path:
    """Write the report as Markdown, with its figure, and return its file. Raises StoreError."""
    from suite.report.study import markdown as written

    try:
        return written.write(runs, into, objectives)
    except OSError as error:
        raise StoreError(
            f"{into}: the report cannot be written ({error.strerror}). Name another place with -o."
        ) from error


def markdown(runs: Sequence[Run | Results], beside: Path, objectives: Sequence[Objective] = ()) -> str:
    """Return the report as Markdown. A figure is linked if a report in the folder `beside` has drawn it."""
    from suite.report.comparison import beside as side_by_side
    from suite.report.study import markdown as written

    comparison = side_by_side(runs, objectives)
    drawn = {name: beside / name for name in written.figures(comparison)}
    return written.text(comparison, {name: os.path.relpath(file) for name, file in drawn.items() if file.is_file()})


def catalogue(files: Sequence[Path], into: Path) -> Path:
    """Write the report of tables of measured networks beside what papers cite, and return its page. Raises TableError.

    Needs no TensorFlow: the tables may be of other devices, and of timm.
    """
    from suite.report.catalogue import page

    tables = [cells.read(file) for file in files]
    try:
        return page.write(_catalogue(), tables, into)
    except OSError as error:
        raise TableError(
            f"{into}: the report cannot be written ({error.strerror}). Name another place with -o."
        ) from error


def _catalogue() -> list[Network]:
    """Return every network of ours with what its paper says. One that no paper describes is for tests only."""
    counted = architectures.recorded()
    return [
        Network(
            name=name, title=cited.title, family=split(name)[0], year=cited.year, top1=cited.top1, top5=cited.top5,
            size=cited.size or cited.resolution, crops=cited.crops, dense=cited.dense, scales=cited.scales,
            ensemble=cited.ensemble, extra_data=cited.extra_data, notes=cited.notes, source=cited.source,
            resolution=counted[name].resolution, parameters=counted[name].parameters,
            total_parameters=counted[name].total_parameters, macs=counted[name].macs,
            activations=counted[name].activations,
        )
        for name, cited in architectures.published().items()
        if name in counted
    ]  # fmt: skip


def deliver(runs: Sequence[Run], root: Path, report: Path) -> list[str]:
    """Hand the folder of a report to MLflow, with what else it lacks of `runs`; return a line for what must wait."""
    sent = [(one, tracking.deliver(one, tracking.uri(root), report=report, seconds=20)) for one in runs]
    return [f"{one.study.name}: {delivery}" for one, delivery in sent if delivery.reason]


def confirm(missing: Sequence[Again]) -> Iterator[str]:
    """Train networks again, and ask them about the test pictures; yield a line for each.

    Raises DatasetError, StudyError and StoreError.
    """
    if not missing:
        return
    load_tensorflow()
    from suite.search import confirming

    yield from confirming.train(missing)


def confirm_as_asked(done: Run) -> Iterator[str]:
    """Do the trainings that [confirm] of a run's study asks for; yield a line for each. Raises as `confirm` does."""
    if done.study.confirm:
        yield from confirm(confirmation.asked(compare([done]), done.study.confirm))


def looks(home: Path) -> str:
    """Say how often the test pictures of the run in a folder were looked at; empty if never."""
    with folder.reopened(home) as store:
        known = store.looks()
    times = "once" if len(known) == 1 else f"{len(known)} times"
    return f"The test pictures were looked at {times} ({'; '.join(known)})." if known else ""


def export(
    entry: Entry,
    runs: Sequence[Run],
    into: Path,
    by_text: Sequence[str] | None = None,
    formats: Sequence[str] = (SAVED_MODEL,),
) -> Exported:
    """Export the trial `entry` of `runs` to `into/VERSION`, checked. What is there already is not exported twice.

    The SavedModel is always written, and beside it the other `formats`, keys of suite.export.formats.FORMATS. `by_text`
    names classes that pictures are told to be of by texts alone; if it is empty, those of the study.

    Raises ExportError when a format does not answer as the trained model does, and MissingExtraError when the library
    of a format is not installed.
    """
    for name in formats:
        timing_runtimes.check(name)
    load_tensorflow()
    from suite import datasets
    from suite.export import exporting
    from suite.search import pretraining, trained
    from suite.training import features

    if entry.study is None:
        raise ExportError(f"{entry.name} is of a table: only the trials of a run have a trained model to export.")
    run = next(one for one in runs if one.study == entry.study)
    home = run.folder
    again = confirmation.alone(compare([run]), entry.trial.number) if by_text is None else None
    card = _card(entry, entry.study) | {"by_text": None if by_text is None else list(by_text), "confirmed": again}
    there = exporting.exported(into, card, formats)
    if there is not None:
        return there
    study = entry.study
    loaded = datasets.load(study.dataset, candidate.any_image(study), study.preparation)
    image = candidate.shape(study, entry.trial.configuration, loaded.task.image)
    data = loaded.seen(image, seen.preprocessing(entry.trial))
    then = None if _is_same(entry.trial, data.digest) else _classes_then(home, entry)
    number, others = entry.trial.number, by_text or then  # other classes than those of the pictures now
    if by_text is not None:
        network = pretraining.zero_shot(run, entry.trial, data.task, others or data.classes)
    else:
        network = trained.as_deployed(trained.network(home, number), entry.trial, entry.study)
    if not others:  # the test pictures will judge it
        look = f"export {number}" if by_text is None else f"export {number} by text"
        with folder.reopened(home) as store:
            store.look(look, data.digest, {str(number): features.digest(network)})
    runtimes = _runtimes(entry.trial, study, formats)
    place = f"{surroundings()['device']}, {numbered(runtimes.threads, 'thread')}"
    card |= {"looks": looks(home), "timed_on": place}
    return exporting.export(network, data, into, card, others, formats=formats, runtimes=runtimes)


def in_format(runs: Sequence[Run], name: str, most: int, told: Callable[[str], None]) -> list[Run]:
    """Return what may be on the front of `runs` as it is in the format `name`: a run of its own for each.

    At most so many networks are converted, judged on validation pictures and timed, the surest first. What was found
    before is not measured again. A table of each lies in the folder of its run. Raises MissingExtraError, SuiteError.
    """
    timing_runtimes.check(name)
    load_tensorflow()
    from suite.search import in_format as formats

    comparison = compare(runs)
    near = certainty.contenders(comparison)
    if not near:
        choice.best(comparison)  # says why there is none
    if len(near) > most:
        told(f"{len(near)} networks may be on the front as {name}; the surest {most} are converted (--most).")
    found = []
    for title, run in zip(comparison.names, runs, strict=True):
        numbers = {entry.trial.number for entry in near[:most] if entry.run == title}
        trials = [trial for trial in run.trials if trial.number in numbers]
        if trials:
            found.append(formats.candidates(run, trials, name, told))
            told(f"What is known of {run.name} as {name} is kept in {_table(found[-1])}, for `suite report`.")
    return found


def _table(run: Run) -> Path:
    """Write all trials of a run as a table beside its folder, and return its file."""
    from suite.report.study import tables

    file = run.folder.with_name(f"{run.folder.name}.csv")
    try:
        with files.replacing(file) as draft:
            tables.every_trial(compare([run])).to_csv(draft, index=False)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror or error})") from error
    return file


def _runtimes(trial: Trial, study: Study, formats: Sequence[str]) -> OwnRuntimes:
    """Return how the formats of a trial are tried. One alone need not be timed again; several are, in a row."""
    threads, at = study.latency.threads or capacity.processors(), trial.surroundings
    here = (SAVED_MODEL, "1", str(threads), surroundings()["device"])
    there = tuple(map(at.get, ("latency_path", "latency_batch", "latency_threads", "device")))
    alone = here == there and "latency" in trial.measures and not {*formats} - {SAVED_MODEL}
    known = {SAVED_MODEL: {name: trial.measures[name] for name in KEPT}} if alone else {}
    return OwnRuntimes(threads=threads, sources=tuple(filter(is_own, study.sources)), known=known)


def _card(entry: Entry, study: Study) -> dict[str, Any]:
    """Return what is written beside an exported model, so that it can be traced back."""
    return {
        "study": study.name,
        "question": study.question,
        "trial": entry.trial.number,
        "architecture": candidate.architecture(study, entry.trial.configuration),
        "start": entry.trial.start,
        "weights": _weights(candidate.architecture(study, entry.trial.configuration), entry.trial),
        "configuration": dict(entry.trial.configuration),
        "measures": dict(entry.trial.measures),
        "surroundings": dict(entry.trial.surroundings),
        "trained": entry.trial.finished.isoformat() if entry.trial.finished else "",
    }


def _weights(architecture: str, trial: Trial) -> dict[str, str]:
    """Return whose weights a trial began with, and their licence as far as it is known; empty for none."""
    title = trial.surroundings.get("weights", "")
    if not title:
        return {}
    licences = [each.licence for each in offers.offers(architecture) if each.title == title]
    return {"title": title, "licence": next(iter(licences), "")}


def _is_same(trial: Trial, digest: str) -> bool:
    return trial.surroundings.get("dataset_digest", digest) == digest


def _classes_then(home: Path, entry: Entry) -> tuple[str, ...]:
    """Return the names of the classes when a trial was trained, whose pictures have changed since."""
    known = classes.read(home)
    if not known:
        raise DatasetError(
            f"{entry.run}: the pictures have changed since {entry.name} was trained, and its run, of an "
            "earlier version, does not know the names of its classes. Bring the old pictures back to export it."
        )
    return known


def register(
    entry: Entry, runs: Sequence[Run], exported: Exported, root: Path, name: str, aliases: Sequence[str]
) -> Registered:
    """Register the export of the trial `entry` with MLflow as a version of the model `name`. Raises StoreError."""
    from suite.tracking import registry

    run = next(one for one in runs if one.study == entry.study)
    told, example = exports.card(exported.folder), min((exported.folder / "assets.extra" / "examples").iterdir())
    shown = viewing.view(example).image.convert("L" if told["image"][-1] == 1 else "RGB")
    export = registry.Export(
        folder=exported.folder, digest=exports.digest(exported.folder), classes=len(told["classes"]),
        picture=np.asarray(shown).reshape(shown.height, shown.width, -1), tags=_tags(told),
    )  # fmt: skip
    return registry.register(run, entry.trial.number, export, tracking.uri(root), name, aliases)


def _tags(card: Mapping[str, Any]) -> dict[str, str]:
    """Return what the registry says of an export: where it came from, how good and how fast it is, and where."""
    first, seen = card["formats"][0], card["surroundings"]
    known = {
        "study": card["study"],
        "trial": card["trial"],
        "architecture": card["architecture"],
        "device": card["timed_on"],
        "dataset": seen.get("dataset"),
        "dataset_digest": seen.get("dataset_digest"),
        "weights": card["weights"].get("title"),
        "test_accuracy": card["test_accuracy"],
        "accuracy": first["accuracy"],
        **{f"{name}_ms": value for name, value in first["latency"].items()},
    }
    return {
        name: f"{value:.6g}" if isinstance(value, float) else str(value)
        for name, value in known.items()
        if value is not None
    }


def predict(exported: Path, images: Sequence[Path]) -> list[list[tuple[str, float]]]:
    """Return for each picture the classes with their probabilities, the likeliest first. Raises ExportError."""
    from suite.export.encoded import encoded

    told = exports.card(exported)
    asked = encoded(images, told.get("background", "white"))
    load_tensorflow()
    from suite.export import loaded

    return loaded.predict(exported, told["classes"], asked)


def serve(exported: Path, host: str, port: int, told: Callable[[str], None]) -> None:
    """Serve an exported model on this machine until interrupted, to try it out. Raises ExportError and SuiteError."""
    exports.card(exported)
    load_tensorflow()
    from suite.serving import server

    server.serve(exported, host, port, told)


def ui(runs: Sequence[Run], root: Path, port: int) -> Iterator[str]:
    """Open MLflow's pages on what `runs` have delivered; yield a line for each run, then serve until interrupted."""
    uri = tracking.uri(root)
    server = tracking.ui(uri, root, port)
    try:
        for one in runs:
            delivery = tracking.deliver(one, uri, seconds=60)
            if delivery.reason:
                yield f"{one.study.name}: {delivery}"
        for one in runs:
            yield f"{one.study.name}: {tracking.link(uri, port, one)}"
            yield f"{one.study.name}, accuracy against each cost: {tracking.link(uri, port, one, charts=True)}"
        if server:
            yield "Ctrl-C ends it."
            server.wait()
    finally:
        tracking.end(server)


def count(names: Sequence[str], image: Shape | None, classes: int, *, trusted: bool = False) -> Sequence[Counted]:
    """Count weights and work of networks of the catalogue, without memory for any, and of Keras models in files.

    `image` is (H, W, C); without one each network sees what its stem was made for. `trusted` says whether code that a
    file brings along may run. Raises ArchitectureError.
    """
    load_tensorflow()
    from suite.benchmark import plans

    return plans.count(names, image, classes, trusted=trusted)


def breakdown(
    names: Sequence[str], image: Shape | None, classes: int, by: str, *, trusted: bool = False
) -> list[dict[str, Any]]:
    """Return where the weights and the work of networks are: rows by "layer", one for each call, or by "kind" of layer.

    Nothing is run. `image` and `trusted` are as in `count`. Raises ArchitectureError.
    """
    load_tensorflow()
    from suite.benchmark import plans

    return plans.breakdown(names, image, classes, by, trusted=trusted)


def measure(names: Sequence[str], settings: Settings, file: Path | None, root: Path, told: Told) -> list[Cell]:
    """Measure networks on this device into `file`, and return their cells; what it has already is not measured again.

    Without `file`, or with a folder, its name is that of the device and the versions, in `root`. Raises TableError and
    MissingExtraError.
    """
    if file is None or os.path.isdir(file):
        file = (file or root) / campaign.name(campaign.here(settings.threads))
    return campaign.measure(names, settings, file, told)
