"""The database of a run is damaged, or its folder may not be written: what is said is the way out."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from suite.core.errors import StoreError, SuiteError
from suite.search import backup, folder
from tests import studies
from tests.faults.forking import in_a_child

NOBODY = 65534


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four trials."""
    home = tmp_path_factory.mktemp("whole") / "run"
    with folder.opened(home, studies.study()) as store:
        for _ in range(4):
            store.finish(studies.complete(store.ask()))
    return home


def damaged(whole: Path, home: Path, change: Callable[[bytes], bytes]) -> Path:
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(whole, home)
    file = home / "trials.db"
    file.write_bytes(change(file.read_bytes()))
    return home


CUT = {
    "nothing": lambda content: b"",
    "a byte": lambda content: content[:1],
    "the head": lambda content: content[:512],
    "half": lambda content: content[: len(content) // 2],
    "other bytes": lambda content: b"no database " * 5000,
    "no head": lambda content: bytes(100) + content[100:],
    "no middle": lambda content: content[:4096] + bytes(len(content) - 8192) + content[-4096:],
}


@pytest.mark.parametrize("how", CUT)
def test_a_damaged_database_is_named_with_its_copy_and_the_copy_goes_on(whole: Path, tmp_path: Path, how: str) -> None:
    home = damaged(whole, tmp_path / "run", CUT[how])
    before = (home / "trials.db").read_bytes()
    for look in (lambda: folder.read(home), lambda: folder.opened(home, studies.study())):
        with pytest.raises(StoreError) as error:
            look()
        assert str(home) in str(error.value)
        assert f"Copy {home / backup.COPY}, which has 4 trials, over it" in str(error.value)
    assert (home / "trials.db").read_bytes() == before
    shutil.copy(home / backup.COPY, home / "trials.db")
    with folder.opened(home, studies.study()) as store:
        assert [trial.state for trial in store.trials()] == ["complete"] * 4
        assert store.ask() is not None


def test_without_a_copy_the_way_out_is_another_one(whole: Path, tmp_path: Path) -> None:
    home = damaged(whole, tmp_path / "run", CUT["half"])
    (home / backup.COPY).unlink()
    with pytest.raises(StoreError, match="Restore a copy of it, or move the folder away"):
        folder.read(home)


def test_an_emptied_database_beside_trained_networks_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    home = tmp_path / "run"
    folder.opened(home, studies.study()).close()
    (home / "models").mkdir()
    (home / "models" / "0.keras").touch()
    (home / "trials.db").write_bytes(b"")
    with pytest.raises(StoreError, match="it is empty, and the trials were in it"):
        folder.opened(home, studies.study())


@settings(max_examples=40, derandomize=True, database=None)
@given(flips=st.lists(st.tuples(st.integers(0, 120_000), st.integers(1, 255)), min_size=1, max_size=30))
@example(flips=[(18, 9)])  # the version of the file's format: SQLite takes such a file as read-only
@example(flips=[(59, 1), (24, 1)])
def test_flipped_bytes_are_answered_or_refused_and_never_end_in_a_traceback(
    whole: Path, flips: list[tuple[int, int]]
) -> None:
    def flip(content: bytes) -> bytes:
        changed = bytearray(content)
        for place, bits in flips:
            changed[place % len(changed)] ^= bits
        return bytes(changed)

    home = damaged(whole, whole.with_name("flipped"), flip)
    with suppress(SuiteError):
        assert len(folder.read(home).trials) <= 4


def test_a_copy_is_never_made_of_a_damaged_database(whole: Path, tmp_path: Path) -> None:
    home = damaged(whole, tmp_path / "run", CUT["no middle"])
    before = (home / backup.COPY).read_bytes()
    backup.keep(home)
    assert (home / backup.COPY).read_bytes() == before
    with sqlite3.connect(home / backup.COPY) as copy:
        assert copy.execute("SELECT count(*) FROM trials").fetchone() == (4,)
    copy.close()


def unprivileged(look: Callable[[], object]) -> str:
    """Return what `look` returns, or says, to a user who may write nothing here."""

    def step() -> object:
        if os.getuid() == 0:
            os.setuid(NOBODY)
        return look()

    return in_a_child(step)


@pytest.fixture
def locked(whole: Path, tmp_path: Path) -> Path:
    """A copy of the run that nobody may write."""
    home = shutil.copytree(whole, tmp_path / "runs" / "small")
    for path in (*home.rglob("*"), home, home.parent):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for above in tmp_path.parents[:-2]:  # pytest's own folders are for their owner
        above.chmod(above.stat().st_mode | 0o011)
    tmp_path.chmod(0o755)
    return home


def test_a_run_that_may_not_be_written_is_read_by_others(locked: Path) -> None:
    before = sorted(path.name for path in locked.iterdir())
    assert folder.read(locked).trials
    assert unprivileged(lambda: len(folder.read(locked).trials)) == "4"
    assert sorted(path.name for path in locked.iterdir()) == before


def test_a_run_that_may_not_be_written_is_not_gone_on_with_and_says_why(locked: Path) -> None:
    said = unprivileged(lambda: folder.opened(locked, studies.study()).ask())
    assert "Traceback" not in said
    assert str(locked) in said
    assert "Permission denied" in said
