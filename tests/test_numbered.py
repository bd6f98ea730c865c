"""Numbers with their words."""

from __future__ import annotations

import pytest

from suite.core.numbered import numbered
from suite.core.trial import place


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 classes"),
        (1, "1 class"),
        (2, "2 classes"),
        (1200, "1,200 classes"),
        (1.0, "1 class"),
        (0.5, "0.5 classes"),
    ],
)
def test_one_is_singular_and_every_other_number_is_plural(number: float, said: str) -> None:
    assert numbered(number, "class", "classes") == said


def test_the_place_of_a_latency_has_one_thread_or_several() -> None:
    assert place({"device": "A", "latency_threads": "1", "latency_batch": "1"}) == "A, 1 thread, batch 1"
    assert place({"device": "A", "threads": "2"}) == "A, 2 threads"
    assert place({"device": "A"}) == "A"
