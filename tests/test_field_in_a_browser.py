"""The report of measured networks in a real browser: it loads nothing, and its table and figures answer to clicks."""

from __future__ import annotations

import pytest

from suite import pipeline
from suite.core import cells
from suite.core.cells import Cell, Table
from suite.report.catalogue import page
from tests.browser import needs_chromium, opened

pytestmark = needs_chromium
ROWS = '[...document.querySelectorAll("#table tbody tr")]'


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """The page of the field: all networks of the catalogue, one of them too large for the device."""
    catalogue = pipeline._catalogue()
    measured = [
        Cell(
            model=network.name, batch=1, path="saved_model",
            precision="float32", image=f"{network.resolution}x{network.resolution}x3",
            **{"state": cells.STABLE, "measures": {
                "latency": network.macs / 1e8, "peak_memory": 4e-6 * network.total_parameters + 100,
            }} if network.name != "coca/coca"
            else {"state": cells.NO_MEMORY, "reason": "needs 9 GB"},
        )
        for network in catalogue
    ]  # fmt: skip
    table = Table(surroundings={"device": "Laptop, 2 cores", "threads": "1"}, cells=tuple(measured))
    with opened(page.write(catalogue, [table], tmp_path_factory.mktemp("field"))) as seen:
        yield seen


@pytest.fixture
def seen(window):
    window.again()
    return window


def test_it_loads_nothing_raises_nothing_and_is_no_wider_than_its_window(seen):
    assert set(seen.asked) <= {seen.file.as_uri(), "about:blank"}
    assert seen.errors == []
    assert seen.do("document.documentElement.scrollWidth - innerWidth") <= 0


def test_it_sorts_by_milliseconds_and_what_has_none_is_last(seen):
    place = seen.do(
        '[...document.querySelectorAll("#table th")].findIndex((head) => head.textContent === "Latency, ms")'
    )
    seen.page.locator("#table th button").nth(place).click()
    texts = seen.do(f"{ROWS}.map((row) => row.cells[{place}].textContent)")
    numbers = [float(text.replace(",", "")) for text in texts if text]
    assert numbers == sorted(numbers)
    assert len(texts) == len(numbers) + 1
    assert texts[-1] == ""


def test_the_filter_shows_only_what_was_asked_for(seen):
    seen.page.locator(".filters select[name=state]").select_option("out of memory")
    (shown,) = seen.do(f"{ROWS}.filter((row) => !row.hidden).map((row) => row.textContent)")
    assert shown.startswith("coca/coca")
    assert "needs 9 GB" in shown


def test_a_row_is_marked_in_every_figure_that_shows_it(seen):
    seen.do(f'{ROWS}.find((row) => row.dataset.trial.startsWith("resnet/50,")).click()')
    marked = seen.do(
        '[...document.querySelectorAll(".figure")].filter((one) => one.querySelector(".halo")).map((one) => one.id)'
    )
    assert {"speed", "balls-top1", "balls-top5", "density-accuracy", "activations", "memory"} <= set(marked)
