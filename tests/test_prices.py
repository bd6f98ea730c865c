"""Where candidates take different parts of what there is to spend, what counts is the gain for each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from suite.core.domains import Choice, Range, Value
from suite.core.fronts import hypervolume
from suite.core.study import Budget, Constraint, Fidelity, Study
from suite.core.trial import Trial
from suite.sampler.cheap_first import CheapFirstSampler
from suite.sampler.prospects import FIRST, LATER, NEVER
from suite.search import folder
from suite.search.fidelity import looks_first
from suite.search.space import decoded
from tests import studies

WIDTH = optuna.distributions.IntDistribution(1, 40)
KIND = optuna.distributions.CategoricalDistribution(["a", "b"])
LARGE = 50.0  # times the price of the other kind


def proposed(price: Any, count: int = 20) -> list[dict[str, Any]]:
    """Return proposals for a task in which both kinds are equally good."""
    sampler = CheapFirstSampler(
        lambda told: float(told["width"]), space={"width": WIDTH, "kind": KIND}, price=price, seed=1
    )
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    for _ in range(count):
        trial = study.ask({"width": WIDTH, "kind": KIND})
        study.tell(trial, (1 / (1 + trial.params["width"]), float(trial.params["width"])))
    return [trial.params for trial in study.trials]


def test_of_two_kinds_that_are_equally_good_the_one_is_tried_that_takes_less() -> None:
    dear = [told["kind"] for told in proposed(lambda told, costs: LARGE if told["kind"] == "b" else 1.0)]
    assert dear.count("b") <= 2
    assert [told["kind"] for told in proposed(None)].count("b") > 4


def test_where_all_take_the_same_a_price_changes_nothing() -> None:
    assert proposed(lambda told, costs: 7.0)[6:] == proposed(lambda told, costs: 1.0)[6:]


def test_a_price_is_told_the_costs_of_its_candidate() -> None:
    seen: list[tuple[float, float]] = []

    def price(told: Mapping[str, Any], costs: Any) -> float:
        seen.append((float(told["width"]), costs[0]))
        return 1.0

    proposed(price, 8)
    assert seen
    assert all(width == pytest.approx(cost) for width, cost in seen)


SIDES = (64, 96, 128, 160, 224)
NETWORKS = {"efficientnet/lite0": 1.0, "efficientnet/lite1": 1.3, "efficientnet/lite2": 1.5}
LOOP = studies.study(
    architecture=tuple(NETWORKS), weights="imagenet", image=Choice(SIDES), space={}, constraints=(),
    recipe={"mode": Choice(("frozen", "tune"))}, budget=Budget(hours=1), fidelity=Fidelity(epochs=10, min_epochs=2),
)  # fmt: skip
PICTURES, OVERHEAD = 1_000, 2e11  # of one trial, in multiply-adds


def costs(configuration: Mapping[str, Value]) -> dict[str, float]:
    """Return what a network costs about: more weights make it larger, more pixels slower."""
    size, side = NETWORKS[str(configuration["architecture"])], int(configuration["image"])  # type: ignore[call-overload]
    return {"parameters": 3.4e6 * size, "macs": 4e8 * size * (side / 224) ** 2, "activations": 7e6 * size}


def accuracy(configuration: Mapping[str, Value]) -> float:
    """Return an accuracy that grows with the size of pictures and, less, with that of the network."""
    side, known = int(configuration["image"]), costs(configuration)  # type: ignore[call-overload]
    return 76 - 9 * (64 / side) ** 1.5 + 3e-7 * (known["parameters"] - 3.4e6)


def work(trial: Trial, study: Study) -> float:
    """Return what a trial took, in multiply-adds."""
    epochs = study.whole * study.work(trial.configuration, trial.until or study.last(trial.configuration))
    return OVERHEAD + 3 * PICTURES * epochs * costs(trial.configuration)["macs"]


def ended(trial: Trial, study: Study) -> Trial:
    """Return a trial as it ends: each epoch of tuning adds a little."""
    last = study.last(trial.configuration) if trial.until is None else trial.until
    curve = tuple(
        {"epoch": epoch, "time": 1.7e9, "loss": 0.5, "val_loss": 0.5, "val_accuracy": told}
        for epoch in range(last + 1)
        for told in [accuracy(trial.configuration) + 0.1 * epoch]
    )
    done = studies.complete(replace(trial, configuration={**trial.configuration, **_shape()}))
    measures = {**costs(trial.configuration), "accuracy": curve[-1]["val_accuracy"]}
    state = "complete" if last == study.last(trial.configuration) else "paused"
    return replace(done, configuration=trial.configuration, measures=measures, curve=curve, state=state)


def _shape() -> dict[str, Value]:
    return {"space.depths": (1,), "space.widths": (1,)}  # of the networks of tests.studies


def volume(found: list[tuple[float, float]]) -> float:
    return hypervolume(np.array([(100 - one, np.log(size)) for one, size in found]), (40.0, np.log(6e6)))


@pytest.mark.parametrize("seed", [0, 4, 5, 11])  # without a price, 4 takes 1.5 times the whole loop
def test_the_front_of_a_loop_over_all_networks_and_sizes_is_found_with_half_of_its_work(
    tmp_path: Path, seed: int
) -> None:
    study = replace(LOOP, seed=seed)
    all_of_them = [
        {"architecture": name, "image": side, "recipe.mode": "frozen"} for name in NETWORKS for side in SIDES
    ]
    goal = volume([(accuracy(one), costs(one)["parameters"]) for one in all_of_them])
    loop = sum(OVERHEAD + PICTURES * costs(one)["macs"] for one in all_of_them)
    spent, found = 0.0, []
    with folder.opened(tmp_path / "run", study) as store:
        store.count_by(costs, PICTURES)
        while not found or volume(found) < 0.99 * goal:
            trial = ended(store.ask(), study)
            store.finish(trial)
            spent += work(trial, study)
            if trial.state == "complete":
                found.append((trial.measures["accuracy"], trial.measures["parameters"]))
    assert spent <= loop / 2


def test_hours_are_spent_on_networks_as_they_are_before_they_are_tuned(tmp_path: Path) -> None:
    """A tuning takes thirty times what its features take."""
    with folder.opened(tmp_path / "run", LOOP) as store:
        store.count_by(costs, PICTURES)
        modes = []
        for _ in range(6):
            trial = ended(store.ask(), LOOP)
            store.finish(trial)
            modes.append(LOOP.mode(trial.configuration))
    assert modes[:4] == ["frozen"] * 4


def asked(home: Path, study: Study, count: int) -> list[Trial]:
    """Return the first trials of a study whose networks are known beforehand."""
    with folder.opened(home / "run", study) as store:
        store.count_by(costs, PICTURES)
        for _ in range(count):
            store.finish(ended(store.ask(), study))
        return store.trials()


def test_no_tuning_goes_on_while_a_network_that_was_not_tried_frozen_promises_anything(tmp_path: Path) -> None:
    """A tuning was begun before these were thought of: it waits."""
    study = replace(LOOP, image=Choice((128, 160, 224)))
    with folder.opened(tmp_path / "run", study) as store:
        store.count_by(costs, PICTURES)
        modes = []
        for number in range(9):
            if number == 3:
                chosen = {"architecture": "efficientnet/lite0", "image": 128, "recipe.mode": "tune"}
                trial = store._past.trial(store._rows.begin(chosen, continues=None, until=2))
            else:
                trial = store.ask()
            store.finish(ended(trial, study))
            modes.append(study.mode(trial.configuration))
    assert modes[:3] + modes[4:6] == ["frozen"] * 5
    assert "tune" in modes[6:]


@pytest.mark.slow
def test_a_frozen_network_is_tried_once_whatever_the_rates_of_a_tuning(tmp_path: Path) -> None:
    """Its classifier has no rates. No proposal is wasted on it, nor is one drawn at random in its place."""
    study = replace(LOOP, recipe={**LOOP.recipe, "learning_rate": Range(low=3e-4, high=3e-3, log=True)})
    trials = asked(tmp_path, study, 24)
    looks = [one.configuration for one in trials if study.mode(one.configuration) == "frozen"]
    frozen = [(one["architecture"], one["image"]) for one in looks]
    assert len(set(frozen)) == len(frozen)
    assert [one.number for one in trials] == list(range(24))


def test_looks_come_first_until_they_took_as_much_work_as_a_tuning() -> None:
    """Of thousands of networks, not all are tried frozen before one is tuned."""
    look = trial_of(0, "frozen")
    assert looks_first(LOOP, [])
    assert looks_first(LOOP, [look])
    many = [replace(look, number=number) for number in range(40)]
    assert not looks_first(LOOP, many)
    assert looks_first(LOOP, [*many, trial_of(40, "tune"), trial_of(41, "tune")])
    assert not looks_first(replace(LOOP, recipe={"mode": "tune"}), [])


def trial_of(number: int, mode: str) -> Trial:
    chosen: dict[str, Value] = {"architecture": "efficientnet/lite0", "image": 128, "recipe.mode": mode}
    return ended(Trial(number=number, state="running", configuration=chosen), LOOP)


@pytest.mark.parametrize("count", [3, 20])
def test_what_comes_first_is_proposed_first_and_what_never_comes_is_not(count: int) -> None:
    """As long as it promises anything: here half of what comes first is dominated before it is tried."""
    turns = {"a": LATER, "b": FIRST, "c": NEVER}
    kinds = optuna.distributions.CategoricalDistribution(list(turns))
    sampler = CheapFirstSampler(
        lambda told: float(told["width"]),
        space={"width": WIDTH, "kind": kinds}, turn=lambda told: turns[told["kind"]], seed=1,
    )  # fmt: skip
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    for _ in range(count):
        trial = study.ask({"width": WIDTH, "kind": kinds})
        study.tell(trial, (1 / (1 + trial.params["width"]), float(trial.params["width"])))
    proposed = [trial.params["kind"] for trial in study.trials]
    assert proposed[: min(count, 6)] == ["b"] * min(count, 6)
    assert "c" not in proposed


def test_a_setting_with_a_single_value_is_known_though_samplers_leave_it_out() -> None:
    only = studies.study(space={"depths": Choice(((1, 1, 1),)), "widths": Choice(((2, 4, 4), (4, 4, 8)))})
    told = {"space.widths": "[4, 4, 8]", "recipe.learning_rate": 0.002}
    assert decoded(only, told)["space.depths"] == (1, 1, 1)
    with pytest.raises(KeyError):
        decoded(only, {"recipe.learning_rate": 0.002})


def test_multiply_adds_are_asked_for_where_hours_are_limited_though_no_objective_is_one() -> None:
    from suite.search.proposals import asked_of

    trials = replace(LOOP, budget=Budget(trials=9), constraints=(Constraint(measure="parameters", at_most=1e7),))
    assert asked_of(trials) == ["parameters"]
    assert asked_of(LOOP) == ["parameters", "macs"]
