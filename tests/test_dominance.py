"""The one definition of better: fast functions against the words of the definition, and what must always hold."""

from __future__ import annotations

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.core import dominance
from suite.core.dominance import Intervals
from suite.core.study import Objective
from suite.core.trial import Trial

OBJECTIVES = (Objective(measure="accuracy", goal="max"), Objective(measure="latency", goal="min"))
GRID = st.integers(0, 8)


@st.composite
def tables(draw, objectives=3, unsure=None):
    """Candidates [N][M] of (low, high) on a coarse grid, so that ends meet; the last `unsure` have widths."""
    count = draw(st.integers(1, 12))
    exact = objectives - (draw(st.integers(0, objectives)) if unsure is None else unsure)
    rows = []
    for _ in range(count):
        lows = draw(st.lists(GRID, min_size=objectives, max_size=objectives))
        widths = [0 if m < exact else draw(st.integers(0, 3)) for m in range(objectives)]
        rows.append([(low, low + width) for low, width in zip(lows, widths, strict=True)])
    return rows


def of(rows):
    ends = np.array(rows, dtype=float)
    return Intervals(ends[..., 0], ends[..., 1])


def front(rows):
    return dominance.nondominated(of(rows)).tolist()


def overlap(a, b):
    return a[0] <= b[1] and b[0] <= a[1]


def beats(a, b):
    """Whether `a` dominates `b`, word by word: worse in no objective, better in one; overlapping ends are equal."""
    worse = [x[0] > y[0] and not overlap(x, y) for x, y in zip(a, b, strict=True)]
    better = [x[0] < y[0] and not overlap(x, y) for x, y in zip(a, b, strict=True)]
    return not any(worse) and any(better)


def reached(rows, start):
    """All that `start` dominates, and what these dominate, and so on."""
    found, new = set(), {start}
    while new:
        new = {j for i in new for j in range(len(rows)) if beats(rows[i], rows[j])} - found
        found |= new
    return found


def naive_front(rows):
    """What nobody dominates who is not dominated by it in turn, directly or through others."""
    below = [reached(rows, i) for i in range(len(rows))]
    return [not any(j in below[i] and i not in below[j] for i in range(len(rows))) for j in range(len(rows))]


def naive_ranks(rows):
    left, ranks, place = list(range(len(rows))), [0] * len(rows), 1
    while left:
        best = naive_front([rows[i] for i in left])
        for i, kept in zip(left, best, strict=True):
            ranks[i] = place if kept else 0
        left, place = [i for i, kept in zip(left, best, strict=True) if not kept], place + 1
    return ranks


@given(tables())
def test_the_front_is_what_the_definition_says(rows):
    assert front(rows) == naive_front(rows)


@given(tables(objectives=2, unsure=1))
def test_with_one_unsure_objective_the_front_is_what_nothing_dominates(rows):
    assert front(rows) == [not any(beats(other, one) for other in rows) for one in rows]


@given(tables())
def test_ranks_are_those_of_peeling_one_front_after_another(rows):
    assert dominance.rank(of(rows)).tolist() == naive_ranks(rows)


@given(tables(unsure=0))
def test_without_width_the_front_and_the_ranks_are_moocores(rows):
    values = np.array(rows, dtype=float)[..., 0]
    assert front(rows) == moocore.is_nondominated(values, keep_weakly=True).tolist()
    assert dominance.rank(of(rows)).tolist() == (moocore.pareto_rank(values) + 1).tolist()


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    kept, places = front(rows), dominance.rank(of(rows))
    assert front([rows[i] for i in order]) == [kept[i] for i in order]
    assert dominance.rank(of([rows[i] for i in order])).tolist() == [places[i] for i in order]


@given(tables())
def test_a_front_is_never_empty(rows):
    assert any(front(rows))


@given(tables(), tables())
def test_who_dominates_nobody_changes_nobody_elses_place(rows, others):
    for one in others:
        if not any(beats(one, row) for row in rows):
            assert front([*rows, one])[:-1] == front(rows)
            assert dominance.rank(of([*rows, one])).tolist()[:-1] == dominance.rank(of(rows)).tolist()


@given(tables(objectives=2, unsure=1))
def test_nobody_is_pushed_off_by_one_that_is_surely_slower_and_as_accurate(rows):
    """`one` leaves the front for a newcomer only if that is more accurate, or as accurate and surely faster."""
    for new in rows:
        rest = [row for row in rows if row is not new]
        for one, before, after in zip(rest, front(rest) if rest else [], front([*rest, new]), strict=False):
            if before and not after:
                (quality, speed), (its_quality, its_speed) = one, new
                assert its_speed[0] <= speed[1]
                assert its_quality[0] < quality[0] or its_speed[1] < speed[0]


@pytest.mark.parametrize("unsure", [1, 2])
@pytest.mark.parametrize("objectives", [2, 3])
def test_many_candidates_at_once_give_what_pairs_give(objectives, unsure, monkeypatch):
    """More candidates than are compared in one block."""
    monkeypatch.setattr(dominance, "BLOCK", 1000)
    random = np.random.default_rng(objectives)
    low = random.random((300, objectives))
    high = low + random.random((300, objectives)) * 0.1 * (np.arange(objectives) < unsure)
    rows = np.stack([low, high], axis=-1).tolist()
    dominated = [any(beats(other, one) for other in rows) for one in rows]
    assert [kept or lost for kept, lost in zip(front(rows), dominated, strict=True)] == [True] * 300
    assert sum(front(rows)) >= 300 - sum(dominated) > 0


def test_of_a_circle_all_stand_on_the_front_and_what_they_dominate_does_not():
    wide = (0, 9)
    circle = [[(0, 1), (4, 5), wide], [(4, 5), wide, (0, 1)], [wide, (0, 1), (4, 5)]]
    assert all(beats(circle[i], circle[(i + 1) % 3]) or beats(circle[i], circle[i - 1]) for i in range(3))
    assert front(circle) == [True] * 3
    assert front([*circle, [(10, 11), (10, 11), (10, 11)]]) == [True, True, True, False]
    assert front([*circle, [(-1, -1), (-1, -1), (-1, -1)]]) == [False, False, False, True]


def trial(number, **measures):
    return Trial(number=number, state="complete", configuration={}, measures=measures)


def timed(number, accuracy, latency, low, high):
    return trial(number, accuracy=accuracy, latency=latency, latency_low=low, latency_high=high)


def numbers(trials):
    return [one.number for one in trials]


def test_a_third_candidate_of_a_wide_interval_does_not_make_two_others_equal():
    """Of the committed quickstart: 1 is surely faster than 4, whatever is known of 2."""
    trials = [timed(1, 97.48, 0.338, 0.336, 0.340), timed(4, 97.76, 0.373, 0.363, 0.385)]
    assert numbers(dominance.front(trials, OBJECTIVES)) == [1, 4]
    assert numbers(dominance.front([*trials, timed(2, 95.52, 0.312, 0.285, 0.368)], OBJECTIVES)) == [1, 4]


def test_one_bad_measurement_does_not_empty_the_front():
    good = [timed(n, 90 + n, 1 + n, 0.99 + n, 1.01 + n) for n in range(5)]
    assert numbers(dominance.front([*good, timed(9, 50, 0.3, 0.1, 0.9)], OBJECTIVES)) == [0, 1, 2, 3, 4, 9]
    assert numbers(dominance.front([*good, timed(9, 50, 1.0, 0.1, 9.9)], OBJECTIVES)) == [0, 1, 2, 3, 4]


def test_accuracy_is_maximised_and_latency_minimised():
    trials = [trial(0, accuracy=90, latency=2), trial(1, accuracy=95, latency=2), trial(2, accuracy=80, latency=1)]
    assert dominance.minimised(trials, OBJECTIVES).tolist() == [[-90, 2], [-95, 2], [-80, 1]]
    assert numbers(dominance.front(trials, OBJECTIVES)) == [1, 2]
    assert dominance.ranks(trials, OBJECTIVES) == {0: 2, 1: 1, 2: 1}


def test_an_interval_of_accuracy_counts_as_one_of_latency_does():
    sure = [trial(0, accuracy=90, latency=1), trial(1, accuracy=91, latency=2)]
    assert numbers(dominance.front(sure, OBJECTIVES)) == [0, 1]
    unsure = [trial(0, accuracy=90, accuracy_high=92, latency=1), trial(1, accuracy=91, accuracy_low=89, latency=2)]
    assert numbers(dominance.front(unsure, OBJECTIVES)) == [0]


@pytest.mark.parametrize("missing", [{}, {"latency": float("nan")}])
def test_a_candidate_that_was_not_measured_in_an_objective_is_left_out(missing):
    trials = [trial(4, accuracy=99, **missing), trial(6, accuracy=90, latency=2)]
    assert numbers(dominance.front(trials, OBJECTIVES)) == [6]
    assert dominance.ranks(trials, OBJECTIVES) == {6: 1}


def test_a_run_without_candidates_has_an_empty_front():
    assert dominance.front([], OBJECTIVES) == []
    assert dominance.ranks([], OBJECTIVES) == {}
    assert dominance.knee([], OBJECTIVES) is None
    assert dominance.minimised([], OBJECTIVES).shape == (0, 2)


def test_the_knee_is_on_the_front():
    random = np.random.default_rng(0)
    for _ in range(50):
        middles, widths = random.random((20, 2)) * [10, 1], random.random(20) * 0.3
        trials = [timed(n, a, b, b - w, b + w) for n, ((a, b), w) in enumerate(zip(middles, widths, strict=True))]
        assert dominance.knee(trials, OBJECTIVES) in dominance.front(trials, OBJECTIVES)


@given(tables())
def test_contenders_are_those_whom_nobody_dominates_however_the_values_lie(rows):
    """Nobody surely dominates who is worse or equal somewhere at its upper end."""

    def surely(a, b):
        return all(x[1] <= y[0] for x, y in zip(a, b, strict=True)) and any(
            x[1] < y[0] for x, y in zip(a, b, strict=True)
        )

    mask = dominance.contenders(of(rows)).tolist()
    assert mask == [not any(surely(other, one) for other in rows) for one in rows]


@given(tables(objectives=2, unsure=1))
def test_the_front_is_among_the_contenders(rows):
    assert all(may for may, kept in zip(dominance.contenders(of(rows)), front(rows), strict=True) if kept)


def test_what_is_undecided_is_unstable_and_may_be_on_the_front():
    sure, unsure = timed(0, 90, 1.0, 0.99, 1.01), timed(1, 92, 1.3, 1.0, 1.6)
    hidden, slower = timed(2, 91, 1.5, 1.1, 1.9), timed(3, 89, 2.0, 1.5, 2.5)
    assert numbers(dominance.front([sure, unsure, hidden, slower], OBJECTIVES)) == [1]
    assert numbers(dominance.undecided([sure, unsure, hidden, slower], OBJECTIVES)) == [1, 2], (
        "3 is surely slower than 0"
    )
