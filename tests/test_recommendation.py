"""What to take within limits: is it the best, what does it cost beside its neighbours, and how sure is that?"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from suite.core import answers
from suite.core.errors import NothingFitsError
from suite.core.study import Constraint
from suite.report import advice, certainty, confirmation, recommendation
from suite.report.comparison import compare
from suite.report.recommendation import Recommendation
from suite.report.study import page
from tests.report_runs import families
from tests.test_certainty import PICTURES, kept, made

SIZES = [9000, 5000, 2000, 100]


def found(folder: Path, wrong: list[int], limit: float | None = None, sizes: list[int] = SIZES) -> Recommendation:
    comparison = compare([kept(folder, wrong, sizes)])
    wanted = [] if limit is None else [Constraint(measure="parameters", at_most=limit)]
    it = recommendation.of(comparison, wanted, certainty.of(comparison))
    assert it
    return it


def test_without_limits_the_best_is_taken_and_its_rival_is_the_cheapest_that_may_be_as_good(tmp_path: Path) -> None:
    it = found(tmp_path, [6, 8, 9, 60])
    assert (it.taken.name, it.larger) == ("resnet/0", None)
    assert it.smaller and it.smaller.name == "resnet/1"  # noqa: PT018
    assert it.rival and it.rival.name == "resnet/2"  # noqa: PT018
    said = "\n".join(advice.told(it))
    assert "Take resnet/0 (98.00 %, 0.9 ms): the best accuracy of 4 candidates." in said
    assert "expect" in said
    assert "The next smaller on the front: resnet/1 takes 0.5 ms (44 % less) and has 0.7 points less" in said
    assert "--trial 0 --trial 2" in said
    assert f"suite export {tmp_path} 0 exports" in said


def test_within_a_limit_the_next_larger_is_what_the_limit_costs(tmp_path: Path) -> None:
    it = found(tmp_path, [6, 8, 90, 95], limit=3000)
    assert it.taken.name == "resnet/2"
    assert it.larger and it.larger.name == "resnet/1"  # noqa: PT018
    assert it.smaller and it.smaller.name == "resnet/3"  # noqa: PT018
    assert it.within and [one.name for one in it.within.entries] == ["resnet/2", "resnet/3"]  # noqa: PT018
    said = "\n".join(advice.told(it))
    assert "the best accuracy of 2 candidates within parameters ≤ 3,000, surely." in said
    assert (
        "The next larger, beyond the limits: resnet/1 takes 5,000 parameters (2.5 times as much) and has 27.3" in said
    )
    assert "chosen among 2 by them" in said


def test_of_limits_on_one_measure_the_tightest_is_named(tmp_path: Path) -> None:
    it = found(tmp_path, [6, 8, 9, 60])
    both = [Constraint(measure="latency", at_most=limit) for limit in (3.0, 2.0)]
    it = recommendation.Recommendation(
        comparison=it.comparison, asked=tuple(both), among=it.among, taken=it.taken, sure=it.sure
    )
    assert [limit.at_most for limit in it.limits] == [2.0]


def test_a_limit_that_nothing_meets_is_said(tmp_path: Path) -> None:
    with pytest.raises(NothingFitsError):
        found(tmp_path, [6, 8, 9, 60], limit=10)


def test_a_gap_that_may_be_chance_is_called_so_and_a_sure_one_is_not(tmp_path: Path) -> None:
    said = advice.told(found(tmp_path / "near", [6, 8, 90, 95]))
    assert "resnet/1" in next(one for one in said if "which may be chance" in one)
    said = advice.told(found(tmp_path / "far", [6, 80, 90, 95]))
    assert not any("which may be chance" in one for one in said)


def test_equals_cannot_be_told_apart_by_any_number_of_pictures(tmp_path: Path) -> None:
    it = found(tmp_path, [6, 6, 90, 95])
    assert it.taken.name == "resnet/1"  # the cheaper
    assert "resnet/0 is as good on these pictures." in "\n".join(advice.told(it))


def test_what_other_seeds_have_told_replaces_what_they_could_tell(tmp_path: Path) -> None:
    it, random = found(tmp_path, [6, 8, 9, 60]), np.random.default_rng(0)
    for number, share in ((0, 0.95), (2, 0.8)):
        for seed in range(1, 7):
            right = random.random(PICTURES) < share
            answers.write(made(np.zeros(PICTURES, np.int32), right), answers.again(tmp_path, number, seed))
    assert confirmation.seeds_of(it.comparison, [it.taken]) == [1, 2, 3, 4, 5, 6]
    said = "\n".join(advice.told(it))
    assert "Trained again with 6 seeds, it has 9" in said
    assert "Trained again with 6 seeds, resnet/2 is 1" in said
    assert "points behind resnet/0 on the test pictures" in said
    assert "suite confirm" not in said


@pytest.mark.parametrize("limit", [None, 20_000, 60_000, 200_000])
def test_the_taken_is_never_beaten_within_the_limits_and_its_neighbours_are_beside_it(limit: float | None) -> None:
    comparison = compare(families(40))
    wanted = [] if limit is None else [Constraint(measure="parameters", at_most=limit)]
    it = recommendation.of(comparison, wanted)
    assert it
    most = max(entry.trial.measures["accuracy"] for entry in it.among)
    assert it.quality(it.taken) == most
    if it.smaller:
        between = [e for e in it.among if it.price(it.smaller) < it.price(e) < it.price(it.taken)]
        assert it.quality(it.smaller) <= most
        assert limit is None or all(it.quality(e) <= it.quality(it.smaller) for e in between)
    if it.larger:
        assert it.price(it.larger) > it.price(it.taken)
        assert it.quality(it.larger) > most
    assert advice.told(it)[0].startswith(f"Take {it.taken.name} (")


def test_the_page_says_what_to_take(tmp_path: Path) -> None:
    run = kept(tmp_path / "run", [6, 8, 9, 60], SIZES)
    html = page.write([run], tmp_path / "page").read_text()
    assert "Take resnet/0 (98.00 %, 0.9 ms)" in html
    assert math.isfinite(html.index("The next smaller on the front"))
