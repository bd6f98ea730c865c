"""Show a study while it runs, or where it stands.

What was found, what is being trained, how much of the budget is left, and what comes next and why. It reads the run's
store only: the study runs in other processes, on this machine or others. On a terminal the screen is redrawn; in a pipe
there is a line for each trial that ends, and one each minute. It ends when the budget is spent, or when nobody has
worked for a minute; then it says how to go on. Ctrl-C ends it, and never the study.

\b
suite watch resnet
suite watch resnet --once
suite watch resnet --page
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console, RenderableType
from rich.live import Live

from suite import pipeline
from suite.cli import watching
from suite.cli.ending import until_interrupted
from suite.cli.options import rooted
from suite.cli.speaking import say, tell, wrapped
from suite.search import exchange, folder
from suite.search.outlook import Outlook, outlook
from suite.search.store import Store

EVERY = 2.0  # seconds between two looks, or ten times what a look takes
LINE = 50.0  # seconds between two lines in a pipe
DRAWN = 60  # seconds between two pages, or ten times what a page takes
HEIGHT = 60  # lines where there is no terminal
IDLE, PATIENCE = 15.0, 60.0  # seconds without a worker after which that is said, and after which it ends


@click.command(help=__doc__)
@click.argument("run", metavar="RUN")
@rooted
@click.option("--once", is_flag=True, help="Show it once and end.")
@click.option("--page", is_flag=True, help="Keep the page of the report up to date too; it reloads itself.")
def command(run: str, root: Path, once: bool, page: bool) -> None:
    """Show the study until it ends."""
    home = folder.named(run, root)
    store = folder.reopened(home)
    with closing(store), until_interrupted("no longer watched. The study is not touched."):
        Watch(store, home, page=page, once=once).until_it_ends()


class Watch:
    """Looks at a study again and again."""

    def __init__(self, store: Store, home: Path, *, page: bool, once: bool) -> None:
        self._store, self._home, self._page, self._once = store, home, page, once
        self._idle_after = 0.0 if once else IDLE
        self._worked = time.monotonic()  # when somebody was last seen to work
        self._drawn = -float("inf")  # when the page was written

    def until_it_ends(self) -> None:
        """Show the study until its budget is spent or nobody works at it."""
        console = Console(file=sys.stdout, highlight=False)
        if console.is_terminal and not self._once:
            with Live(console=console, auto_refresh=False) as live:
                last = self._watched(lambda now, idle: live.update(self._screen(console, now, idle), refresh=True))
        elif self._once:
            last = self._look()
            console.print(self._screen(console, last, self._idle(last)))
        else:
            last = self._watched(_Lines())
        self._draw(is_last=True)
        if last.is_spent:
            for line in watching.answer(last):
                tell(wrapped(line))
            tell(f"The budget is spent. `suite front {self._home}` prints the whole front, `suite report` draws it.")

    def _watched(self, show: Callable[[Outlook, str], None]) -> Outlook:
        """Look, and `show` what is seen, until there is nothing more to come."""
        while True:
            began = time.monotonic()
            now = self._look()
            if now.now:
                self._worked = began
            is_over = now.is_spent or began - self._worked > PATIENCE
            show(now, self._idle(now))
            if is_over:
                return now
            self._draw(is_last=False)
            time.sleep(max(EVERY, 10 * (time.monotonic() - began)))

    def _screen(self, console: Console, now: Outlook, idle: str) -> RenderableType:
        return watching.screen(now, console.width, console.height if console.is_terminal else HEIGHT, idle)

    def _look(self) -> Outlook:
        return outlook(self._store, datetime.now(UTC))

    def _idle(self, now: Outlook) -> str:
        """Say that nobody works, and what goes on; empty while somebody does, or when the budget is spent."""
        if now.now or now.is_spent or time.monotonic() - self._worked < self._idle_after:
            return ""
        root = "" if self._home.parent == Path("runs") else f" --runs {self._home.parent}"
        return f"Nobody works at it now. It goes on with: suite run {self._home / 'study.toml'}{root}"

    def _draw(self, *, is_last: bool) -> None:
        """Write the page, if it is wanted and due. While the study runs, the page reloads itself."""
        began = time.monotonic()
        if not self._page or (not is_last and began < self._drawn):
            return
        page = pipeline.live(exchange.exchanged(self._home), self._home / "report", seconds=0 if is_last else DRAWN)
        if self._drawn < 0:
            say(page.resolve())
        self._drawn = time.monotonic() + max(DRAWN, 10 * (time.monotonic() - began))


class _Lines:
    """Shows a study in a pipe."""

    def __init__(self) -> None:
        self._said, self._ended = -float("inf"), -1

    def __call__(self, now: Outlook, idle: str) -> None:
        ended = sum(trial.state != "running" for trial in now.run.trials)
        if ended != self._ended or now.is_spent or time.monotonic() - self._said >= LINE:
            say(watching.line(now, idle))
            self._said, self._ended = time.monotonic(), ended
