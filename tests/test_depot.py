"""Does every machine of a study have what the others trained, whatever dies or cannot be reached meanwhile?"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from fsspec.implementations.local import LocalFileSystem
from hypothesis import given
from hypothesis import strategies as st

from suite import pipeline, tracking
from suite.core.domains import Choice
from suite.core.errors import DepotError, MissingExtraError
from suite.core.study import Budget, Fidelity, Study
from suite.core.trial import Run
from suite.depot import copies
from suite.depot.copies import Copy
from suite.depot.depot import Depot
from suite.report import certainty
from suite.report.comparison import compare
from suite.search import exchange, folder
from suite.tracking.delivery import Delivery
from tests import studies
from tests.runs import hold_answers
from tests.test_store import shared as shared  # the databases that machines share

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _without_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """tests/test_tracking.py is about MLflow."""
    monkeypatch.setattr(tracking, "deliver", lambda *_, **__: Delivery(delivered=0, waiting=0))


class Machine:
    """A machine with a run folder of its own, which reaches a place under the name that it has there."""

    def __init__(self, home: Path, place: Path | str) -> None:
        (home / "checkpoints").mkdir(parents=True)
        self.home, self.url = home, str(place)
        self.depot = Depot(home, self.url)

    def write(self, name: str, content: str) -> Path:
        """Write a file of the run as trainings do: the old one is replaced."""
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(".draft")
        draft.write_text(content)
        draft.replace(file)
        return file

    def deliver(self, name: str, content: str) -> bool:
        self.write(name, content)
        return self.depot.deliver()

    def brought(self, name: str) -> str:
        assert self.depot.bring(self.home / name)
        return (self.home / name).read_text()

    def renewed(self, name: str) -> str | None:
        return (self.home / name).read_text() if self.depot.renew(self.home / name) else None


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.fixture
def here(tmp_path: Path, place: Path) -> Machine:
    return Machine(tmp_path / "here", place)


@pytest.fixture
def there(tmp_path: Path, place: Path) -> Machine:
    return Machine(tmp_path / "there", place)


def inside(place: Path) -> list[str]:
    return sorted(str(file.relative_to(place)) for file in place.rglob("*") if file.is_file())


names = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=("Cs",)), min_size=1, max_size=20)


@given(names.filter(lambda name: not name.startswith(".")), st.integers(1, 9999), st.binary())
def test_a_name_in_the_depot_tells_file_version_and_content(name: str, version: int, content: bytes) -> None:
    copy = Copy(file=f"models/{name}.keras", version=version, digest=f"{hash(content) & (2**64 - 1):016x}")
    assert copies.read(copy.name) == copy


@pytest.mark.parametrize("name", [
    "models/7.keras", "models/.0f.7.1-0f3a9c51d2b84e67.keras", "study.toml", "models/7.1-short.keras",
    "answers/../../7.1-0f3a9c51d2b84e67.npz", "/etc/7.1-0f3a9c51d2b84e67.npz",
])  # fmt: skip
def test_what_others_lay_there_is_not_taken_for_a_file_of_the_run(name: str) -> None:
    assert copies.read(name) is None


def test_what_one_machine_keeps_another_gets_when_it_asks(here: Machine, there: Machine, place: Path) -> None:
    assert here.deliver("models/7.keras", "a network")
    assert [name.partition("-")[0] for name in inside(place)] == ["models/7.1"]
    assert there.brought("models/7.keras") == "a network"
    assert here.depot.waiting() == there.depot.waiting() == []
    assert not there.depot.bring(there.home / "models/8.keras")


def test_of_a_training_that_moved_each_machine_gets_the_newest_state(
    here: Machine, there: Machine, place: Path
) -> None:
    assert here.deliver("checkpoints/7.npz", "epoch 1")
    assert there.renewed("checkpoints/7.npz") == "epoch 1"
    assert there.deliver("checkpoints/7.npz", "epoch 3")
    assert len(inside(place)) == 1
    assert here.renewed("checkpoints/7.npz") == "epoch 3"  # it has an older one
    here.write("checkpoints/7.npz", "epoch 4")
    assert here.renewed("checkpoints/7.npz") == "epoch 4"  # it goes on from the newest
    assert here.depot.deliver()
    assert there.renewed("checkpoints/7.npz") == "epoch 4"


def test_a_state_that_others_have_gone_on_from_replaces_nothing(here: Machine, there: Machine) -> None:
    """A machine was cut off with a checkpoint, others gave its trial to another, and it comes back."""
    here.deliver("checkpoints/7.npz", "epoch 1")
    there.renewed("checkpoints/7.npz")
    here.write("checkpoints/7.npz", "epoch 2")  # and is cut off
    there.deliver("checkpoints/7.npz", "epoch 3")
    assert here.depot.deliver()
    assert here.depot.waiting() == []
    assert there.renewed("checkpoints/7.npz") == here.renewed("checkpoints/7.npz") == "epoch 3"


def test_a_lost_ledger_costs_nothing_but_digests(here: Machine, there: Machine, place: Path) -> None:
    here.deliver("answers/7.npz", "answers")
    before = inside(place)
    (here.home / "depot.ledger").write_text("damaged, and not at all a database, " * 100)
    assert here.depot.waiting()
    assert here.depot.deliver()
    assert here.depot.deliver()
    assert inside(place) == before


def test_a_damaged_file_is_never_taken(here: Machine, there: Machine, place: Path, caplog: Any) -> None:
    here.deliver("models/7.keras", "a network")
    here.deliver("checkpoints/7.npz", "epoch 1")
    for file in place.rglob("*.*"):
        file.write_text("damaged")
    with pytest.raises(DepotError, match=r"models/7\.1-.*is damaged"):
        there.depot.bring(there.home / "models/7.keras")
    assert not (there.home / "models/7.keras").exists()
    assert there.renewed("checkpoints/7.npz") is None  # so the training begins again
    assert "is damaged" in caplog.text
    assert there.deliver("checkpoints/7.npz", "epoch 1, again")
    assert here.renewed("checkpoints/7.npz") == "epoch 1, again"


def test_what_an_outage_left_is_delivered_later_and_both_are_told_once(
    here: Machine, there: Machine, place: Path, caplog: Any
) -> None:
    place.rename(place.with_name("away"))
    for number in range(3):
        assert not here.deliver(f"models/{number}.keras", f"network {number}")
    assert caplog.text.count("the depot fails") == 1
    assert "no folder" in caplog.text
    assert "mount its disk" in caplog.text
    assert len(here.depot.waiting()) == 3
    assert not place.exists()  # nothing was written to where the disk is not mounted
    place.with_name("away").rename(place)
    here.depot._again = 0.0  # the pause is over
    assert here.depot.deliver()
    assert caplog.text.count("is back") == 1
    assert there.brought("models/2.keras") == "network 2"


def test_in_an_outage_the_depot_is_not_asked_again_and_again(here: Machine, place: Path) -> None:
    here.write("models/1.keras", "a network")
    place.rename(place.with_name("away"))
    assert not here.depot.deliver()
    place.with_name("away").rename(place)
    assert not here.depot.deliver()
    assert inside(place) == []
    assert here.depot.there("checkpoints") == frozenset()


def test_a_training_waits_for_its_checkpoint_while_the_depot_is_away(
    here: Machine, there: Machine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("suite.depot.depot.PAUSE", 0.3)
    here.deliver("checkpoints/7.npz", "epoch 1")
    place.rename(place.with_name("away"))
    back = threading.Timer(1.0, lambda: place.with_name("away").rename(place))
    back.start()
    file = there.home / "checkpoints/7.npz"
    assert there.depot.renew(file, patience=60)
    assert file.read_text() == "epoch 1"
    back.join()


class Refusing(LocalFileSystem):
    """A folder that is full, or read-only, when it is written to."""

    protocol = "refusing"
    error: int | None = None

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return LocalFileSystem._strip_protocol(path.removeprefix("refusing://"))

    def put_file(self, *names: Any, **options: Any) -> None:
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        super().put_file(*names, **options)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_place_that_is_full_or_read_only_is_told_and_loses_nothing(
    tmp_path: Path, place: Path, there: Machine, error: int, caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsspec.register_implementation("refusing", Refusing, clobber=True)
    here = Machine(tmp_path / "refused", f"refusing://{place}")
    monkeypatch.setattr(Refusing, "error", error)
    assert not here.deliver("models/7.keras", "a network")
    assert os.strerror(error) in caplog.text
    assert (here.home / "models/7.keras").read_text() == "a network"
    assert inside(place) == []
    monkeypatch.setattr(Refusing, "error", None)
    here.depot._again = 0.0
    assert here.depot.deliver()
    assert there.brought("models/7.keras") == "a network"


@pytest.mark.parametrize(("url", "said"), [
    ("s4://bucket", "no such kind of place"),
    ("/no/such/folder", "no folder /no/such/folder: make it, or mount its disk"),
    ("sftp://suite:secret@server/suite", "sftp://suite@server/suite"),
])  # fmt: skip
def test_a_place_that_cannot_be_used_is_told_before_anything_is_trained(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises((DepotError, MissingExtraError), match=said) as error:
        folder.opened(tmp_path / "run", studies.study(), depot=url)
    assert "secret" not in str(error.value)
    assert folder.read(tmp_path / "run").trials == ()  # and the run goes on without it


def study(name: str, trials: int = 1, **changes: Any) -> Study:
    """One network, four epochs, a pause after the first."""
    space = {"stem": "small", "depths": Choice(((1,), (2,))), "widths": (4,)}
    fidelity = Fidelity(epochs=4, min_epochs=1)
    plain = studies.study(
        name=name, image=(16, 16, 1), space=space, recipe={"batch_size": 256}, fidelity=fidelity, constraints=(),
        budget=Budget(trials=trials), sampler="random",
    )  # fmt: skip
    return replace(plain, **changes)


ELSEWHERE = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from suite.machine.quiet import load_tensorflow
load_tensorflow()
from suite import pipeline, tracking
from suite.search.store import Store
from suite.tracking.delivery import Delivery
from tests.test_depot import study

tracking.deliver = lambda *_, **__: Delivery(delivered=0, waiting=0)
plain = Store.finish

def finish(self, trial):
    plain(self, trial)
    if trial.state == {state!r}:
        os.kill(os.getpid(), signal.SIGKILL)

Store.finish = finish
pipeline.run(study({name!r}, {trials}), Path({home!r}), {url!r}, depot={depot!r}, show=False)
"""


def die(home: Path, url: str, depot: str, name: str, trials: int, state: str) -> None:
    """Search on another machine, which dies when it has told that a trial is in this state."""
    code = ELSEWHERE.format(root=str(ROOT), home=str(home), url=url, depot=depot, name=name, trials=trials, state=state)
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr


def weights(run: Run, number: int) -> list[np.ndarray]:
    return pipeline.model(run.folder, number).get_weights()


@pytest.mark.slow
def test_another_machine_goes_on_with_the_paused_training_of_one_that_died_bit_for_bit(
    tmp_path: Path, shared: str, place: Path
) -> None:
    name = f"study-{time.time_ns()}"
    die(tmp_path / "there", shared, str(place), name, 1, "paused")
    killed = time.time()
    shutil.rmtree(tmp_path / "there")  # its disk is gone too
    done = pipeline.run(
        study(name), tmp_path / "here", shared, show=False
    )  # which is told of the place by the database
    assert [(trial.state, trial.continues) for trial in done.trials] == [("paused", None), ("complete", 0)]
    assert [row["time"] < killed for row in done.trials[1].curve] == [True, False, False, False]
    alone = pipeline.run(study(name), tmp_path / "alone", show=False)
    assert [trial.state for trial in alone.trials] == ["paused", "complete"]
    for ours, theirs in zip(weights(done, 1), weights(alone, 1), strict=True):
        assert np.array_equal(ours, theirs)
    assert [name for name in inside(place) if "checkpoints" in name] == []


@pytest.mark.slow
def test_any_machine_reports_and_exports_what_another_has_trained(tmp_path: Path, shared: str, place: Path) -> None:
    name = f"study-{time.time_ns()}"
    die(tmp_path / "there", shared, str(place), name, 2, "complete")
    before = len(folder.read(tmp_path / "there" / name).trials)
    run = pipeline.run(study(name, trials=2), tmp_path / "here", shared, show=False)
    ours = [trial.number for trial in run.candidates if trial.number >= before]
    theirs = [trial.number for trial in run.candidates if trial.number < before]
    assert ours
    assert theirs
    hold_answers(run)
    for root in ("here", "there"):  # the other is back, and has trained nothing since
        comparison = compare([exchange.exchanged(tmp_path / root / name)])
        known = certainty.of(comparison)
        assert known
        assert {entry.trial.number for entry in known.entries} == {*ours, *theirs}
    entry = next(one for one in comparison.candidates if one.trial.number == ours[0])
    done = pipeline.export(entry, [exchange.exchanged(tmp_path / "there" / name)], tmp_path / "exports")
    assert done.test_accuracy is not None
