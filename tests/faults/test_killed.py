"""Workers are killed at random moments: no trial is lost, none is done twice, and the budget is kept to the trial."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.faults.simulated import Simulated
from tests.test_store import shared as shared  # the databases that machines share


def hammered(simulated: Simulated, count: int, blows: int, seed: int) -> None:
    """Kill workers at random moments, with and without warning, and put others in their place."""
    source = random.Random(seed)
    simulated.start(count)
    for _ in range(blows):
        time.sleep(source.uniform(0, 0.3))
        struck, blow = source.choice(simulated.running), source.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        code = simulated.strike(struck, blow)
        assert code in (0, 130, -signal.SIGKILL), simulated.errors()
        simulated.start(1)
    assert simulated.end_all() == [0] * count, simulated.errors()
    simulated.check()


def test_four_workers_killed_six_times_lose_and_double_nothing(tmp_path: Path, shared: str) -> None:
    with Simulated(tmp_path / "run", shared, trials=30, seconds=0.2) as simulated:
        hammered(simulated, count=4, blows=6, seed=1)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(5))
def test_eight_workers_killed_forty_times_lose_and_double_nothing(tmp_path: Path, shared: str, seed: int) -> None:
    with Simulated(tmp_path / "run", shared, trials=200, seconds=0.5) as simulated:
        hammered(simulated, count=8, blows=40, seed=seed)
