"""Families at an equal budget: against known truths, and as they are printed and drawn."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from suite.cli.fronts import print_families
from suite.core import answers, fronts
from suite.core.errors import SuiteError
from suite.core.trial import Run
from suite.report import beside, certainty
from suite.report.comparison import compare
from suite.report.study import page
from suite.statistics import families
from tests.report_runs import run as one_run
from tests.report_runs import study, trial
from tests.simulated import worlds
from tests.test_certainty import made

PICTURES = 300


@pytest.mark.parametrize(("trials", "count"), [(10, 10), pytest.param(30, 10, marks=pytest.mark.slow)])
def test_the_hypervolume_is_that_on_new_pictures_and_its_interval_covers(trials: int, count: int) -> None:
    random, worst, best = np.random.default_rng(0), (0.6, 1.0), (1.0, 0.0)
    covered, errors = [], []
    for _ in range(60):
        size = random.random(trials)
        skill = ndtri(0.9) + size - 0.5 + 0.2 * random.standard_normal(trials)
        hard, luck = random.standard_normal(PICTURES), random.standard_normal((trials, PICTURES))
        right, truth = skill[:, None] > math.sqrt(0.5) * (hard + luck), ndtr(skill)
        found = families.hypervolume(right, size, worst, best, count, draws=100)
        known = []
        for _ in range(60 if count < trials else 1):
            drawn = random.permutation(trials)[:count]
            on = drawn[fronts.nondominated(np.column_stack([-right[drawn].mean(axis=1), size[drawn]]))]
            known.append(families.area(truth[on], size[on], worst, best))
        errors.append(found.value - np.mean(known))
        covered.append(found.interval.low <= np.mean(known) <= found.interval.high)
    assert abs(np.mean(errors)) < 0.015
    assert np.mean(covered) >= 0.9


def test_the_share_of_the_box_is_the_area_of_its_steps() -> None:
    assert families.area([0.8, 0.9], [1.0, 2.0], (0.7, 3.0), (1.0, 0.0)) == pytest.approx((0.1 * 1 + 0.2 * 1) / 0.9)


def test_the_interval_of_an_agreement_covers() -> None:
    random, covered, rho = np.random.default_rng(1), 0, 0.7
    for _ in range(400):
        short = random.standard_normal(20)
        known = families.agreed(short, rho * short + math.sqrt(1 - rho**2) * random.standard_normal(20))
        assert known
        covered += known[1].low <= 2 / math.pi * math.asin(rho) <= known[1].high
    assert 0.92 <= covered / 400 <= 0.98
    assert families.agreed([1, 2, 3], [1, 2, 3]) is None


def test_the_interval_of_an_agreement_covers_where_many_accuracies_are_the_same() -> None:
    """Without the ties in its variance it held the truth in 89 of 100 studies."""
    random, covered = np.random.default_rng(2), []
    for _ in range(1000):
        known = families.agreed(*worlds.ranked(random, 30, 0.0, "of 30 pictures"))
        assert known
        covered.append(known[1].low <= 0 <= known[1].high)
    assert np.mean(covered) >= 0.93


def test_few_networks_that_agree_fully_do_not_make_an_agreement_sure() -> None:
    """Of five pairs whose true tau is 0.8, more than one study in three sees the same ranking."""
    known = families.agreed([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
    opposite = families.agreed([1, 2, 3, 4, 5], [5, 4, 3, 2, 1])
    assert known
    assert opposite
    assert known[1].low < 0.6
    assert known[1].high == pytest.approx(1)
    assert opposite[1] == pytest.approx((-known[1].high, -known[1].low))


def family(folder: Path, name: str, share: float, count: int, seed: int) -> Run:
    """A run whose trials have about a `share` of the pictures right; larger ones a little more."""
    random, trials = np.random.default_rng(seed), []
    labels = np.random.default_rng(0).integers(2, size=PICTURES).astype(np.int32)
    for number in range(count):
        size = (number + 1) / count
        right = random.random(PICTURES) < share + 0.05 * size
        answers.write(made(labels, right), answers.place(folder, number))
        known = {"accuracy": 100 * float(right.mean()), "latency": 0.1 + size, "parameters": 1000 * size}
        trials.append(replace(trial(number), measures=known))
    return Run(folder=folder, study=study("resnet", constraints=[], name=name), trials=tuple(trials))


@pytest.fixture
def both(tmp_path: Path) -> list[Run]:
    return [family(tmp_path / "good", "good", 0.9, 8, 1), family(tmp_path / "poor", "poor", 0.6, 20, 2)]


def test_the_better_family_is_ahead_with_as_many_trials(both: list[Run], capsys: pytest.CaptureFixture[str]) -> None:
    print_families(both, "json")
    printed = capsys.readouterr()
    good, poor = json.loads(printed.out)
    assert (good["family"], good["trials"], poor["trials"]) == ("good", 8, 20)
    assert good["hypervolume_low"] > poor["hypervolume_high"]
    limits = [name for name in good if name.startswith("within ") and not name.endswith(("_low", "_high"))]
    assert len(limits) == 4
    for limit in limits:
        assert good[limit] > poor[limit]
        assert good[f"{limit}_low"] < good[limit] < good[f"{limit}_high"]
    assert "With 8 trials each" in printed.err
    assert "good is ahead." in printed.err


def test_two_families_that_are_alike_are_not_ranked(tmp_path: Path) -> None:
    runs = [family(tmp_path / name, name, 0.8, 12, seed) for seed, name in enumerate(("one", "other"), start=3)]
    comparison = compare(runs)
    (said,) = beside.told(comparison, certainty.of(comparison))
    assert said.endswith("Which of the first two is ahead is not known.")


def test_one_family_alone_has_nothing_to_be_compared_with(both: list[Run]) -> None:
    with pytest.raises(SuiteError, match="no two families"):
        print_families(both[:1], "table")


def test_the_page_puts_families_side_by_side(both: list[Run], tmp_path: Path) -> None:
    html = page.write(both, tmp_path / "page").read_text()
    assert "Families at an equal budget" in html
    assert "good is ahead." in html
    assert (tmp_path / "page" / "families.csv").exists()


def test_how_far_short_trainings_agreed_with_long_ones_is_said() -> None:
    known = one_run("resnet", 30)
    wanted = replace(known.study, fidelity=replace(known.study.fidelity, min_epochs=2))
    said = beside.told(compare([replace(known, study=wanted)]), None)
    assert [one.split(",")[0] for one in said] == ["After epoch 2", "After epoch 6"]


def test_of_so_few_pictures_that_a_resample_may_draw_all_there_is_a_hypervolume() -> None:
    right = np.array([[True, False], [False, False], [True, True]])
    found = families.hypervolume(right, [1.0, 2.0, 3.0], (-1e-9, 3.1), (1.0, 0.9), 2)
    assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1
