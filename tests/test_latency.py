"""Is the latency that is reported the latency that there is? With a clock of our own, so that the answer is known."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from suite.profile.latency import BLOCKS, CALLS, latency


class Clock:
    """A clock that only moves while something is called."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def taking(self, seconds: Callable[[], float]) -> Callable[[], None]:
        """Return a call that takes `seconds()` on this clock."""

        def call() -> None:
            self.now += seconds()

        return call


def test_a_call_that_always_takes_the_same_has_that_latency_and_no_doubt() -> None:
    clock = Clock()
    found = latency(clock.taking(lambda: 0.004), clock=clock)
    assert (found.median, found.low, found.high, found.p90) == pytest.approx((4, 4, 4, 4))


def test_the_first_calls_are_not_counted() -> None:
    clock = Clock()
    times = iter([3.0, 1.0])
    found = latency(clock.taking(lambda: next(times, 0.002)), clock=clock)
    assert found.p90 == pytest.approx(2)


def test_the_median_is_not_moved_by_rare_slow_calls_and_the_percentile_shows_frequent_ones() -> None:
    clock, source = Clock(), random.Random(0)
    found = latency(clock.taking(lambda: 0.1 if source.random() < 0.15 else 0.001), seconds=20, clock=clock)
    assert found.median == pytest.approx(1)
    assert found.p90 == pytest.approx(100)


def test_drift_of_the_machine_widens_the_interval() -> None:
    """A call that slows from 1 to 3 ms: single calls resampled would claim to know the median to some hundredths."""
    clock = Clock()
    found = latency(clock.taking(lambda: 0.001 + 0.001 * clock.now), seconds=2, clock=clock)
    assert found.low < found.median < found.high
    assert found.high - found.low > 0.4


def test_the_time_that_it_takes_follows_the_seconds_given() -> None:
    clock = Clock()
    latency(clock.taking(lambda: 0.001), seconds=1.0, clock=clock)
    assert 1.0 < clock.now < 1.6


def test_a_slow_call_is_still_timed_often_enough_for_an_interval() -> None:
    clock = Clock()
    assert latency(clock.taking(lambda: 0.1), seconds=0.4, clock=clock).calls == BLOCKS * CALLS
    assert latency(clock.taking(lambda: 2.0), seconds=0.4, clock=clock).calls == BLOCKS
