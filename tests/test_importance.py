"""What settings are worth: studies whose truth is known, and the sentences that answer their question."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.core.domains import Choice
from suite.core.trial import Run
from suite.report.comparison import compare
from suite.report.importance import of as worths_of
from suite.report.study import importances, page
from suite.statistics import importance
from tests.report_runs import study, trial
from tests.simulated.worlds import explained, priced
from tests.simulated.worlds import searched as tried

WORLDS = 150


@pytest.mark.parametrize("kind", ["even", "uneven", "together"])
@pytest.mark.parametrize(("count", "noise"), [(20, 1.0), (40, 0.3), (200, 1.0)])
def test_shares_are_without_bias_and_their_intervals_cover(kind: str, count: int, noise: float) -> None:
    random, known, covered, found = np.random.default_rng(1), explained(noise, kind), [], []
    for _ in range(WORLDS):
        columns, values, _ = tried(random, count, noise, kind)
        shares = importance.shares(columns, values)
        assert shares
        found.append([one.value for one in shares])
        covered.append([low <= true <= high for (_, (low, high)), true in zip(shares, known, strict=True)])
    assert np.abs(np.mean(found, axis=0) - known).max() < 0.04
    assert np.mean(covered, axis=0).min() >= 0.88
    assert np.mean(covered) >= 0.93


def test_a_setting_that_does_nothing_surely_explains_something_no_more_often_than_stated() -> None:
    random, sure, found = np.random.default_rng(2), 0, []
    for _ in range(WORLDS):
        shares = importance.shares(*tried(random, 30, 1.0, "even")[:2])
        assert shares
        sure += shares[2].interval.low > 0
        found.append(shares[2].value)
    assert sure / WORLDS <= 0.05
    assert np.mean(found) < 0.02


def test_the_sequence_of_importance_is_right_with_enough_trials() -> None:
    shares = importance.shares(*tried(np.random.default_rng(3), 300, 0.5, "even")[:2])
    assert shares
    assert np.argsort([-one.value for one in shares]).tolist() == [0, 3, 1, 2]


def test_with_fewer_trials_than_could_tell_nothing_is_said() -> None:
    columns, values, _ = tried(np.random.default_rng(4), 13, 1.0, "even")
    assert importance.shares(columns, values) is None
    columns, values, _ = tried(np.random.default_rng(4), 14, 1.0, "even")
    assert importance.shares(columns, values)


def test_settings_that_only_some_networks_have_are_judged_by_these() -> None:
    random = np.random.default_rng(5)
    family, rate = random.integers(2, size=400), random.uniform(-1, 1, 400)
    own = [float(value) if of else None for value, of in zip(rate, family, strict=True)]
    columns = [importance.levels(list(family)), importance.curve(own)]
    shares = importance.shares(columns, 3 * family + 2 * rate * family + 0.1 * random.standard_normal(400))
    assert shares
    assert shares[1].value > 0.1
    idle = importance.shares(columns, 3 * family + 0.1 * random.standard_normal(400))
    assert idle and idle[1].value < 0.01 < idle[0].value  # noqa: PT018


@pytest.mark.parametrize(("count", "uneven"), [(20, 0.0), (40, 1.0), (200, 1.0)])
def test_the_intervals_of_rates_cover(count: int, uneven: float) -> None:
    random, covered = np.random.default_rng(6), []
    for _ in range(WORLDS):
        columns, values, cost = priced(random, count, 0.5, uneven)
        found = importance.rates(columns, values, cost)
        assert found and found.settings == (0, 1)  # noqa: PT018
        ends = [found.interval(0), found.interval(1), found.apart(0, 1)]
        covered.append([low <= true <= high for (low, high), true in zip(ends, (1.2, 0.3, 0.9), strict=True)])
    assert (np.mean(covered, axis=0) >= 0.91).all()
    assert (np.mean(covered, axis=0) <= 0.995).all()


def test_two_settings_that_buy_the_same_are_told_apart_no_more_often_than_stated() -> None:
    random, false = np.random.default_rng(7), 0
    for _ in range(WORLDS):
        found = importance.rates(*priced(random, 40, 0.5, deep=0.8, wide=0.8))
        assert found
        low, high = found.apart(0, 1)
        false += low > 0 or high < 0
    assert false / WORLDS <= 0.08


# ---- in words


def searched(count: int, noise: float = 0.5, name: str = "resnet") -> Run:
    """A run in which depth buys 1.2 points for each doubling of the latency, and width 0.2."""
    space = {"depths": Choice(((1, 1), (1, 2), (2, 2), (3, 3))), "width": Choice((8, 16, 32))}
    asked = replace(study(constraints=[], name=name), space=space)
    random, trials = np.random.default_rng(8), []
    for number in range(count):
        depths, width = space["depths"].values[random.integers(4)], space["width"].values[random.integers(3)]
        rate = float(10 ** random.uniform(-4, -2))
        deeper, wider = np.log2(sum(depths)) - 1, np.log2(width) - 3  # type: ignore[arg-type]
        latency = 0.2 * 2 ** (deeper + 0.5 * wider)
        accuracy = 92 + 1.2 * deeper + 0.1 * wider - 1.5 * (np.log10(rate) + 3) ** 2 + noise * random.standard_normal()
        known = {"accuracy": accuracy, "latency": latency, "latency_low": latency, "latency_high": latency}
        chosen = {"space.depths": depths, "space.width": width, "recipe.learning_rate": rate}
        trials.append(replace(trial(number), configuration=chosen, measures=known, curve=()))
    return Run(folder=Path("runs") / name, study=asked, trials=tuple(trials))


def test_the_question_of_the_study_is_answered() -> None:
    (bought,), (accuracy, latency) = (
        each(worths_of(compare([searched(60)]))) for each in (importances.bought, importances.explained)
    )
    assert bought.startswith("Per doubling of latency, accuracy changes by +1.")
    assert bought.endswith("depths is the best buy.")
    assert "through width (95 % interval " in bought
    assert accuracy.startswith("Differences in accuracy among 60 trials are explained by ")
    assert accuracy.index("depths to ") < accuracy.index("learning_rate to ")
    assert "learning_rate" not in latency


def test_what_differs_by_less_than_its_interval_is_not_called_a_better_buy() -> None:
    (bought,) = importances.bought(worths_of(compare([searched(20, noise=6.0)])))
    assert bought.endswith("which of them is the better buy is not known.")


def test_few_trials_say_how_many_could_tell() -> None:
    assert importances.bought(worths_of(compare([searched(6)]))) == []
    (said,) = importances.explained(worths_of(compare([searched(6)])))
    assert said.startswith("Which setting matters is not known with 6 trials: ")
    assert importances.figures(worths_of(compare([searched(6)]))) == []


def test_each_run_has_its_own_answer_and_figure() -> None:
    worths = worths_of(compare([searched(40), searched(40, name="other")]))
    said = [*importances.bought(worths), *importances.explained(worths)]
    assert {sentence.partition(":")[0] for sentence in said} == {"resnet", "other"}
    assert [one.name for one in importances.figures(worths)] == ["importance-resnet", "importance-other"]


def test_the_page_answers_and_draws_it(tmp_path: Path) -> None:
    html = page.write([searched(60)], tmp_path).read_text()
    assert "depths is the best buy." in html
    known = pd.read_csv(tmp_path / "importance.csv")
    assert set(known["of"]) == {"variance of accuracy", "variance of latency", "doubling of latency"}
    assert (known["low"] <= known["value"]).all()
    assert (known["value"] <= known["high"]).all()
    assert (tmp_path / "importance.svg").exists()
