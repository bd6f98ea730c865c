"""Every interval that is shown, in simulated studies of one kind; `benchmarks/coverage.py` has all kinds."""

from __future__ import annotations

import pytest

from benchmarks.coverage import measured
from tests.simulated import cases
from tests.simulated.case import Case

# Where docs/certainty.md says that they hold it less.
ODD = ("100 pictures", "5000 pictures", "20 trials", "mood 0.6", "3.0% apart")
EVERY = {case.name: case for case in cases.every() if not any(odd in case.kind for odd in ODD)}


@pytest.mark.slow  # together some minutes
@pytest.mark.parametrize("case", EVERY.values(), ids=list(EVERY))
def test_an_interval_holds_the_truth_about_as_often_as_it_says(case: Case) -> None:
    found = measured(case, 200)
    assert found.inside >= 0.9
    assert abs(found.bias) < 0.02 or case.name.startswith("no false")  # of these it is the share of false statements


def test_every_kind_of_studies_is_named_once() -> None:
    named = [(case.name, case.kind) for case in cases.every()]
    assert len(named) == len(set(named)) > 100
