"""The sampler in studies of Optuna that are not ours: does it find fronts, and keep what it is told?"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.samplers import BaseSampler, TPESampler
from scipy.stats import norm

from suite.core import fronts
from suite.sampler import gaussian, parameters
from suite.sampler.cheap_first import CheapFirstSampler

TWO = ("minimize", "minimize")


def blocks(trial: optuna.Trial) -> tuple[float, float]:
    """Return error and cost of a made-up network of one of two kinds, each with a size of its own."""
    kind = trial.suggest_categorical("kind", ["convolution", "dense"])
    width = trial.suggest_int("width", 4, 256, log=True)
    rate = trial.suggest_float("rate", 1e-4, 1e-1, log=True)
    if kind == "convolution":
        fit = 0.12 * abs(trial.suggest_int("kernel", 1, 7, step=2) - 3)
    else:
        fit = 0.4 + 0.05 * abs(trial.suggest_int("layers", 1, 6) - 3)
    dropout = trial.suggest_float("dropout", 0, 0.5)
    error = fit + 2 / width**0.5 + 0.15 * abs(math.log10(rate) + 2.5) + 0.3 * abs(dropout - 0.2)
    return error, weights(trial.params)


def weights(params: dict[str, Any]) -> float:
    by_kind = 300 * params["kernel"] ** 2 if params["kind"] == "convolution" else 100 * params["layers"]
    return float(by_kind * params["width"])


def run(
    sampler: BaseSampler, objective: Callable[[optuna.Trial], Any], trials: int, directions: tuple[str, ...] = TWO
) -> optuna.Study:
    study = optuna.create_study(directions=list(directions), sampler=sampler)
    study.optimize(objective, n_trials=trials)
    return study


def volume(study: optuna.Study) -> float:
    points = np.array([(trial.values[0], math.log10(trial.values[1])) for trial in study.trials])
    return fronts.hypervolume(points, (1.2, 6.0))


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_with_conditional_parameters_it_is_ahead_of_tpe_with_half_the_trials() -> None:
    ours = [volume(run(CheapFirstSampler(weights, seed=seed), blocks, 25)) for seed in (0, 1)]
    theirs = [volume(run(TPESampler(multivariate=True, group=True, seed=seed), blocks, 50)) for seed in (0, 1)]
    assert np.mean(ours) > np.mean(theirs)


def test_every_kind_is_tried_and_nothing_twice() -> None:
    study = run(CheapFirstSampler(weights, seed=3), blocks, 30)
    assert {trial.params["kind"] for trial in study.trials} == {"convolution", "dense"}
    assert len({str(trial.params) for trial in study.trials}) == 30


def plain(trial: optuna.Trial) -> tuple[float, float]:
    a, b = trial.suggest_int("a", 1, 12), trial.suggest_categorical("b", ["x", "y", "z"])
    return abs(a - 9) + 2 * (b != "y") + 0.1 * a, float(a)


def test_the_same_seed_proposes_the_same_and_an_interruption_changes_nothing() -> None:
    def proposals(seed: int, pieces: tuple[int, ...]) -> list[dict[str, Any]]:
        storage = optuna.storages.InMemoryStorage()
        for piece in pieces:
            sampler = CheapFirstSampler(lambda params: params["a"], seed=seed)
            study = optuna.create_study(
                study_name="one", storage=storage, load_if_exists=True, directions=list(TWO), sampler=sampler
            )
            study.optimize(plain, n_trials=piece)
        return [trial.params for trial in study.trials]

    assert proposals(1, (14,)) == proposals(1, (5, 9))
    assert proposals(1, (14,)) != proposals(2, (14,))


def test_a_finite_space_is_walked_through_and_may_be_repeated_then() -> None:
    study = run(CheapFirstSampler(lambda params: params["a"], seed=0), plain, 36)
    assert len({str(trial.params) for trial in study.trials}) == 36
    assert run(CheapFirstSampler(lambda params: params["a"], seed=0, repeat=True), plain, 40)


def test_what_costs_too_much_or_cannot_be_had_is_not_proposed() -> None:
    sampler = CheapFirstSampler(lambda p: None if p["b"] == "x" else p["a"], limits=[7], seed=0)
    study = run(sampler, plain, 15)
    later = study.trials[1:]  # the first is drawn before any parameter is known
    assert all(trial.params["a"] <= 7 and trial.params["b"] != "x" for trial in later[:13])


def test_a_constraint_that_only_trials_tell_is_learnt() -> None:
    def objective(trial: optuna.Trial) -> tuple[float, float]:
        a, b = trial.suggest_float("a", 0, 1), trial.suggest_float("b", 0, 1)
        trial.set_constraint("enough", 1.2 - a - b)
        return (a - 0.2) ** 2 + (b - 0.3) ** 2, 1 + a

    study = run(CheapFirstSampler(lambda params: 1 + params["a"], seed=0), objective, 40)
    broken = [trial.constraints["enough"] > 0 for trial in study.trials]
    assert sum(broken[20:]) < sum(broken[:20])
    assert study.best_trials


def test_costs_may_stand_anywhere_among_the_objectives_and_be_maximised_as_well() -> None:
    def objective(trial: optuna.Trial) -> tuple[float, float, float]:
        a, b = trial.suggest_int("a", 1, 50), trial.suggest_float("b", 0.1, 10)
        return a * a, -abs(b - 3) - abs(a - 20) / 10, a * b

    def found(sampler: BaseSampler) -> float:
        study = run(sampler, objective, 30, ("minimize", "maximize", "minimize"))
        points = [
            (math.log(one), -two, math.log(three)) for one, two, three in (trial.values for trial in study.trials)
        ]
        return fronts.hypervolume(np.array(points), (8, 8, 7))

    by_cost = CheapFirstSampler(lambda p: (p["a"] ** 2, p["a"] * p["b"]), positions=(0, 2), seed=1)
    assert found(by_cost) > found(optuna.samplers.RandomSampler(1))


def test_one_objective_is_a_search_for_its_least_value() -> None:
    def objective(trial: optuna.Trial) -> float:
        return (trial.suggest_float("x", -5, 5) - 1.234) ** 2 + (trial.suggest_float("y", -5, 5) + 2) ** 2

    assert run(CheapFirstSampler(seed=1), objective, 30, ("minimize",)).best_value < 0.05


def test_costs_that_take_their_time_are_asked_for_seldom_and_still_kept_to() -> None:
    asked: list[dict[str, Any]] = []

    def slow(params: dict[str, Any]) -> float:
        asked.append(params)
        return weights(params)

    ours = [volume(run(CheapFirstSampler(slow, calls=5, seed=seed), blocks, 25)) for seed in (1, 2, 3)]
    assert len(asked) <= 3 * 25 * 6
    assert np.mean(ours) > np.mean([volume(run(optuna.samplers.RandomSampler(seed), blocks, 25)) for seed in (1, 2, 3)])


def test_what_differs_in_what_costs_nothing_is_asked_for_once() -> None:
    asked: list[int] = []

    def costs(params: dict[str, Any]) -> float:
        asked.append(params["a"])
        return float(params["a"])

    run(CheapFirstSampler(costs, calls=3, deciding=["a"], seed=0), plain, 12)
    assert len(asked) <= 12 + len(set(asked))  # once for each network, and again for each trial that ended


def test_workers_side_by_side_are_given_different_candidates() -> None:
    study = optuna.create_study(directions=list(TWO), sampler=CheapFirstSampler(lambda p: p["a"], seed=0))
    study.optimize(plain, n_trials=8)
    space = study.trials[0].distributions
    side_by_side = [study.ask(space).params for _ in range(4)]
    assert len({str(params) for params in side_by_side}) == 4


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_the_boxes_of_a_front_hold_what_it_leaves(objectives: int) -> None:
    """A certain candidate adds what the hypervolume, computed by moocore, says."""
    source = np.random.default_rng(objectives)
    points, reference = source.random((12, objectives)), np.full(objectives, 0.9)
    candidates = source.random((40, objectives))
    gain = fronts.expected_improvement(*fronts.boxes(points, reference), candidates, np.zeros_like(candidates))
    before = fronts.hypervolume(points, reference)
    added = [fronts.hypervolume(np.vstack([points, one]), reference) - before for one in candidates]
    assert gain == pytest.approx(np.array(added), abs=1e-12)


def test_the_expected_improvement_is_the_mean_of_the_improvements() -> None:
    source = np.random.default_rng(0)
    points, reference = source.random((8, 3)), np.ones(3)
    mean, deviation = np.array([[0.4, 0.2, 0.3]]), np.array([[0.2, 0.0, 0.1]])
    expected = fronts.expected_improvement(*fronts.boxes(points, reference), mean, deviation)[0]
    drawn = mean + deviation * norm.ppf((np.argsort(source.random((3, 4000))).T + 0.5) / 4000)
    before = fronts.hypervolume(points, reference)
    gains = [fronts.hypervolume(np.vstack([points, one]), reference) - before for one in drawn]
    assert expected == pytest.approx(np.mean(gains), rel=0.05)


def inputs(count: int, seed: int = 0) -> gaussian.Inputs:
    source = np.random.default_rng(seed)
    unused = np.where(source.random(count) < 0.3, np.nan, source.random(count))
    own = np.column_stack([source.integers(0, 3, count), source.random(count), unused])
    level = source.integers(0, 2, count).astype(float)
    names = np.array([True, False, False])
    return gaussian.Inputs(own=own, names=names, derived=source.random((count, 2)), level=level)


def test_the_process_predicts_what_the_textbook_says() -> None:
    """Rasmussen and Williams, Gaussian Processes, equations 2.23 and 2.24, solved by inverting matrices."""
    seen, new = inputs(20), inputs(7, seed=1)
    values = np.random.default_rng(2).normal(size=20)
    process = gaussian.Process(seen, values, np.random.default_rng(0))

    def covariance(a: gaussian.Inputs, b: gaussian.Inputs) -> np.ndarray:
        return process.kernel.parts(process.theta, gaussian.distances(a, b)).covariance

    noise = np.exp(process.theta[process.kernel.at["noise"]]) + gaussian.JITTER
    inverse = np.linalg.inv(covariance(seen, seen) + noise * np.eye(20))
    mean, deviation = process.predict(new)
    assert mean == pytest.approx(covariance(new, seen) @ inverse @ values)
    variance = np.diag(covariance(new, new) - covariance(new, seen) @ inverse @ covariance(seen, new))
    assert deviation**2 == pytest.approx(variance, rel=1e-6)


def test_the_gradient_of_the_fit_is_that_of_differences() -> None:
    seen, values = inputs(20), np.random.default_rng(2).normal(size=20)
    process = gaussian.Process(seen, values, np.random.default_rng(0))
    apart = gaussian.distances(seen, seen)
    at = process.kernel.prior + np.random.default_rng(3).normal(size=len(process.kernel.prior))
    _, gradient = process._loss(at, apart, values)
    steps = 1e-5 * np.eye(len(at))
    differences = [
        (process._loss(at + s, apart, values)[0] - process._loss(at - s, apart, values)[0]) / 2e-5 for s in steps
    ]
    assert gradient == pytest.approx(np.array(differences), abs=1e-6)


def test_choices_that_are_numbers_or_lists_of_numbers_have_an_order() -> None:
    distribution = optuna.distributions.CategoricalDistribution(["[8, 16]", "[2, 4]", "[16, 32]"])
    assert parameters.Parameter.of("widths", distribution).place(np.arange(3.0)).tolist() == [0.5, 0.0, 1.0]
    assert parameters.Parameter.of("act", optuna.distributions.CategoricalDistribution(["relu", "gelu"])).is_name
    assert parameters.Parameter.of("bias", optuna.distributions.CategoricalDistribution([True, False])).is_name


def test_long_lists_of_choices_are_searched_as_well() -> None:
    """Thirty pairs of widths, written as JSON, and thirty names, of which one is better than the others."""
    widths = [f"[{first}, {first + more}]" for first in range(4, 64, 4) for more in (0, 8)]
    names = [f"recipe {number}" for number in range(30)]

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        first, second = json.loads(trial.suggest_categorical("widths", widths))
        poor = trial.suggest_categorical("recipe", names) != names[11]
        return 10 / first + 5 / second + poor, first * second

    def cost(params: dict[str, Any]) -> float:
        first, second = json.loads(params["widths"])
        return float(first * second)

    study = run(CheapFirstSampler(cost, seed=0), objective, 60)
    assert {trial.params["recipe"] for trial in study.best_trials} == {names[11]}
    assert len({trial.values[1] for trial in study.best_trials}) > 15  # of 16 widths that are on the front


def test_a_cost_that_fails_is_not_hidden() -> None:
    with pytest.raises(KeyError, match="depth"):
        run(CheapFirstSampler(lambda params: {"a": 1}[params["a"] and "depth"], seed=0), plain, 3)
