"""Is the latency that is reported the latency that there is? With a clock of our own, so that the answer is known."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable

import numpy as np
import pytest

from suite.timing.blocks import Block, moments
from suite.timing.following import line
from suite.timing.interval import interval
from suite.timing.judging import Latency, judged
from suite.timing.protocol import LEAST, Protocol, latency, probed, watched
from suite.timing.rest import at_rest

SHORT = Protocol(seconds=2.0, block=0.05)


class Clock:
    """A clock that moves while something is called, and while somebody waits: who reads it again and again."""

    def __init__(self) -> None:
        self.now, self._step = 0.0, 0.0

    def __call__(self) -> float:
        self.now += self._step
        self._step = max(1e-12, 2 * self._step)
        return self.now

    def taking(self, seconds: Callable[[], float]) -> Callable[[], None]:
        """Return a call that takes `seconds()` on this clock."""

        def call() -> None:
            self._step = 0.0
            self.now += seconds()

        return call


def test_a_call_that_always_takes_the_same_has_that_latency_and_no_doubt() -> None:
    clock = Clock()
    found = latency(clock.taking(lambda: 0.004), SHORT, clock=clock)
    assert (found.median, found.raw, found.p90) == pytest.approx((4, 4, 4))
    assert (found.low, found.high) == pytest.approx((4, 4), rel=0.024), "another timing would differ by so much"
    assert found.low < 4 < found.high
    assert found.is_stable
    assert len(found.blocks) == LEAST


def test_the_first_calls_are_not_counted_however_slow_until_they_have_settled() -> None:
    clock = Clock()
    times = iter([3.0, 1.0, *np.linspace(0.02, 0.002, 40)])
    found = latency(clock.taking(lambda: next(times, 0.002)), Protocol(seconds=20, block=0.05), clock=clock)
    assert (found.low, found.median, found.high) == pytest.approx((2, 2, 2), rel=0.024)
    assert found.median == pytest.approx(2)


def test_rare_slow_calls_do_not_move_the_median_and_frequent_ones_show_in_the_percentile() -> None:
    clock, source = Clock(), random.Random(0)
    found = latency(
        clock.taking(lambda: 0.1 if source.random() < 0.15 else 0.001), Protocol(seconds=60, block=1), clock=clock
    )
    assert found.median == pytest.approx(1)
    assert found.p90 == pytest.approx(100)


def test_percentiles_are_told_where_enough_calls_lie_beyond_them() -> None:
    clock = Clock()
    slow = latency(clock.taking(lambda: 0.1), SHORT, clock=clock)
    fast = latency(clock.taking(lambda: 0.0001), SHORT, clock=clock)
    assert (slow.p90, slow.p99) == (None, None)
    assert (fast.p90, fast.p99) == pytest.approx((0.1, 0.1))


def test_drift_of_the_machine_widens_the_interval_where_there_is_no_reference() -> None:
    """A machine that slows threefold: single calls resampled would claim to know the median to some hundredths."""
    clock = Clock()
    found = latency(clock.taking(lambda: 0.001 + 0.001 * clock.now), SHORT, clock=clock)
    assert not found.is_stable
    assert found.high - found.low > 0.4


@pytest.mark.parametrize("follows", [0.3, 1.0])
def test_a_reference_that_slows_with_it_makes_the_same_machine_certain(follows: float) -> None:
    """A machine that becomes slower by a third: the number is what the call takes at rest, and the drift is said."""
    clock = Clock()
    found = latency(
        clock.taking(lambda: 0.001 * (1 + 0.06 * clock.now) ** follows),
        Protocol(seconds=8.0, block=0.1),
        references={"steady": clock.taking(lambda: 0.002 * (1 + 0.06 * clock.now))},
        rests={"steady": 0.002},
        clock=clock,
    )
    assert found.is_stable
    assert (found.low, found.high) == pytest.approx((1, 1), rel=0.045)
    assert found.median == pytest.approx(1, rel=0.005)
    assert found.ratio is not None
    assert found.ratio.follows == pytest.approx(follows, abs=0.05)
    assert found.ratio.median * found.ratio.rest == pytest.approx(found.median)
    assert found.median < found.p90 < found.p90 * found.raw / found.median, "on the same scale"
    assert found.raw > 1.02, "the calls themselves took longer, and that stands beside it"
    assert found.drift is not None
    assert found.drift > 20


class Machine:
    """A clock on which calls take so many seconds at rest, times what the machine does at that time."""

    def __init__(self, seed: int, depth: float, lasting: float) -> None:
        self.clock, self._source = Clock(), np.random.default_rng(seed)
        self._depth, self._lasting, self._until, self._speed = depth, lasting, 0.0, 1.0

    def taking(self, rest: float, follows: float = 1.0) -> Callable[[], None]:
        """Return a call of `rest` seconds; of what the machine does it suffers the power `follows`."""

        def seconds() -> float:
            while self.clock.now >= self._until:
                self._until += self._source.exponential(self._lasting)
                self._speed = float(np.exp(abs(self._depth * self._source.standard_normal())))
            return rest * self._speed**follows * float(np.exp(0.02 * self._source.standard_normal()))

        return self.clock.taking(seconds)

    def timed(self, follows: float, protocol: Protocol) -> Latency:
        """Return the latency of a call of 3 ms."""
        kinds = {"reference": self.taking(0.001)}
        return latency(
            self.taking(0.003, follows), protocol, references=kinds, rests={"reference": 0.001}, clock=self.clock
        )


@pytest.mark.parametrize("follows", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("lasting", [0.2, 1.0])
def test_on_a_machine_that_never_rests_the_number_repeats(lasting: float, follows: float) -> None:
    """Forty runs on a machine that is slower by 16 % on average: medians differ, the numbers do not."""
    found = [Machine(seed, 0.2, lasting).timed(follows, Protocol(seconds=10, block=0.25)) for seed in range(40)]
    numbers, raw = np.array([one.median for one in found]), np.array([one.raw for one in found])
    assert np.abs(numbers / 3 - 1).mean() < 0.02
    assert np.abs(raw / 3 - 1).mean() > 3 * np.abs(numbers / 3 - 1).mean()


@pytest.mark.parametrize("follows", [0.1, 0.6, 1.0])
@pytest.mark.parametrize("lasting", [0.02, 0.2, 2.0, 30.0])
def test_an_interval_holds_what_a_call_takes_at_rest_however_the_machine_changes(
    lasting: float, follows: float
) -> None:
    """Where the machine is slower throughout, nothing shows how the call follows; and then nothing is called stable."""
    found = [Machine(seed, 0.3, lasting).timed(follows, SHORT) for seed in range(40)]
    assert sum(one.low <= 3.0 <= one.high for one in found) >= 35
    assert sum(one.is_stable and abs(one.median - 3) > 0.15 for one in found) <= 1


def test_timings_that_differ_each_have_a_level_and_the_latency_is_their_mean() -> None:
    clock = Clock()
    blocks: tuple[Block, ...] = ()
    widths = []
    for left, factor in ((2, 0.97), (1, 1.0), (0, 1.03)):
        found = latency(
            clock.taking(lambda: 0.001 * factor * (1 + 0.1 * math.sin(clock.now))),  # noqa: B023
            SHORT,
            references={"steady": clock.taking(lambda: 0.001 * (1 + 0.1 * math.sin(clock.now)))},
            rests={"steady": 0.001},
            before=blocks,
            left=left,
            clock=clock,
        )
        blocks = found.blocks
        widths.append(found.half)
    assert found.median == pytest.approx(1, rel=0.01)
    assert {block.timing for block in blocks} == {0, 1, 2}
    assert 1.96 * 0.012 / 3**0.5 < widths[2] < 0.06, "it shows that these differ by more than others do"
    assert widths[0] < 0.04, "one timing does not show it"


@pytest.mark.parametrize("follows", [0.2, 1.3])
def test_timings_that_are_each_busy_alike_show_together_how_a_call_follows(follows: float) -> None:
    """Within no timing does the machine change, so none alone shows it."""
    source = np.random.default_rng(0)
    slowed = np.repeat([0.05, 0.3, 0.15], 6)
    seen = slowed[:, None] + 0.01 * source.standard_normal((18, 2))
    times = follows * slowed[:, None] + 0.01 * source.standard_normal((18, 2))
    one, all_of_them = (line(times[part], seen[part], np.repeat([0, 1, 2], 6)[part]) for part in (slice(6), slice(18)))
    assert abs(one.slope - follows) > 0.4
    assert all_of_them.slope == pytest.approx(follows, abs=0.1)
    assert all_of_them.level == pytest.approx(0, abs=0.02)
    assert one.supposed > 0.015
    assert 0.005 < all_of_them.supposed < 0.015


def test_a_timing_in_a_quiet_spell_counts_more_than_those_in_busy_ones() -> None:
    """The third suffers from something that the references do not see."""
    timing = np.repeat([0, 1, 2], 6)
    slowed = np.repeat([0.0, 0.3, 0.3], 6)[:, None] + np.zeros(2)
    off = np.where(timing == 2, 0.06, 0.0)[:, None] + 0.02 * np.random.default_rng(0).standard_normal((18, 2))
    found = line(0.7 * slowed + off, slowed, timing)
    even = line(off, np.zeros((18, 2)), timing)
    assert even.level == pytest.approx(0.02, abs=0.004), "all count the same"
    assert abs(found.level) < 0.015


def test_each_of_several_timings_does_its_part_and_a_slow_call_is_timed_once() -> None:
    quick, slow = Clock(), Clock()
    one = latency(quick.taking(lambda: 0.001), SHORT, left=2, clock=quick)
    assert len(one.blocks) == -(-LEAST // 3)
    two = latency(quick.taking(lambda: 0.001), SHORT, before=one.blocks, left=1, clock=quick)
    three = latency(quick.taking(lambda: 0.001), SHORT, before=two.blocks, clock=quick)
    assert len(three.blocks) >= LEAST
    assert len(latency(slow.taking(lambda: 1.0), SHORT, left=2, clock=slow).blocks) == LEAST


def test_a_slow_call_that_is_timed_once_has_the_seconds_of_all_its_timings() -> None:
    spent = []
    for left in (0, 4):
        clock, source = Clock(), random.Random(1)
        latency(clock.taking(lambda: 0.6 * source.lognormvariate(0, 1.0)), Protocol.of(4.0), left=left, clock=clock)  # noqa: B023
        spent.append(clock.now)
    assert spent[0] < 15 < 20 < spent[1]


@pytest.mark.parametrize("depth", [0.03, 1.0])
def test_the_last_of_several_timings_does_not_end_at_the_first_moment_that_looks_precise(depth: float) -> None:
    """It would catch the moments at which an interval is too narrow by luck."""
    for seed in range(5):
        machine, blocks = Machine(seed, depth, 0.5), ()
        call, kinds = machine.taking(0.003), {"other": machine.taking(0.001)}
        for left in (2, 1, 0):
            began = machine.clock.now
            found = latency(call, SHORT, references=kinds, rests={"other": 0.001}, before=blocks, left=left,
                            clock=machine.clock)  # fmt: skip
            blocks = found.blocks
        is_over = machine.clock.now - began >= SHORT.seconds
        assert is_over or found.half <= 0.9 * 0.03
        assert is_over == (depth == 1.0)


def test_blocks_come_back_from_another_process_as_they_were() -> None:
    found = Machine(0, 0.2, 0.2).timed(0.5, SHORT)
    back = [Block.of(json.loads(json.dumps(block.told))) for block in found.blocks]
    for block, again in zip(found.blocks, back, strict=True):
        assert again.times == pytest.approx(block.times, abs=1e-8)
        assert again.yardstick == pytest.approx(block.yardstick, rel=1e-4)
    assert judged(back, 0.03, {"reference": 0.001}).median == pytest.approx(found.median, rel=1e-4)


@pytest.mark.parametrize("noise", [0.0, 0.5, 2.0])
def test_an_interval_is_above_zero_however_wild_the_machine(noise: float) -> None:
    """One reference is slowed twenty times and the other not at all, and calls take what they want."""
    for seed in range(10):
        clock, source = Clock(), random.Random(seed)
        wild = clock.taking(lambda: 0.002 * source.lognormvariate(0, noise))  # noqa: B023
        kinds = {"calm": clock.taking(lambda: 0.001), "slowed": clock.taking(lambda: 0.02)}
        for references in (kinds, {}):
            rests = {"calm": 0.001, "slowed": 0.001}
            found = latency(wild, Protocol.of(0.4), references=references, rests=rests, clock=clock)
            assert 0 < found.low <= found.median <= found.high < float("inf")


def test_a_machine_that_was_busy_for_hours_is_known_at_rest_after_one_quiet_spell() -> None:
    source = np.random.default_rng(0)
    busy = 0.001 * np.exp(source.uniform(0, 4, 400))
    quiet = 0.001 * source.uniform(1, 1.03, 60)
    assert at_rest(busy) > 0.0012
    assert at_rest(np.concatenate([busy, quiet])) == pytest.approx(0.00101, rel=0.01)
    assert at_rest(np.concatenate([quiet, busy])) == pytest.approx(0.00101, rel=0.01)


def test_rest_does_not_fall_the_longer_one_measures() -> None:
    source = np.random.default_rng(0)
    seen = 0.001 * source.lognormal(0, 0.05, 2000)
    assert at_rest(seen) == pytest.approx(at_rest(seen[:200]), rel=0.01)
    assert at_rest(seen) > 1.1 * seen.min()


def test_at_rest_is_the_lower_quartile_of_what_references_took_each_half_second() -> None:
    """A machine that is busy for half of the time, twice as slow then: rest is what it takes in the other half."""
    clock = Clock()
    busy = clock.taking(lambda: 0.002 if int(clock.now / 3) % 2 else 0.001)
    seen = watched({"reference": busy}, seconds=60, clock=clock)
    assert at_rest(seen["reference"]) == pytest.approx(0.001)
    assert np.median(seen["reference"]) >= 0.001
    assert len(seen["reference"]) == pytest.approx(60 / 0.5, rel=0.1)


def test_moments_of_short_blocks_are_those_of_half_a_second() -> None:
    clock = Clock()
    found = latency(clock.taking(lambda: 0.001), Protocol.of(1.0), references={"a": clock.taking(lambda: 0.002)},
                    clock=clock)  # fmt: skip
    assert len(found.blocks) > 3 * len(moments(found.blocks)["a"])
    assert moments(found.blocks)["a"] == pytest.approx([0.002] * len(moments(found.blocks)["a"]))


def test_without_references_nothing_is_done_between_two_turns() -> None:
    """Else the caches of what is timed would be emptied for nobody."""
    clock = Clock()
    latency(clock.taking(lambda: 0.05), SHORT, clock=clock)
    before = clock.now
    assert probed({}, 1.0, clock) == {}
    assert clock.now == before


def test_half_of_the_time_goes_to_what_is_timed_however_quick_it_is() -> None:
    clock, spent = Clock(), {"timed": 0.0, "references": 0.0}

    def taking(who: str, seconds: float) -> Callable[[], None]:
        def counted() -> float:
            spent[who] += seconds
            return seconds

        return clock.taking(counted)

    kinds = {name: taking("references", 0.001) for name in ("a", "b", "c")}
    latency(taking("timed", 0.0001), Protocol(seconds=5, block=0.25), references=kinds, clock=clock)
    assert spent["timed"] >= 0.9 * spent["references"]


def test_what_is_timed_again_adds_to_what_was_known() -> None:
    machine = Machine(1, 0.2, 0.2)
    call, kinds = machine.taking(0.003), {"other": machine.taking(0.001, 0.5)}
    once = latency(call, SHORT, references=kinds, clock=machine.clock)
    again = latency(call, SHORT, references=kinds, before=once.blocks, clock=machine.clock)
    assert again.blocks[: len(once.blocks)] == once.blocks
    assert again.high - again.low < once.high - once.low


def test_it_ends_when_it_is_sure_and_else_when_the_time_is_over() -> None:
    clock = Clock()
    latency(clock.taking(lambda: 0.001), Protocol(seconds=30, block=0.5), clock=clock)
    assert clock.now == pytest.approx(LEAST * 0.5 + 3 * 0.25, rel=0.05)  # as short as the protocol lets it be
    clock, source = Clock(), random.Random(1)
    noisy = latency(clock.taking(lambda: source.lognormvariate(-3, 1.0)), Protocol(seconds=20, block=0.5), clock=clock)
    assert not noisy.is_stable
    assert 20 < clock.now < 22


@pytest.mark.parametrize("seconds", [0.4, 1.0, 30.0])
def test_a_study_gives_each_candidate_the_seconds_that_it_has(seconds: float) -> None:
    clock, source = Clock(), random.Random(1)
    latency(clock.taking(lambda: source.lognormvariate(-6, 1.0)), Protocol.of(seconds), clock=clock)
    assert clock.now < 1.4 * seconds


def test_a_slow_call_is_timed_once_in_each_block() -> None:
    clock = Clock()
    found = latency(clock.taking(lambda: 2.0), Protocol.of(0.4), clock=clock)
    assert found.calls == len(found.blocks) == LEAST


def test_the_interval_tells_the_truth_about_a_machine_that_comes_and_goes() -> None:
    """Each block has a speed of its own, as on a busy machine: in nine of ten runs the true median is within."""
    held = 0
    for seed in range(200):
        clock, source = Clock(), np.random.default_rng(seed)
        speeds = iter(np.repeat(np.exp(0.1 * source.standard_normal(400)), 25))
        found = latency(clock.taking(lambda: 0.002 * next(speeds)), Protocol(seconds=1.0, block=0.05), clock=clock)  # noqa: B023
        held += found.low <= 2.0 <= found.high
    assert held >= 176  # of 200: blocks follow the machine's speeds, and the end is where they happen to agree


def test_the_median_lies_within_its_interval_where_the_halves_of_all_calls_do_not_meet() -> None:
    low, median, high = interval([np.array([0.02, 0.08])] * LEAST)
    assert low <= 0.02 < median < 0.08 <= high


def test_two_blocks_do_not_widen_an_interval_beyond_all_sense() -> None:
    """It says no more than that values might lie as far from these as these from each other."""
    low, median, high = interval([np.array([1.0, 1.5]), np.array([3.0, 6.0])])
    assert low >= 1.0**2 / 6.0
    assert high <= 6.0**2 / 1.0
    assert high > 6.0, "it is wider than what was seen"
    assert low < median < high
