"""The latency that a study searches by is that of what is deployed: asked of real runtimes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.saved_model import loader_impl

from suite import architectures, datasets, pipeline
from suite.core.errors import NothingFitsError, NothingTrainedError, StudyError, SuiteError
from suite.core.measures import MEASURES, formatted
from suite.core.preprocessing import PLAIN
from suite.core.study import Constraint, Latency, Objective, Study
from suite.core.task import Task
from suite.core.trial import Run, Trial
from suite.export import saved_model
from suite.report import choice
from suite.report.comparison import compare
from suite.search import folder, settling
from suite.search import trained as trained_networks
from suite.search.bench import TOLD, Bench
from suite.search.evaluation import Evaluation
from suite.timing import order as orders
from suite.timing import sensors
from suite.timing.following import HELD, USUAL, Prior
from suite.timing.order import Order
from suite.timing.timer import Timer
from tests import studies
from tests.report_runs import LATENCY, study
from tests.runs import hold_answers

STUDY = Path(__file__).parents[1] / "studies" / "quickstart" / "resnet.toml"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A study of one short trial for LiteRT, with one thread."""
    sets = ["budget.trials=1", "fidelity.epochs=1", 'latency={path="litert", threads=1, seconds=0.5, settling=5}']
    return pipeline.run(pipeline.study(STUDY, sets), tmp_path_factory.mktemp("runs"), show=False)


def test_a_search_for_a_telephone_is_a_search_by_the_latency_of_litert(ran: Run, tmp_path: Path) -> None:
    """What was timed is a file for LiteRT: its own interpreter opens it, and answers as the trained network does."""
    from ai_edge_litert.interpreter import Interpreter

    trial, trained = ran.candidates[0], pipeline.model(ran.folder, ran.candidates[0].number)
    bench = Bench(ran.study.latency, [str(number) for number in range(10)], Timer("litert", 1))
    file = bench._written(trained, PLAIN, tmp_path).artefact
    assert trial.measures["file_size"] == pytest.approx(file.stat().st_size / 1e6, rel=0.1)  # names differ
    interpreter = Interpreter(str(file), num_threads=1)
    interpreter.allocate_tensors()
    takes, (gives,) = interpreter.get_input_details()[0], interpreter.get_output_details()
    pixels = np.random.default_rng(0).uniform(0, 255, takes["shape"]).astype(np.float32)
    interpreter.set_tensor(takes["index"], pixels)
    interpreter.invoke()
    expected = keras.ops.softmax(trained.predict_on_batch(pixels / 127.5 - 1)).numpy()
    np.testing.assert_allclose(interpreter.get_tensor(gives["index"]), expected, atol=1e-4)


def test_the_answers_that_are_kept_are_those_of_the_kept_network(ran: Run) -> None:
    hold_answers(ran)


def test_how_it_was_timed_stands_with_every_trial(ran: Run) -> None:
    for trial in ran.trials:
        known = trial.surroundings
        assert (known["latency_path"], known["latency_threads"], known["latency_batch"]) == ("litert", "1", "1")
        assert {"latency_reference", "latency_rest", "latency_precision", "latency_onednn"} <= known.keys()
        assert trial.measures["latency_low"] <= trial.measures["latency"] <= trial.measures["latency_high"]
        assert "litert, batch 1" in trial.place


def test_latencies_of_two_paths_never_meet(ran: Run) -> None:
    on_tensorflow = replace(
        ran,
        study=replace(ran.study, name="other"),
        trials=tuple(replace(t, surroundings={**t.surroundings, "latency_path": "saved_model"}) for t in ran.trials),
    )
    assert len(compare([ran, on_tensorflow]).groups([LATENCY])) == 2


def test_what_was_timed_again_is_durable_and_seen_by_everybody(ran: Run, tmp_path: Path) -> None:
    with folder.reopened(ran.folder) as store:
        store.retime(0, {"cold_start": 3.0}, {})
        before = store.trials()[0]
        store.retime(before.number, {"latency": 7.0, "latency_low": 6.9, "latency_high": 7.1}, {"latency_rest": "1"})
        assert store.trials()[0].measures["latency"] == 7.0
        assert store.trials()[0].measures["cold_start"] == 3.0
        assert store.same(before.configuration, store.trials()[0].place).measures["latency"] == 7.0
        store.retime(before.number, {name: before.measures[name] for name in before.measures if "latency" in name},
                     {"latency_rest": before.surroundings["latency_rest"]})  # fmt: skip
    assert folder.read(ran.folder).trials[0].measures == before.measures


def timed(number: int, accuracy: float, latency: float, low: float, high: float, **known) -> Trial:
    measures = {"accuracy": accuracy, "latency": latency, "latency_low": low, "latency_high": high}
    configuration = known.pop("configuration", {"space.widths": (number,)})  # each another network
    return Trial(number=number, state="complete", configuration=configuration, measures=measures, **known)


def test_what_decides_is_what_may_be_on_the_front_or_within_a_limit_and_is_not_known_well() -> None:
    asked = study(constraints=[Constraint(measure="latency", at_most=2.0)])
    sure, wide = timed(0, 90, 1.0, 0.99, 1.01), timed(1, 95, 1.5, 1.2, 1.8)
    dominated, open_to_the_limit = timed(2, 80, 1.9, 1.8, 1.95), timed(3, 70, 2.1, 1.8, 2.4)
    found = settling.undecided(asked, [sure, wide, dominated, open_to_the_limit, timed(4, 60, 9.0, 7.0, 11.0)])
    assert [trial.number for trial in found] == [1, 3]


def test_trainings_of_one_network_are_not_told_apart_by_its_latency() -> None:
    asked = study(constraints=[])
    rates = [timed(number, 90 + number, 1.5, 1.2, 1.8, configuration={"recipe.learning_rate": number / 10})
             for number in range(3)]  # fmt: skip
    assert settling.undecided(asked, rates) == []
    other = timed(3, 95, 1.6, 1.59, 1.61)
    assert settling.undecided(asked, [*rates, other]) == rates
    limited = study(constraints=[Constraint(measure="latency", at_most=1.5)])
    assert settling.undecided(limited, rates) == rates


class Elsewhere:
    """A bench whose device is away: what happens up to the timing can be seen."""

    def __init__(self) -> None:
        self.surroundings = {"latency_path": "saved_model"}

    def time(self, *_: object) -> None:
        raise SuiteError("the device is away")


@pytest.mark.parametrize(
    ("limited", "may_drop", "early"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_the_team_hears_before_a_timing_of_a_candidate_that_trains_whatever_is_timed(
    limited: bool, may_drop: bool, early: bool
) -> None:
    limits = (Constraint(measure="latency", at_most=1.0),) if limited else ()
    wanted = studies.study(objectives=(LATENCY,), constraints=limits)
    told: list[int] = []
    with pytest.raises(SuiteError, match="away"):
        evaluated(wanted, Elsewhere(), told.append, may_drop=may_drop)
    assert told == ([7] if early else [])


def evaluated(wanted: Study, bench: Any, trains: Callable[[int], None], *, may_drop: bool = False) -> Trial:
    evaluate = Evaluation(
        study=wanted, data=datasets.load("digits", 16), bench=bench, trains=trains,
        model_file=lambda number: Path(), answers_file=lambda number: Path(), may_drop=lambda trial: may_drop,
    )  # fmt: skip
    space = {"space.depths": (1, 1, 1), "space.widths": (4, 4, 8)}
    return evaluate(Trial(number=7, state="running", configuration={**space, "recipe.learning_rate": 1e-3}))


@pytest.mark.parametrize(
    ("low", "high", "is_trained"), [(1.0, 6.0, True), (2.1, 6.0, False), (1.99, 2.03, False), (1.0, 1.9, True)]
)
def test_a_latency_that_may_still_keep_its_limit_refuses_nobody(low: float, high: float, is_trained: bool) -> None:
    """On a busy machine intervals are wide. What is trained is timed again at the end of the search."""

    class Busy(Elsewhere):
        def time(self, *_: object) -> tuple[dict[str, float], dict[str, str]]:
            return {"latency": (low + high) / 2, "latency_low": low, "latency_high": high}, {"latency_others": "79.4"}

    def train(number: int) -> None:
        raise SuiteError("it is trained")

    limits = (Constraint(measure="latency", at_most=2.0),)
    wanted = studies.study(objectives=(LATENCY,), constraints=limits)
    if is_trained:
        with pytest.raises(SuiteError, match="it is trained"):
            evaluated(wanted, Busy(), train)
        return
    refused = evaluated(wanted, Busy(), train)
    assert refused.reason == f"{formatted('latency', (low + high) / 2)} breaks latency <= 2 ms"
    run = Run(folder=Path("busy"), study=study(name="busy"), trials=(refused,))
    with pytest.raises(NothingTrainedError) as nothing:
        choice.best(compare([run]))
    assert ("Other work took 79 % of the processors" in str(nothing.value)) == (high - low > 1), (
        "a sure one needs no excuse"
    )


def test_where_no_trained_network_keeps_its_study_the_nearest_are_named() -> None:
    limits = [Constraint(measure="latency", at_most=2.0)]
    busy = {"latency_others": "61.6"}
    far, near = timed(0, 90, 9.0, 8.9, 9.1), timed(1, 80, 2.5, 1.5, 4.0, surroundings=busy)
    run = Run(folder=Path("slow"), study=study(name="slow", constraints=limits), trials=(far, near))
    with pytest.raises(NothingFitsError) as missed:
        choice.best(compare([run]))
    first, second, third, fourth = str(missed.value).splitlines()
    assert first == "no trained model meets latency <= 2 ms. Nearest:"
    assert second == "  slow/1: accuracy 80.00 %, latency 2.5 ms (1.5 to 4, unstable)"
    assert third == "  slow/0: accuracy 90.00 %, latency 9 ms"
    assert fourth.startswith("Other work took 62 % of the processors while their latency was measured.")


def test_where_nothing_was_timed_no_limit_on_latency_is_kept(tmp_path: Path) -> None:
    run = Run(folder=tmp_path, study=study(name="untimed", constraints=[]), trials=(
        Trial(number=0, state="complete", configuration={}, measures={"accuracy": 90.0}),
    ))  # fmt: skip
    with pytest.raises(NothingFitsError, match="no trained model meets latency <= 2 ms"):
        choice.best(compare([run]), [Constraint(measure="latency", at_most=2.0)])


def test_latencies_are_told_as_multiples_of_one_rest_whichever_run_found_it() -> None:
    known = {"device": "here", "latency_path": "xla", "latency_threads": "1", "latency_reference": "small"}
    early = timed(0, 90, 2.0, 1.9, 2.1, surroundings={**known, "latency_rest": "0.5"})
    late = timed(0, 91, 2.0, 1.9, 2.1, surroundings={**known, "latency_rest": "0.4", "latency_path": "saved_model"})
    other = timed(0, 92, 2.0, 1.9, 2.1, surroundings={**known, "latency_rest": "0.1", "latency_reference": "large"})
    runs = [Run(folder=Path(name), study=study(name=name, constraints=[]), trials=(trial,))
            for name, trial in (("early", early), ("late", late), ("other", other))]  # fmt: skip
    first, second, third = compare(runs).entries
    assert (first.trial.measures["latency"], first.trial.measures["latency_high"]) == pytest.approx((1.6, 1.68))
    assert (second.trial, third.trial) == (late, other)


def test_the_rest_that_was_found_last_counts_whichever_trial_it_stands_with() -> None:
    known = {"device": "here", "latency_path": "xla", "latency_reference": "small"}
    last = {**known, "latency_rest": "0.4", "latency_timed": "2026-02-01T00:00:00+00:00"}
    again = timed(0, 90, 2.0, 1.9, 2.1, surroundings=last)  # of a first trial that was timed again at the end
    later = timed(1, 91, 2.0, 1.9, 2.1, surroundings={**last, "latency_rest": "0.5", "latency_timed": "2026-01-01"})
    run = Run(folder=Path("one"), study=study(constraints=[]), trials=(again, later))
    assert [entry.trial.measures["latency"] for entry in compare([run]).entries] == pytest.approx([2.0, 1.6])


def test_every_measure_that_timing_gives_is_in_the_table_of_measures(ran: Run) -> None:
    assert {name for trial in ran.trials for name in trial.measures} <= MEASURES.keys()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"path": "tflite"}, "litert"),
        ({"batch": 0}, "batch"),
        ({"seconds": 0}, "seconds"),
        ({"precision": "int8"}, "precision"),
    ],
)
def test_what_a_study_cannot_be_deployed_on_is_refused_where_it_is_said(wrong: dict, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        Latency(**wrong)


@pytest.mark.slow
def test_a_study_is_timed_and_exported_in_the_precision_that_it_deploys_in(tmp_path: Path) -> None:
    sets = ["budget.trials=1", "fidelity.epochs=1", 'latency={precision="mixed_bfloat16", seconds=0.2, settling=0}']
    done = pipeline.run(pipeline.study(STUDY, sets), tmp_path, show=False)
    (entry,) = compare([done]).entries
    known = entry.trial.surroundings
    assert (known["latency_precision"], known["recipe_precision"]) == ("mixed_bfloat16", "float32")
    trained = pipeline.model(done.folder, 0)
    served = trained_networks.as_deployed(trained, entry.trial, done.study)
    assert "bfloat16" in {layer.compute_dtype for layer in served.layers}
    assert {layer.compute_dtype for layer in trained.layers} == {"float32"}
    assert pipeline.export(entry, [done], tmp_path / "exports").agreement.top1_agreement > 0.9


def test_a_study_by_energy_is_refused_where_nothing_counts_it_before_anything_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "POWERCAP", tmp_path / "none")
    limit = 'constraints=[{measure="energy", at_most=1.0}]'
    with pytest.raises(StudyError, match=r"energy: this device has no counter.* Remove energy"):
        pipeline.run(pipeline.study(STUDY, [limit]), tmp_path / "runs", show=False)
    assert not (tmp_path / "runs").exists()


def test_what_depends_on_the_device_is_never_compared_across_devices() -> None:
    """Whatever the measure: the table of measures says it, and nobody else."""
    for measure in (one for one in MEASURES.values() if not one.part_of and one.name != "accuracy"):
        known = {"accuracy": 90.0, measure.name: 1.0}
        trials = [replace(timed(number, 90, 1.0, 1.0, 1.0), measures=known, surroundings={"device": name})
                  for number, name in enumerate(("here", "there"))]  # fmt: skip
        run = Run(folder=Path("one"), study=study(constraints=[]), trials=tuple(trials))
        objective = Objective(measure=measure.name, goal=measure.goal)
        assert len(compare([run]).groups([objective])) == (2 if measure.per_device else 1), measure.name


def test_a_network_is_timed_without_a_saver_and_is_the_same_and_an_export_has_one(tmp_path: Path) -> None:
    network = architectures.build("resnet/tiny", Task(height=16, width=16, channels=3, classes=3))
    for name, options in {"export": {}, "timed": {"saver": False}}.items():
        saved_model.write(network, ["a", "b", "c"], str(tmp_path / name), **options)
    pixels = tf.constant(np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)), tf.float32)
    answers = [
        tf.saved_model.load(str(tmp_path / name)).signatures["pixels"](pixels)["probabilities"].numpy()
        for name in ("export", "timed")
    ]
    np.testing.assert_array_equal(*answers)
    assert {name: _has_saver(tmp_path / name) for name in ("export", "timed")} == {"export": True, "timed": False}


def _has_saver(folder: Path) -> bool:
    return bool(loader_impl.parse_saved_model(str(folder)).meta_graphs[0].saver_def.restore_op_name)


@pytest.mark.slow
def test_a_network_is_timed_again_and_adds_to_what_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes differ, so another one goes on after three timings. Its cold start stays that of the search."""
    monkeypatch.setattr("suite.search.bench.CROWDED", 100.0)  # other tests run beside this one
    network = architectures.build("mobilenet/tiny", Task(height=32, width=32, channels=3, classes=10))
    wanted = Latency(path="litert", seconds=0.4)
    with Timer("litert", 1) as timer, Bench(wanted, [str(number) for number in range(10)], timer) as bench:
        bench.time(network, name="one")
        processes = []
        for _ in range(4):
            measures, _ = bench.time_again("one", lambda: network)
            assert timer._process is not None
            processes.append(timer._process.pid)
            assert "cold_start" not in measures
        timed = bench._blocks["one"]
    assert {block["timing"] for block in timed} == {0, 1, 2, 3, 4}
    assert processes[0] == processes[1] != processes[2] == processes[3]


def test_a_timing_again_adds_to_what_is_known_but_not_to_what_was_timed_among_other_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While a study begins, processes load their libraries: such a timing tells of them."""
    timer, before, others = Timer("litert", 1), [], iter([50.0, 0.0, 70.0, 3.0, 0.0])

    def ask(order: Order) -> list[dict[str, Any]]:
        before.append([block["timing"] for block in order.before["1"]])
        shown = {"reference": "", "rest": None, "follows": 0.2, "others": next(others), "steal": 0.0}
        timed = [{"timing": len(before)}]
        return [{"measures": {"latency": 1.0}, "slope": (0.2 * 4.0, 4.0), "timed": timed, **shown}]

    monkeypatch.setattr(timer, "ask", ask)
    network = architectures.build("mobilenet/tiny", Task(height=32, width=32, channels=3, classes=2))
    with timer, Bench(Latency(path="litert"), ["a", "b"], timer) as bench:
        bench.time(network, name="one")
        for _ in range(4):
            bench.time_again("one", lambda: network)
    assert before == [[], [], [2], [2], [2, 4]]


@pytest.mark.parametrize(("side", "supposed"), [(32, HELD), (512, USUAL)])
def test_candidates_tell_of_each_other_how_they_follow_the_references(
    monkeypatch: pytest.MonkeyPatch, side: int, supposed: Prior
) -> None:
    """Those of one study are alike, and none is timed for long enough to show it alone; but they are not the same.

    What a core's second cache holds tells nothing of what it does not hold.
    """
    monkeypatch.setattr(orders, "cached", lambda level: 2 ** (10 * level))
    timer, asked = Timer("litert", 1), []

    def ask(order: Order) -> list[dict[str, Any]]:
        asked.append(order.prior(1).seen(*order.slopes["1"]))
        shown = {"reference": "", "rest": None, "follows": 0.2, "others": 0.0, "steal": 0.0, "timed": []}
        return [{"measures": {"latency": 1.0}, "slope": (0.2 * 4.0, 4.0), **shown}]

    monkeypatch.setattr(timer, "ask", ask)
    bench = Bench(Latency(path="litert"), ["a", "b"], timer)
    networks = {
        one: architectures.build("mobilenet/tiny", Task(height=one, width=one, channels=3, classes=10))
        for one in (32, 512)
    }
    for _ in range(40):
        bench.time_file(Path("a.tflite"), networks[side])
    assert asdict(asked[0]) == pytest.approx(asdict(supposed))
    assert asked[5].deviation < asked[1].deviation < supposed.deviation
    assert asked[-1].deviation == pytest.approx((supposed.deviation**-2 + TOLD) ** -0.5)
    assert abs(asked[-1].mean - 0.2) < abs(asked[1].mean - 0.2) < abs(supposed.mean - 0.2)
    bench.time_file(Path("a.tflite"), networks[544 - side])
    assert asdict(asked[-1]) == pytest.approx(asdict(USUAL if supposed == HELD else HELD))
