"""Fronts: the fast functions against naive ones, and properties that hold for any points."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from suite.core import fronts


def naive_front(values):
    return [not any(fronts.dominates(other, point) for other in values) for point in values]


def naive_rank(values):
    ranks, left, current = [0] * len(values), set(range(len(values))), 1
    while left:
        layer = {i for i in left if not any(fronts.dominates(values[j], values[i]) for j in left)}
        for index in layer:
            ranks[index] = current
        left, current = left - layer, current + 1
    return ranks


def naive_hypervolume(values, reference):
    """Volume by inclusion and exclusion of the boxes: exact, exponential, and unlike any sweep."""
    boxes = [np.asarray(point) for point in values if np.all(point < reference)]
    total = 0.0
    for size in range(1, len(boxes) + 1):
        for chosen in itertools.combinations(boxes, size):
            total += (-1) ** (size + 1) * np.prod(reference - np.max(chosen, axis=0))
    return total


def points(seed, count, objectives, grid=False):
    random = np.random.default_rng(seed)
    return random.integers(0, 6, (count, objectives)).astype(float) if grid else random.random((count, objectives))


CLOUDS = [(seed, m, grid) for seed in range(4) for m in (1, 2, 3, 4) for grid in (False, True)]


def test_a_point_does_not_dominate_itself_nor_one_that_is_better_elsewhere():
    assert not fronts.dominates([1, 2], [1, 2])
    assert not fronts.dominates([1, 3], [2, 2])
    assert fronts.dominates([1, 2], [1, 3])


@pytest.mark.parametrize(("seed", "objectives", "grid"), CLOUDS)
def test_the_front_is_what_the_definition_says_ties_included(seed, objectives, grid):
    values = points(seed, 60, objectives, grid)
    assert fronts.nondominated(values).tolist() == naive_front(values)


@pytest.mark.parametrize(("seed", "objectives", "grid"), CLOUDS)
def test_ranks_are_those_of_peeling_one_front_after_another(seed, objectives, grid):
    values = points(seed, 60, objectives, grid)
    assert fronts.rank(values).tolist() == naive_rank(values)


@pytest.mark.parametrize("objectives", [1, 2, 3])
@pytest.mark.parametrize("grid", [False, True])
def test_the_hypervolume_is_that_of_inclusion_and_exclusion(objectives, grid):
    values = points(7, 9, objectives, grid)
    reference = np.full(objectives, 5.0 if grid else 0.9)
    assert fronts.hypervolume(values, reference) == pytest.approx(naive_hypervolume(values, reference))


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_the_curve_is_the_hypervolume_of_every_beginning_and_never_falls(objectives):
    values = points(3, 80, objectives)
    reference = np.full(objectives, 0.8)
    curve = fronts.hypervolume_curve(values, reference)
    assert curve == pytest.approx([fronts.hypervolume(values[: n + 1], reference) for n in range(80)])
    assert np.all(np.diff(curve) >= 0)


def test_no_points_have_no_front_and_no_volume():
    nothing = np.empty((0, 2))
    assert fronts.nondominated(nothing).tolist() == []
    assert fronts.rank(nothing).tolist() == []
    assert fronts.hypervolume(nothing, [1, 1]) == 0
    assert fronts.hypervolume_curve(nothing, [1, 1]).tolist() == []


def test_equal_points_stand_on_the_front_together():
    assert fronts.nondominated(np.array([[1.0, 2], [1, 2], [2, 1], [2, 2]])).tolist() == [True, True, True, False]


def test_a_dominated_point_changes_no_rank_of_the_front_and_no_volume():
    values = points(5, 40, 3)
    worse = np.vstack([values, values[0] + 0.01])
    assert fronts.rank(worse)[:-1].tolist() == fronts.rank(values).tolist()
    assert fronts.hypervolume(worse, [2, 2, 2]) == pytest.approx(fronts.hypervolume(values, [2, 2, 2]))


def test_stretching_an_axis_moves_neither_front_nor_knee():
    values = points(11, 200, 2)
    stretched = values * [1000, 0.01] + [5, -3]
    assert fronts.nondominated(values).tolist() == fronts.nondominated(stretched).tolist()
    kept = fronts.nondominated(values)
    assert fronts.knee(values[kept]) == fronts.knee(stretched[kept])


def test_the_knee_is_the_front_point_farthest_from_the_line_between_the_ends():
    angles = np.linspace(0, np.pi / 2, 41)
    arc = np.column_stack([1 - np.sin(angles), 1 - np.cos(angles)])  # bends towards the origin; middle is farthest
    assert fronts.knee(arc) == 20
    ends, spread = arc[[0, -1]], arc[-1] - arc[0]
    distances = [abs(spread[0] * (p - ends[0])[1] - spread[1] * (p - ends[0])[0]) for p in arc]
    assert fronts.knee(arc) == int(np.argmax(distances))


def test_a_lone_point_is_its_own_knee():
    assert fronts.knee(np.array([[3.0, 4.0]])) == 0


def test_a_front_that_bends_outwards_answers_with_one_of_its_ends():
    assert fronts.knee(np.array([[0.0, 1.0], [0.8, 0.8], [1.0, 0.0]])) in (0, 2)
