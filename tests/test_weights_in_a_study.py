"""A study that begins with weights of another training: read, checked, run, and its trials told apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from suite import architectures, pipeline, tracking
from suite.architectures import candidate
from suite.core.domains import Choice, Range
from suite.core.errors import ArchitectureError, StudyError
from suite.core.preprocessing import Preprocessing
from suite.core.study import Budget, Fidelity
from suite.core.task import Task
from suite.core.trial import Run, Trial
from suite.search import fidelity, folder
from suite.search import trained as trained_networks
from suite.search.budget import parts, spent
from suite.tracking.delivery import Delivery
from tests import studies
from tests.runs import hold_answers

SIDE = 16
TUNED = studies.study(weights="imagenet", recipe={}, fidelity=Fidelity(epochs=9, min_epochs=3))
MIXED = replace(TUNED, recipe={"mode": Choice(("scratch", "frozen", "tune"))})


def a_trial(number: int, mode: str, state: str = "paused", **known: object) -> Trial:
    return Trial(number=number, state=state, configuration={"recipe.mode": mode}, **known)  # type: ignore[arg-type]


def curve(*epochs: int) -> tuple[dict[str, float], ...]:
    return tuple({"epoch": epoch, "val_accuracy": 50.0 + epoch, "val_loss": 1.0} for epoch in epochs)


@pytest.mark.parametrize(("mode", "pauses"), [("scratch", [3, None]), ("tune", [0, 3, None]), ("frozen", [None])])
def test_a_tuning_pauses_after_its_classifier_and_a_frozen_network_ends_there(
    mode: str, pauses: list[int | None]
) -> None:
    told, done = [], None
    while not told or told[-1] is not None:
        told.append(fidelity.stop(MIXED, {"recipe.mode": mode}, done))
        done = told[-1]
    assert told == pauses


def test_the_features_of_a_classifier_cost_a_third_of_an_epoch() -> None:
    trials = [
        a_trial(0, "tune", until=0), a_trial(1, "frozen", "complete"), a_trial(2, "scratch", until=3),
        a_trial(3, "tune", until=3, continues=0), a_trial(4, "tune", "complete", continues=3),
    ]  # fmt: skip
    whole = 9 + 1 / 3
    each = {number: whole * part for number, part in parts(trials, MIXED).items()}
    assert each == pytest.approx({0: 1 / 3, 1: 1 / 3, 2: 3, 3: 3, 4: 6})
    assert parts(trials[:1] + trials[3:], TUNED).keys() == {0, 3, 4}
    assert sum(parts(trials[:1] + trials[3:], TUNED).values()) == pytest.approx(1)


def test_where_every_trial_is_frozen_each_is_one_of_the_budget() -> None:
    frozen = replace(TUNED, recipe={"mode": "frozen"})
    used = spent([a_trial(0, "frozen", "complete"), a_trial(1, "frozen", "complete")], frozen)
    assert used.trials == 2
    assert used.exhausts(Budget(trials=2))
    assert not used.exhausts(Budget(trials=3))


def test_what_a_trial_tells_is_compared_with_others_at_the_same_epoch() -> None:
    tuned = a_trial(0, "tune", curve=curve(0, 1, 2, 3), until=3, measures={"accuracy": 53.0, "parameters": 7.0})
    assert fidelity.levels(MIXED, tuned) == {0.0: [50.0, 7.0], 1.0: [53.0, 7.0]}
    new = a_trial(1, "scratch", curve=curve(1, 2, 3), until=3, measures={"accuracy": 53.0, "parameters": 7.0})
    assert fidelity.levels(MIXED, new) == {1.0: [53.0, 7.0]}
    frozen = a_trial(2, "frozen", "complete", curve=curve(0), measures={"accuracy": 50.0, "parameters": 7.0})
    assert fidelity.levels(MIXED, frozen) == {2.0: [50.0, 7.0]}


def test_of_equal_promises_the_one_with_less_work_left_goes_on() -> None:
    small = a_trial(0, "tune", until=0, measures={"macs": 1e6, "accuracy": 1.0})
    large = a_trial(1, "tune", until=0, measures={"macs": 9e6, "accuracy": 2.0})
    chosen = fidelity.best(
        replace(TUNED, budget=Budget(trials=9)), [large, small], lambda number: False, lambda _: [1, 1]
    )
    assert chosen is small


def test_the_features_of_a_network_are_classified_once_whatever_the_recipes(tmp_path: Path) -> None:
    """Another rate of learning tells nothing before the first epoch, and nothing at all of a frozen network."""
    recipe = {"mode": Choice(("frozen", "tune")), "learning_rate": Range(low=1e-4, high=1e-2, log=True)}
    frozen, tuned = set(), 0
    with folder.opened(tmp_path / "run", replace(TUNED, recipe=recipe, budget=Budget(trials=6))) as store:
        for _ in range(14):
            trial = store.ask()
            assert trial
            network = str(trial.configuration["space.depths"]) + str(trial.configuration["space.widths"])
            is_frozen = trial.configuration["recipe.mode"] == "frozen"
            assert not (is_frozen and network in frozen)
            if not is_frozen and trial.continues is None:
                assert network in frozen  # whoever stops now has a network
                assert trial.until == 3
                tuned += 1
            frozen |= {network} if is_frozen else set()
            last = 0 if is_frozen else 9 if trial.until is None else trial.until
            done = studies.complete(trial, accuracy=50 + studies.weights(trial) / 200)
            store.finish(
                replace(
                    done, curve=curve(*range(last + 1)), state="paused" if last < 9 and not is_frozen else "complete"
                )
            )
    assert tuned
    assert frozen


def test_a_training_from_scratch_tells_nothing_of_the_features_of_the_weights() -> None:
    for mode, until in (("scratch", 0), ("frozen", 3), ("tune", 3)):
        known = [a_trial(0, mode, "complete")]
        assert fidelity.first_stop(MIXED, {"recipe.mode": "tune"}, known) == until


def test_where_no_network_may_stay_frozen_each_pauses_once_after_its_classifier(tmp_path: Path) -> None:
    classified, again = set(), 0
    with folder.opened(tmp_path / "run", replace(TUNED, budget=Budget(trials=6))) as store:
        for _ in range(8):
            trial = store.ask()
            assert trial
            network = str(trial.configuration["space.depths"]) + str(trial.configuration["space.widths"])
            if trial.continues is None:
                assert trial.until == (3 if network in classified else 0)
            else:
                again += 1
            classified.add(network)
            last = 9 if trial.until is None else trial.until
            done = studies.complete(trial, accuracy=50 + studies.weights(trial) / 200)
            store.finish(replace(done, curve=curve(*range(last + 1)), state="paused" if last < 9 else "complete"))
    assert again


@pytest.mark.parametrize(
    ("recipe", "key"), [({"mode": "tune"}, "mode"), ({"body_rate": 0.5}, "body_rate"), ({"frozen_stages": 1}, "frozen")]
)
def test_how_to_use_weights_means_nothing_without_them(recipe: dict[str, object], key: str) -> None:
    with pytest.raises(StudyError, match=rf'recipe.{key}.* there are none. Add weights = "imagenet"'):
        studies.study(recipe=recipe)
    assert studies.study(recipe={"mode": "scratch"}).modes == ("scratch",)


def test_a_network_of_the_space_that_was_kept_is_a_start_for_others_of_its_kind(tmp_path: Path) -> None:
    """Its file says which fields of its Config differ from those of its name, and how it was shown its pictures."""
    wider = replace(architectures.config("resnet/tiny"), widths=(4, 8, 12), depths=(1, 1, 1))
    seen = Preprocessing(mean=(1.0, 2.0, 3.0))
    kept = architectures.family("resnet").build(wider, Task(height=16, width=16, channels=3, classes=4))
    origin = {"title": "run/3", "preprocessing": str(seen), "changes": {"widths": (4, 8, 12), "depths": (1, 1, 1)}}
    trained_networks.write(kept, tmp_path / "3.keras", origin)
    study = pipeline.study(file('weights = "./3.keras"', tmp_path))
    assert candidate.preprocessing(study, {}) == replace(seen, resolution=16)
    begun = candidate.given(study, {}, candidate.network(study, {}, Task(height=16, width=16, channels=3, classes=9)))
    np.testing.assert_array_equal(begun.weights[0].numpy(), kept.weights[0].numpy())
    (tmp_path / "3.json").write_text("{")
    architectures.weights_for.cache_clear()
    with pytest.raises(ArchitectureError, match=r"3\.json is damaged"):
        pipeline.study(file('weights = "./3.keras"', tmp_path))


def file(text: str, folder: Path) -> Path:
    path = folder / "study.toml"
    path.write_text(
        f'name = "begun"\narchitecture = "resnet/tiny"\ndataset = "digits"\nimage = [{SIDE}, {SIDE}, 3]\n{text}\n'
        '[[objectives]]\nmeasure = "accuracy"\ngoal = "max"\n[[objectives]]\nmeasure = "parameters"\ngoal = "min"\n'
        "[budget]\ntrials = 2\n[fidelity]\nepochs = 1\n[latency]\nseconds = 0.3\nsettling = 0\n"
    )
    return path


def test_weights_that_are_not_here_are_said_before_anything_is_spent(tmp_path: Path) -> None:
    with pytest.raises(ArchitectureError, match=r"no file .*gone\.keras with weights for 'resnet/tiny'"):
        pipeline.study(file('weights = "./gone.keras"', tmp_path))
    with pytest.raises(ArchitectureError, match="no weights are known for 'resnet/tiny'"):
        pipeline.study(file('weights = "imagenet"', tmp_path))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a network that plays the part of somebody's training, for pictures of another size."""
    keras.utils.set_random_seed(5)
    path = tmp_path_factory.mktemp("weights") / "trained.keras"
    architectures.build("resnet/tiny", Task(height=32, width=32, channels=3, classes=7)).save(path)
    return path


@pytest.mark.slow
def test_weights_are_for_colour_pictures_of_the_size_that_they_were_made_for(tmp_path: Path, trained: Path) -> None:
    (tmp_path / "here.keras").write_bytes(trained.read_bytes())
    read = pipeline.study(file('weights = "./here.keras"', tmp_path))
    assert (read.weights, read.image, read.modes) == (str(tmp_path / "here.keras"), (SIDE, SIDE, 3), ("tune",))
    assert read.recipe == {"mode": "tune", "batch_size": 32, "norm_clipping": 1.0}
    with pytest.raises(StudyError, match=r"colour pictures: \[8, 8, 3\]"):
        pipeline.study(file('weights = "./here.keras"', tmp_path), ["image=[8, 8, 1]"])
    with pytest.raises(StudyError, match="no configuration in \\[space\\] fits the weights"):
        pipeline.study(file('weights = "./here.keras"\nspace.widths = [4, 4]', tmp_path))


@pytest.fixture(scope="module")
def done(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run with one trial of each mode, at least."""
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUITE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(tracking, "deliver", lambda *_, **__: Delivery(delivered=0, waiting=0))
        text = f'weights = "{trained}"\nrecipe.mode = {{ choice = ["frozen", "tune", "scratch"] }}'
        return pipeline.run(pipeline.study(file(text, root), ["budget.trials=40"]), root, show=False)


@pytest.mark.slow
def test_each_trial_says_how_it_began_and_on_which_weights(done: Run, trained: Path) -> None:
    ended = {done.study.mode(trial.configuration): trial for trial in done.trials if trial.state == "complete"}
    assert ended.keys() == {"frozen", "tune", "scratch"}
    assert [row["epoch"] for row in ended["frozen"].curve] == [0]
    assert [row["epoch"] for row in ended["tune"].curve] == [0, 1]
    assert [row["epoch"] for row in ended["scratch"].curve] == [1]
    assert ended["frozen"].surroundings["mode"] == "frozen"
    assert ended["frozen"].surroundings["weights"] == trained.name
    assert "weights" not in ended["scratch"].surroundings


@pytest.mark.slow
def test_whatever_the_mode_a_trial_keeps_the_answers_of_its_network(done: Run) -> None:
    hold_answers(done)


@pytest.mark.slow
def test_the_classifier_of_one_network_is_the_same_whether_it_is_tuned_afterwards_or_not(done: Run) -> None:
    first = {trial.curve[0]["val_accuracy"] for trial in done.trials if trial.curve and trial.curve[0]["epoch"] == 0}
    assert len(first) == 1


@pytest.mark.slow
def test_a_trial_is_a_start_for_another_study(done: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    complete = next(trial for trial in done.trials if trial.state == "complete")
    read = pipeline.study(file(f'weights = "{done.folder}/{complete.number}"', tmp_path))
    assert read.weights == str(done.folder / "models" / f"{complete.number}.keras")
    found = candidate.weights(read, {})
    assert found.title == f"begun/{complete.number}"
    assert found.preprocessing.mean == candidate.preprocessing(done.study, complete.configuration).mean
    with pytest.raises(StudyError, match=r"weights = .*/999: no trained network of trial 999"):
        pipeline.study(file(f'weights = "{done.folder}/999"', tmp_path))
