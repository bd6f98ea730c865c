"""Statistics against known truths, and against other implementations."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.special import log_softmax

from suite.core.dominance import Intervals
from suite.core.fronts import nondominated
from suite.statistics import calibration, chosen, fronts, gaps, intervals, pairs, searches, seeds
from tests.simulated.worlds import classifiers, several_trained_again, trained_again

WORLDS = 300  # simulated studies: a coverage of 0.95 is seen within 0.025 of it, at two standard errors


@given(st.integers(1, 5000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_is_scipys(seen: tuple[int, int]) -> None:
    right, total = seen
    known = stats.binomtest(right, total).proportion_ci(0.95, "wilson")
    assert intervals.wilson(right / total, total) == pytest.approx((known.low, known.high), abs=1e-9)


def test_wilson_is_that_of_a_published_table() -> None:
    """Newcombe (1998), Statistics in Medicine 17, 857, Table I: 81 of 263 by the score method."""
    low, high = intervals.wilson(81 / 263, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


# ---- the trial that was chosen


@pytest.mark.parametrize(
    ("trials", "pictures", "share", "spread"),
    [(50, 180, 0.95, 0.3), (30, 400, 0.8, 0.1), (1, 180, 0.95, 0.3), (3, 180, 0.95, 0.3), (10, 180, 0.8, 0.2)],
)
def test_the_corrected_accuracy_is_unbiased_within_a_point_and_its_interval_covers(
    trials: int, pictures: int, share: float, spread: float
) -> None:
    random = np.random.default_rng(0)
    errors, covered = [], 0
    for _ in range(WORLDS):
        truth, right = classifiers(random, trials=trials, pictures=pictures, share=share, spread=spread)
        found, seen = chosen.corrected(right, resamples=200), right.mean(axis=1)
        best = truth[random.choice(np.flatnonzero(seen == seen.max()))]
        errors.append(found.share - best)
        covered += found.interval.low <= best <= found.interval.high
    assert abs(np.mean(errors)) < 0.01
    assert 0.91 <= covered / WORLDS <= 0.985


def test_of_fifty_equal_trials_the_flattery_is_undone() -> None:
    random, flattered, corrected = np.random.default_rng(1), [], []
    for _ in range(100):
        _, right = classifiers(random, trials=50, pictures=180, share=0.95, spread=0, alike=0.2)
        found = chosen.corrected(right, resamples=200)
        flattered.append(found.seen - 0.95)
        corrected.append(found.share - 0.95)
    assert np.mean(flattered) > 0.028
    assert abs(np.mean(corrected)) < 0.005


def test_the_resamples_of_many_trials_are_those_of_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    _, right = classifiers(np.random.default_rng(2), trials=20, pictures=60, share=0.7, spread=0.2)
    whole = chosen.corrected(right)
    monkeypatch.setattr(chosen, "BLOCK", 60 * 37)
    assert chosen.corrected(right).share == pytest.approx(whole.share, abs=0.01)


# ---- pairs


def test_mcnemar_is_the_binomial_test_of_the_pictures_that_differ() -> None:
    _, right = classifiers(np.random.default_rng(3), trials=12, pictures=90, share=0.7, spread=0.4)
    for one, p in zip(right, pairs.mcnemar(right, right[0]), strict=True):
        won, lost = int((one & ~right[0]).sum()), int((~one & right[0]).sum())
        assert p == pytest.approx(stats.binomtest(won, won + lost).pvalue if won + lost else 1.0)


@given(arrays(float, st.integers(1, 12), elements=st.floats(0, 1)))
def test_holm_rejects_step_by_step(p: np.ndarray) -> None:
    for level in (0.01, 0.05, 0.5):
        rejected = set()
        for step, test in enumerate(np.argsort(p, kind="stable")):
            if p[test] * (len(p) - step) > level:
                break
            rejected.add(int(test))
        assert set(np.flatnonzero(pairs.holm(p) <= level)) == rejected


def test_equal_trials_are_told_apart_no_more_often_than_stated() -> None:
    random, false = np.random.default_rng(4), 0
    for _ in range(WORLDS):
        _, right = classifiers(random, trials=8, pictures=200, share=0.8, spread=0)
        false += bool(pairs.different(right).any())
    assert false / WORLDS <= 0.05


def test_two_that_were_chosen_among_many_need_more_to_be_told_apart() -> None:
    """The same number of pictures that differ tells two networks apart, but not the two that stand out of ten."""
    right = np.ones((10, 100), dtype=bool)
    right[1, :9] = False  # p is 0.004
    assert pairs.different(right[:2]).any()
    assert not pairs.different(right[:2], among=10).any()
    assert pairs.not_worse(right, 0).all(), "as of the one that is measurably worse"
    right[1, :14] = False
    assert pairs.different(right[:2], among=10).any()
    assert not pairs.not_worse(right, 0)[1]


def test_of_equal_trials_none_is_measurably_worse_than_the_luckiest_more_often_than_stated() -> None:
    random, false = np.random.default_rng(4), 0
    for _ in range(WORLDS):
        _, right = classifiers(random, trials=40, pictures=200, share=0.8, spread=0)
        false += not pairs.not_worse(right, int(right.sum(axis=1).argmax())).all()
    assert false / WORLDS <= 0.05


def test_equal_networks_that_err_on_pictures_of_their_own_are_not_told_apart_by_their_seeds() -> None:
    """Every seed of a network has the same pictures wrong: seeds alone would tell equal networks apart."""
    random, by_seeds, false = np.random.default_rng(5), 0, 0
    for _ in range(40):
        right = several_trained_again(random, shares=[0.9, 0.9], seeds=6, pictures=357, by_seed=0.0, own=0.45)
        best, other = right[np.argsort(-right.mean(axis=(1, 2)))]
        p = seeds.sign_flip(best.mean(axis=1) - other.mean(axis=1))
        by_seeds += p <= pairs.LEVEL
        false += seeds.worse(best, other, p, 2)
    assert by_seeds > 8
    assert false <= 3


def test_a_network_that_is_behind_on_most_pictures_is_worse() -> None:
    random = np.random.default_rng(6)
    best, other = (random.random((6, 400)) < share for share in (0.9, 0.7))
    assert seeds.worse(best, other, seeds.sign_flip(best.mean(axis=1) - other.mean(axis=1)), 5)
    assert not seeds.worse(best, other, 0.06, 5)


def test_beside_the_luckiest_of_ten_equal_networks_an_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Student's interval, which knows nothing of the choice, would hold it in 84 of 100 rows."""
    random, held = np.random.default_rng(8), []
    for _ in range(40):
        right = several_trained_again(random, shares=[0.9] * 10, seeds=9, pictures=357, by_seed=0.1, own=0.4)
        best, *others = right[np.argsort(-right.mean(axis=(1, 2)))]
        held += [seeds.behind(best, other, 10).interval.low <= 0 for other in others]
    assert np.mean(held) > 0.93


def test_two_networks_have_students_interval() -> None:
    best, other = np.random.default_rng(9).random((2, 6, 400)) < 0.9
    assert seeds.behind(best, other, 2).interval == pytest.approx(seeds.mean(best.astype(float) - other).interval)


def test_what_is_far_worse_is_not_a_peer_of_the_best() -> None:
    _, right = classifiers(np.random.default_rng(5), trials=2, pictures=400, share=0.9, spread=0)
    right = np.vstack([right, classifiers(np.random.default_rng(6), trials=1, pictures=400, share=0.6, spread=0)[1]])
    best = int(right.sum(axis=1).argmax())
    assert pairs.not_worse(right, best).tolist() == [True, True, False]


@given(st.integers(1, 7).flatmap(lambda count: arrays(bool, (count, count))))
def test_two_trials_share_a_letter_if_and_only_if_they_cannot_be_told_apart(drawn: np.ndarray) -> None:
    apart = np.triu(drawn, 1) | np.triu(drawn, 1).T
    named = pairs.letters(apart)
    for one, other in combinations(range(len(apart)), 2):
        assert bool(set(named[one]) & set(named[other])) is not bool(apart[one, other])
    found = pairs.groups(apart)
    assert not any(set(one) < set(other) for one in found for other in found)


def test_after_z_comes_aa() -> None:
    assert [pairs._letter(number) for number in (0, 25, 26, 51, 52)] == ["a", "z", "aa", "az", "ba"]


# ---- gaps


def test_the_interval_of_a_gap_is_tangos() -> None:
    """Of 1 and 7 of 21 pairs, -0.517 to -0.026: Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014)."""
    before, after = (
        np.array(shares, bool) for shares in ([1] + [1] + [0] * 7 + [0] * 12, [1] + [0] + [1] * 7 + [0] * 12)
    )
    value, (low, high) = gaps.gap(before, after)
    assert value == pytest.approx(-6 / 21)
    assert (round(low, 3), round(high, 3)) == (-0.517, -0.026)


@given(st.integers(1, 400).flatmap(lambda n: arrays(bool, (2, n))))
def test_an_interval_of_a_gap_has_no_zero_if_and_only_if_a_score_test_tells_both_apart(right: np.ndarray) -> None:
    one, other = right
    won, lost = int((one & ~other).sum()), int((~one & other).sum())
    value, (low, high) = gaps.gap(one, other)
    assert -1 <= low <= value <= high <= 1
    test = abs(won - lost) / math.sqrt(won + lost) if won + lost else 0.0
    if abs(test - 1.959964) > 1e-4:
        assert gaps.gap(one, other).is_sure == (test > 1.959964)
    swapped = intervals.paired(other, one)
    assert (-swapped.high, -swapped.low) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(
    ("trials", "pictures", "share", "spread"), [(6, 357, 0.97, 0.2), (30, 357, 0.95, 0.2), (50, 1000, 0.9, 0.3)]
)
def test_the_interval_of_a_gap_covers_between_neighbours_that_the_same_pictures_chose(
    trials: int, pictures: int, share: float, spread: float
) -> None:
    random, covered, errors = np.random.default_rng(13), [], []
    for _ in range(WORLDS):
        size = random.random(trials)
        truth, right = classifiers(random, trials=trials, pictures=pictures, share=share, spread=spread)
        kept = np.flatnonzero(nondominated(np.column_stack([-right.mean(axis=1), size])))
        if len(kept) < 2:
            continue
        smaller, best = kept[np.argsort(size[kept])][-2:]
        found, true = gaps.gap(right[best], right[smaller]), truth[best] - truth[smaller]
        covered.append(found.interval.low <= true <= found.interval.high)
        errors.append(found.value - true)
    assert 0.91 <= np.mean(covered) <= 0.995
    assert abs(np.mean(errors)) < 0.01


def test_with_as_many_pictures_as_needed_the_difference_is_found_as_often_as_stated() -> None:
    random, found = np.random.default_rng(14), 0
    one, other = classifiers(random, trials=2, pictures=200_000, share=0.9, spread=0.1)[1]
    needed = gaps.pictures_needed(one, other)
    for _ in range(WORLDS):
        drawn = random.integers(len(one), size=int(needed))
        found += pairs.mcnemar(one[None, drawn], other[drawn])[0] <= 0.05
    assert found / WORLDS == pytest.approx(gaps.POWER, abs=0.06)  # McNemar's exact test finds a little less
    assert gaps.pictures_needed(one, one) == math.inf


def test_twenty_nine_trainings_tell_what_is_better_three_times_in_four() -> None:
    """Bouthillier et al., MLSys 2021, section 4.2."""
    assert gaps.trainings_needed() == 29


# ---- fronts


def test_a_point_far_ahead_is_always_on_the_front_and_two_equal_ones_share_it() -> None:
    random = np.random.default_rng(7)
    _, good = classifiers(random, trials=2, pictures=300, share=0.9, spread=0)
    _, bad = classifiers(random, trials=1, pictures=300, share=0.3, spread=0)
    cost = np.array([[2.0], [2.0], [3.0]])
    share = fronts.on_front(np.vstack([good, bad]), Intervals(cost, cost))
    assert share[2] == 0
    assert 1 <= share[0] + share[1] < 1.2
    cheap = np.array([[2.0], [2.0], [1.0]])
    assert fronts.on_front(np.vstack([good, bad]), Intervals(cheap, cheap))[2] == 1


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("width", [0, 0.05])
def test_leaving_out_who_cannot_be_on_a_front_changes_no_share(seed: int, width: float) -> None:
    random = np.random.default_rng(seed)
    _, right = classifiers(random, trials=60, pictures=250, share=0.7, spread=0.8)
    cost = random.uniform(1, 10, (60, 1))
    known = Intervals(np.hstack([cost, cost]), np.hstack([cost, cost * (1 + width)]))
    assert not fronts._contend(right, known).all()
    assert fronts.on_front(right, known).tolist() == fronts._shares(right, known, fronts.RESAMPLES, 0).tolist()


# ---- seeds


@pytest.mark.parametrize(
    ("count", "pictures", "by_seed"), [(6, 300, 0.05), (6, 300, 0.2), (6, 3000, 0.1), (20, 200, 0)]
)
def test_the_interval_of_a_mean_covers_other_seeds_and_other_pictures(
    count: int, pictures: int, by_seed: float
) -> None:
    random = np.random.default_rng(8)
    ends = [
        seeds.share(trained_again(random, seeds=count, pictures=pictures, by_seed=by_seed)).interval
        for _ in range(5 * WORLDS)
    ]
    covered = np.mean([low <= 0.8 <= high for low, high in ends])
    assert 0.93 <= covered <= 0.97


def test_of_one_seed_the_interval_is_that_of_the_pictures() -> None:
    right = np.random.default_rng(9).random((1, 500)) < 0.8
    value, (low, high) = seeds.mean(right)
    assert value == right.mean()
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 499) * right.std(ddof=1) / math.sqrt(500))
    assert seeds.share(right).interval == pytest.approx(intervals.wilson(right.mean(), 500), abs=1e-3)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_where_all_or_none_are_right_the_interval_is_that_of_the_pictures(share: float) -> None:
    assert seeds.share(np.full((6, 300), share)).interval == pytest.approx(intervals.wilson(share, 300))


@pytest.mark.parametrize("count", [3, 5, 6, 8])
def test_the_smallest_p_of_a_sign_flip_is_known(count: int) -> None:
    assert seeds.sign_flip(np.arange(1, count + 1)) == pytest.approx(2 / 2**count)
    assert seeds.sign_flip(np.zeros(count)) == 1


def test_the_chance_to_be_better_is_mann_whitneys() -> None:
    random = np.random.default_rng(10)
    one, other = random.normal(1, 1, 20).round(1), random.normal(0, 1, 20).round(1)
    found = seeds.better(one, other)
    assert found.share == pytest.approx(stats.mannwhitneyu(one, other).statistic / 400)
    assert found.interval.low <= found.share <= found.interval.high
    assert not seeds.better(other, one).is_better
    assert seeds.better(one + 3, other).is_better


def test_practically_equal_is_the_correlated_t() -> None:
    differences, rho = np.array([0.4, 1.2, -0.3, 0.9, 0.6, 0.1]), 0.2
    scale = math.sqrt((1 / 6 + rho / (1 - rho)) * differences.var(ddof=1))
    posterior = stats.t(5, loc=differences.mean(), scale=scale)
    found = seeds.practically(differences, 0.5, rho)
    assert found == pytest.approx((posterior.sf(0.5), posterior.cdf(0.5) - posterior.cdf(-0.5), posterior.cdf(-0.5)))
    assert seeds.practically(np.full(6, 0.2), 0.5, rho) == (0, 1, 0)
    assert seeds.practically(np.full(6, -2.0), 0.5, rho) == (0, 0, 1)


# ---- calibration


def test_who_says_what_is_true_has_no_calibration_error_and_who_boasts_has_one() -> None:
    random = np.random.default_rng(11)
    said = random.random(200_000)
    right = random.random(200_000) < said
    assert calibration.reliability(said, right).error < 0.01
    assert calibration.reliability(np.ones(200_000), right).error == pytest.approx(0.5, abs=0.01)
    assert calibration.reliability(said, right).pictures.sum() == 200_000


def test_the_temperature_is_found_again_and_lowers_the_loss() -> None:
    random = np.random.default_rng(12)
    logits = 2 * random.standard_normal((20_000, 5))
    labels = np.array([random.choice(5, p=row) for row in np.exp(log_softmax(logits, axis=1))])
    assert calibration.temperature(3 * logits, labels) == pytest.approx(3, rel=0.05)
    assert calibration.temperature(logits / 4, labels) == pytest.approx(0.25, rel=0.05)


# ---- searches


def test_short_and_long_trainings_agree_as_far_as_their_rankings_do() -> None:
    assert searches.agreement([1, 2, 3, 4], [10, 20, 30, 40]) == (1, 4)
    assert searches.agreement([1, 2, 3, 4], [4, 3, 2, 1]) == (-1, 4)
    assert searches.agreement([1, 1, 1], [1, 2, 3]) is None
