"""Every interval that is shown, in simulated studies of one kind; `benchmarks/coverage.py` has all kinds."""

from __future__ import annotations

import pytest

from benchmarks.coverage import measured
from tests.simulated import cases
from tests.simulated.cases import Case

EVERY = {case.name: case for case in cases.every() if "100 pictures" not in case.kind and "20 " not in case.kind}


@pytest.mark.slow  # together some minutes
@pytest.mark.parametrize("case", EVERY.values(), ids=list(EVERY))
def test_an_interval_holds_the_truth_about_as_often_as_it_says(case: Case) -> None:
    found = measured(case, 200)
    assert found.inside >= 0.9
    assert abs(found.bias) < 0.02


def test_every_kind_of_studies_is_named_once() -> None:
    named = [(case.name, case.kind) for case in cases.every()]
    assert len(named) == len(set(named)) > 100
