"""Does every machine of a study have what the others trained, whatever dies or cannot be reached meanwhile?"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
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
from suite.depot.place import Place
from suite.report import certainty
from suite.report.comparison import compare
from suite.search import exchange, folder
from suite.tracking.delivery import Delivery
from tests import shapes, studies, test_words_in_studies
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


class S3:
    """A server that speaks S3, at an address of its own. It keeps all in its memory."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env={**os.environ, **environment})
        while self.process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.1)
        raise AssertionError("moto.server ended")

    def make(self) -> None:
        """Make the bucket."""
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir("suite")

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """A server that is still to be started; the usual variables tell of it."""
    server = S3()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "suite")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-tests")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
    yield server
    server.kill()


@pytest.fixture
def bucket(s3: S3) -> str:
    s3.start()
    s3.make()
    return "s3://suite/some where"


@pytest.fixture(params=["folder", "s3"])
def reached(request: pytest.FixtureRequest) -> str:
    """A place that all machines reach."""
    return str(request.getfixturevalue("place" if request.param == "folder" else "bucket"))


def listed(reached: str) -> list[str]:
    system, path = fsspec.core.url_to_fs(reached, skip_instance_cache=True, use_listings_cache=False)
    return [str(name) for name in system.find(path)]


@pytest.mark.slow
def test_a_bucket_is_a_place_and_an_outage_of_its_server_ends(tmp_path: Path, s3: S3, caplog: Any) -> None:
    s3.start()
    s3.make()
    here, there = (Machine(tmp_path / name, "s3://suite/a study") for name in ("here", "there"))
    assert here.deliver("checkpoints/7.npz", "epoch 1")
    assert there.renewed("checkpoints/7.npz") == "epoch 1"
    assert there.deliver("checkpoints/7.npz", "epoch 2")
    assert here.renewed("checkpoints/7.npz") == "epoch 2"
    there.depot.look("checkpoints")
    assert there.depot.there("checkpoints") == {"7.npz"}
    there.depot.remove("checkpoints", ["7.npz"])
    assert listed("s3://suite") == []
    s3.kill()
    assert not here.deliver("models/7.keras", "a network" * 10**6)
    assert "its server cannot be reached (is it running, and AWS_ENDPOINT_URL right?)" in caplog.text
    s3.start()  # which has forgotten all
    here.depot._again = 0.0
    assert not here.depot.deliver()
    assert "no such bucket" in here.depot.trouble
    s3.make()
    here.depot._again = 0.0
    assert here.depot.deliver()
    assert caplog.text.count("is back") == 1
    assert there.brought("models/7.keras") == "a network" * 10**6


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.slow
def test_a_server_that_hangs_holds_nobody_up_for_ever(
    tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    """s3fs waits for ever where a server takes a connection and never answers that a file may come."""
    monkeypatch.setattr("suite.depot.place.LIMIT", 2.0)
    if stopped:
        s3.start()
        s3.make()
        assert s3.process
        os.kill(s3.process.pid, signal.SIGSTOP)
    file = tmp_path / "file"
    file.write_text("a network")
    with closing(socket.create_server(("127.0.0.1", 0 if stopped else s3.port))):
        place = Place("s3://suite")
        for _ in range(2):  # the second one is told at once
            with pytest.raises(DepotError, match="its server does not answer"):
                place.put(file, "models/7.keras")


@pytest.mark.slow
def test_what_is_wrong_with_a_bucket_is_told_with_the_way_out(
    tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(place: str) -> str:
        with pytest.raises(DepotError) as error:
            folder.opened(tmp_path / "run", studies.study(), depot=place)
        assert "a-secret" not in str(error.value)
        return str(error.value)

    assert "its server cannot be reached" in told("s3://suite")
    s3.start()
    assert "no such bucket: make it" in told("s3://suite")
    s3.kill()
    s3.start(INITIAL_NO_AUTH_ACTION_COUNT="0")
    assert "S3 does not know this key: check AWS_ACCESS_KEY_ID" in told("s3://suite")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert "no key for S3: set AWS_ACCESS_KEY_ID" in told("s3://suite")


def test_two_studies_of_one_name_never_meet(tmp_path: Path, place: Path) -> None:
    for root in ("one", "two"):
        with folder.opened(tmp_path / root / "small", studies.study(), depot=str(place)) as store:
            (store.folder / "classes.json").write_text(root)
            assert store.depot.deliver()
    assert len([name for name in inside(place) if "classes" in name]) == 2
    assert len(list(place.iterdir())) == 2


def test_machines_that_begin_at_once_agree_on_one_depot(tmp_path: Path, place: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    homes = [tmp_path / str(number) / "small" for number in range(4)]

    def opened(home: Path) -> str:
        with folder.opened(home, studies.study(), url, depot=str(place)) as store:
            return store.depot.url

    with ThreadPoolExecutor(len(homes)) as several:
        urls = set(several.map(opened, homes))
    assert len(urls) == 1
    assert inside(place) == [f"{Path(urls.pop()).name}/study.toml"]


def test_a_machine_that_joins_is_told_of_the_depot_and_may_reach_it_by_another_name(
    tmp_path: Path, place: Path
) -> None:
    url, other, empty = f"sqlite:///{tmp_path / 'shared.db'}", tmp_path / "mounted elsewhere", tmp_path / "empty"
    other.symlink_to(place)
    empty.mkdir()
    with folder.opened(tmp_path / "1", studies.study(), url, depot=str(place)) as first:
        pass
    with folder.opened(tmp_path / "2", studies.study(), url) as joined:
        assert joined.depot.url == first.depot.url
    with folder.opened(tmp_path / "3", studies.study(), url, depot=str(other)) as elsewhere:
        assert Path(elsewhere.depot.url).resolve() == Path(first.depot.url).resolve()
    with pytest.raises(DepotError, match=r"empty: the files of this study are not there: they are in .*place"):
        folder.opened(tmp_path / "4", studies.study(), url, depot=str(empty))
    with folder.reopened(tmp_path / "3") as later:  # and later commands find it
        assert later.depot.url == elsewhere.depot.url
    assert (tmp_path / "3" / "depot.url").stat().st_mode & 0o077 == 0


def test_the_depot_of_the_environment_is_that_of_runs_without_one(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    with folder.opened(tmp_path / "1", studies.study(), depot=str(place)) as first:
        assert first.depot.is_used
    monkeypatch.setenv("SUITE_DEPOT", str(tmp_path / "other"))
    with folder.opened(tmp_path / "1", studies.study()) as same:
        assert same.depot.url == first.depot.url
    with folder.opened(tmp_path / "2", studies.study()) as new:
        assert Path(new.depot.url).parent == tmp_path / "other"


def test_a_run_that_began_without_a_depot_hands_over_all_it_has(tmp_path: Path, place: Path) -> None:
    with folder.opened(tmp_path / "1", studies.study()) as store:
        store.finish(studies.complete(store.ask()))
        assert not store.depot.is_used
        assert store.depot.deliver()
    file = folder.model(tmp_path / "1", 0)
    file.parent.mkdir()
    file.write_text("a network")
    folder.opened(tmp_path / "1", studies.study(), depot=str(place)).close()
    exchange.exchanged(tmp_path / "1")
    assert [name for name in inside(place) if "models/0.1-" in name]


def test_who_interrupts_a_delivery_does_not_lose_the_trial(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Depot, without: object = ()) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Depot, "deliver", interrupted)
    with pytest.raises(KeyboardInterrupt), folder.opened(tmp_path, studies.study(), depot=str(place)) as store:
        begun = store.ask()
        assert begun
        exchange.delivering(studies.complete, store)(begun)
    assert [trial.state for trial in folder.read(tmp_path).trials] == ["complete"]


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
from tests.test_depot import study, words_study

tracking.deliver = lambda *_, **__: Delivery(delivered=0, waiting=0)
plain = Store.finish

def finish(self, trial):
    plain(self, trial)
    if trial.state == {state!r}:
        os.kill(os.getpid(), signal.SIGKILL)

Store.finish = finish
pipeline.run({asked}, Path({home!r}), {url!r}, depot={depot!r}, show=False)
"""


def die(home: Path, url: str, depot: str, name: str, trials: int, state: str) -> None:
    """Search on another machine, which dies when it has told that a trial is in this state."""
    die_of(f"study({name!r}, {trials})", home, url, depot, state)


def die_of(asked: str, home: Path, url: str, depot: str, state: str) -> None:
    """Search what is `asked` for, in Python, as `die` does."""
    code = ELSEWHERE.format(root=str(ROOT), home=str(home), url=url, depot=depot, asked=asked, state=state)
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr


def weights(run: Run, number: int) -> list[np.ndarray]:
    return pipeline.model(run.folder, number).get_weights()


@pytest.mark.slow
def test_another_machine_goes_on_with_the_paused_training_of_one_that_died_bit_for_bit(
    tmp_path: Path, shared: str, reached: str
) -> None:
    name = f"study-{time.time_ns()}"
    die(tmp_path / "there", shared, reached, name, 1, "paused")
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
    assert [name for name in listed(reached) if "checkpoints" in name] == []


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


def words_study(pictures: str, trials: int) -> Study:
    """Two networks that learn the same from texts, and differ in how their classifiers are trained."""
    return test_words_in_studies.study(Path(pictures), budget=Budget(trials=trials))


@pytest.mark.slow
def test_what_networks_have_learned_from_texts_goes_with_the_depot_too(tmp_path: Path, place: Path) -> None:
    pictures, url = tmp_path / "pictures", f"sqlite:///{tmp_path / 'shared.db'}"
    shapes.world(pictures, 10)
    die_of(f"words_study({str(pictures)!r}, 2)", tmp_path / "there", url, str(place), "complete")
    shutil.rmtree(tmp_path / "there")
    before = [name for name in inside(place) if "/words/" in name]
    assert [name.rpartition("/")[2].partition(".")[0] for name in before if "tokens" in name] == ["tokens"]
    run = pipeline.run(words_study(str(pictures), 2), tmp_path / "here", url, show=False)
    assert [trial.reason for trial in run.trials if trial.state != "complete"] == []
    theirs, ours = run.trials
    assert theirs.surroundings["weights_digest"] == ours.surroundings["weights_digest"]
    assert theirs.measures["zero_shot"] == ours.measures["zero_shot"]
    assert [name for name in inside(place) if "/words/" in name] == before  # nothing was learned again
    hold_answers(run)
    assert pipeline.report([run], tmp_path / "page").is_file()
    entry = next(one for one in compare([run]).entries if one.trial.number == theirs.number)
    by_text = pipeline.export(entry, [run], tmp_path / "by text", ())
    assert by_text.test_accuracy is not None
    own = pipeline.export(entry, [run], tmp_path / "own", ("a red thing", "a blue thing"))
    (answer,) = pipeline.predict(own.folder, [next(pictures.glob("red_circle/*.png"))])
    assert {name for name, _ in answer} == {"a red thing", "a blue thing"}
    assert pipeline.export(entry, [run], tmp_path / "trained").test_accuracy is not None
