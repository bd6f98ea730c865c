"""The database of a study is stopped, crashed and started under load: workers wait for it, and nothing is lost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.conftest import Server
from tests.faults.simulated import Simulated

pytestmark = pytest.mark.faults
QUICK = "from suite.search import outage; outage.PAUSE = 0.2; outage.PATIENCE = {}"


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_workers_go_on_when_their_database_is_back(tmp_path: Path, server: Server, how: str) -> None:
    with Simulated(tmp_path / "run", server.url, trials=120, seconds=0.3) as simulated:
        simulated.start(6, before=QUICK.format(600))
        simulated.wait_for(6)
        for _ in range(5):
            time.sleep(1.5)
            server.stop(how)
            time.sleep(0.5)
            server.start()
        assert simulated.end_all() == [0] * 6, simulated.errors()
        said = simulated.errors()
        assert "The database is away (" in said
        assert "The database is back." in said
        simulated.check()
        assert all(trial.state != "interrupted" for trial in simulated.read())  # no training was for nothing


def test_workers_whose_database_stays_away_end_with_one_message_and_the_same_command_goes_on(
    tmp_path: Path, server: Server
) -> None:
    with Simulated(tmp_path / "run", server.url, trials=60, seconds=0.3) as simulated:
        workers = simulated.start(4, before=QUICK.format(1))
        simulated.wait_for(10)
        server.stop()
        assert simulated.end_all() == [1] * 4, simulated.errors()
        for worker in workers:
            said = Path(f"{simulated.home}.{worker}.errors").read_text().splitlines()
            assert "Finished trials are safe: then run the same command again." in said[-1]
            assert "Traceback" not in "".join(said)
        server.start()
        simulated.start(4, before=QUICK.format(1))
        assert simulated.end_all() == [0] * 4, simulated.errors()
        simulated.check()


def test_workers_that_join_while_their_database_starts_wait_for_it(tmp_path: Path, server: Server) -> None:
    with Simulated(tmp_path / "run", server.url, trials=20, seconds=0.1) as simulated:
        server.hold()
        simulated.start(2, before=QUICK.format(600))
        while simulated.errors().count("Waiting for it") < 2:
            assert "Finished trials are safe" not in simulated.errors()
            time.sleep(0.1)
        server.release()
        assert simulated.end_all() == [0, 0], simulated.errors()
        simulated.check()


def test_a_worker_that_waits_for_its_database_can_be_interrupted(tmp_path: Path, server: Server) -> None:
    import signal

    with Simulated(tmp_path / "run", server.url, trials=60, seconds=0.1) as simulated:
        (worker,) = simulated.start(1, before=QUICK.format(600))
        simulated.wait_for(3)
        server.stop()
        while "Waiting for it" not in simulated.errors():
            time.sleep(0.1)
        assert simulated.strike(worker, signal.SIGTERM) == 130
        assert "Traceback" not in simulated.errors()
        server.start()
        simulated.start(2)
        assert simulated.end_all() == [0, 0], simulated.errors()
        simulated.check()
