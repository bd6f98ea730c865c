"""Pages in Debian's Chromium, for tests: what they ask for and complain about is kept."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

ON_SCREEN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
DRAWN = f"{ON_SCREEN}.then(() => globalThis.draw_rest?.())"  # figures below the screen too, which are drawn later


@dataclass
class Seen:
    """A page that is open, and what came of it so far."""

    page: Page
    file: Path
    asked: list[str] = field(default_factory=list)  # addresses
    errors: list[str] = field(default_factory=list)

    def do(self, script: str, argument: Any = None) -> Any:
        """Return what a script returns; before and after it, the page draws what has changed."""
        self.page.evaluate(DRAWN)
        found = self.page.evaluate(script, argument)
        self.page.evaluate(DRAWN)
        return found

    def text(self, selector: str) -> str:
        """Return the text of an element."""
        self.do("0")
        return self.page.locator(selector).inner_text()

    def again(self, view: str = "") -> None:
        """Open the page anew, at a view."""
        self.page.goto("about:blank")
        self.page.goto(self.file.as_uri() + view)


@contextmanager
def opened(file: Path, width: int = 1280, height: int = 900, **context: Any) -> Iterator[Seen]:
    """A page from the disk, in a window of this size."""
    window = chromium().new_context(viewport={"width": width, "height": height}, **context)
    page = window.new_page()
    seen = Seen(page=page, file=file)
    page.on("request", lambda request: seen.asked.append(request.url))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("console", lambda said: seen.errors.append(said.text) if said.type in ("error", "warning") else None)
    page.goto(file.as_uri())
    yield seen
    window.close()


@cache
def chromium() -> Browser:
    """The browser of this process, which ends with it."""
    play = sync_playwright().start()
    atexit.register(play.stop)
    return play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
