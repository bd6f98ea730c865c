"""The report of measured networks in a real browser: the page of a study answers the same questions on other rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from suite import pipeline
from suite.core import cells
from suite.core.cells import Cell, Table
from suite.report.catalogue import page
from suite.report.language import spoken
from tests.browser import opened

pytestmark = pytest.mark.browser
CATALOGUE = pipeline._catalogue()
BY_NAME = {network.name: network for network in CATALOGUE}
LOST = "coca/coca"  # too large for the device


def measured(batch=1, path="saved_model"):
    """Every network of the catalogue, slower with its multiply-adds; every seventh is unstable."""
    known = []
    for place, network in enumerate(CATALOGUE):
        cell = Cell(
            model=network.name, batch=batch, path=path, precision="float32", state=cells.STABLE,
            image=f"{network.resolution}x{network.resolution}x3", measured="2026-03-01 10:00:00", calls=120,
        )  # fmt: skip
        ms = batch**0.9 * network.macs / 1e8
        wide = 0.2 if place % 7 == 0 else 0.01
        said = {"latency": ms, "latency_low": ms * (1 - wide), "latency_high": ms * (1 + wide),
                "peak_memory": 4e-6 * network.total_parameters + 100}  # fmt: skip
        if network.name == LOST:
            known.append(replace(cell, state=cells.NO_MEMORY, reason="needs 9 GB"))
        elif place % 7 == 0:
            known.append(replace(cell, state=cells.UNSTABLE, reason="the median is known to 20 % only", measures=said))
        else:
            known.append(replace(cell, measures=said))
    return known


def table(device="Laptop, 2 cores", batches=(1, 8)):
    found = tuple(cell for batch in batches for cell in measured(batch))
    return Table(surroundings={"device": device, "threads": "1", "onednn": "on"}, cells=found)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return page.write(CATALOGUE, [table()], tmp_path_factory.mktemp("field"))


@pytest.fixture(scope="module")
def window(file):
    with opened(file) as seen:
        yield seen


@pytest.fixture
def seen(window):
    window.again()
    return window


def best(most, names=None):
    """The most accurate network that may be compared and is surely within some milliseconds at batch 1."""
    fit = [
        (network.top1, -cell.measures["latency"], network.name)
        for network, cell in zip(CATALOGUE, measured(), strict=True)
        if network.top1 and network.is_plain and network.size == network.resolution and cell.is_timed
        and cell.measures["latency_high"] <= most and (names is None or network.family in names)
    ]  # fmt: skip
    return f"{max(fit)[2]} batch 1"


def test_it_loads_nothing_raises_nothing_and_answers_first(seen):
    assert {url.partition("#")[0] for url in seen.asked} <= {seen.file.as_uri(), "about:blank"}
    assert seen.errors == []
    assert seen.text("#answer .lead").startswith("At 30 images a second or more, take ")
    assert seen.page.locator("#chart .member").count() > 5


@pytest.mark.parametrize("most", [1, 5, 20, 200])
def test_a_limit_names_the_most_accurate_network_that_may_be_compared(seen, most):
    seen.page.locator('.slider:has([data-limit="latency"]) input[type=number]').fill(str(most))
    seen.page.keyboard.press("Tab")
    assert seen.text("#best .best-name") == best(most)


def test_a_slider_moves_the_answer(seen):
    before = seen.text("#best .best-name")
    slider = seen.page.locator('input[data-limit="latency"]')
    slider.focus()
    slider.press("Home")
    for _ in range(60):
        slider.press("ArrowRight")
    limit = float(seen.page.locator('.slider:has([data-limit="latency"]) input[type=number]').input_value())
    assert seen.text("#best .best-name") == best(limit) != before


def test_what_the_legend_switches_off_is_not_named(seen):
    taken = seen.text("#best .best-name").split("/")[0]
    seen.page.locator(f'[data-toggle="kind:{taken}"]').click()
    assert seen.text("#best .best-name") == best(1e9, {network.family for network in CATALOGUE} - {taken})


def test_only_the_usual_batch_is_shown_until_others_are_switched_on(seen):
    assert set(seen.do("shown.map((trial) => told('measured.batch', trial))")) == {"1"}
    for button in seen.page.locator("[data-toggle^='place:']").all():
        if button.get_attribute("aria-pressed") == "false":
            assert button.inner_text() == "batch 8"
            button.click()
            break
    assert set(seen.do("shown.map((trial) => told('measured.batch', trial))")) == {"1", "8"}
    assert seen.do("front_groups.length") == 2
    seen.again("#" + seen.page.url.partition("#")[2])
    assert set(seen.do("shown.map((trial) => told('measured.batch', trial))")) == {"1", "8"}


def test_an_accuracy_that_may_not_be_compared_is_drawn_and_on_no_front(seen):
    statuses = seen.do("Object.fromEntries(shown.map((trial) => [names[trial], statuses[trial]]))")
    for name in ("vit/b-16", "vgg/16", "resnet/50"):
        assert BY_NAME[name].top1
        assert statuses[f"{name} batch 1"] == "apart"
    assert "Open marks may not be compared" in seen.text("#how-to-read")
    seen.page.locator("#y").select_option("peak_memory")
    assert "apart" not in seen.do("shown.map((trial) => statuses[trial])")


def test_the_table_sorts_and_finds(seen):
    heading = seen.page.locator('#table th[data-column="latency"] button')
    heading.click()
    place = seen.do("columns_now().findIndex((one) => one.key === 'latency')")
    numbers = seen.do("rows.map((trial) => value('latency', trial))")
    timed = [number for number in numbers if number is not None]
    assert timed == sorted(timed)
    assert numbers[-1] is None
    texts = seen.do(
        "(place) => [...table.querySelectorAll('tbody tr[data-trial]')].map((row) => row.cells[place].textContent)",
        place,
    )
    assert float(texts[0]) < float(texts[5])
    seen.page.locator("#find").fill("needs 9 GB")
    assert seen.do("rows.map((trial) => names[trial])") == [f"{LOST} batch 1"]


def test_a_row_opens_with_its_source_its_conditions_and_how_it_was_measured(seen):
    seen.do("open_trial(place_of.get('efficientnet/b0 batch 1'))")
    panel = seen.text("#trial")
    for said in ("EfficientNet-B0", "Tan and Le", "77.10 %", "one crop of 224 pixels", "2026-03-01 10:00:00", "120"):
        assert said in panel
    seen.page.keyboard.press("Escape")
    seen.do(f"open_trial(place_of.get('{LOST} batch 1'))")
    assert "needs 9 GB" in seen.text("#trial")
    assert "out of memory" in seen.text("#trial")


def test_a_mark_of_a_figure_below_names_its_row_and_opens_it(seen):
    mark = seen.page.locator("figure use[data-trial]:visible").first
    name = mark.get_attribute("data-trial")
    mark.hover(force=True)
    assert name in seen.text("#hint")
    mark.click(force=True)
    assert name in seen.text("#trial")


def test_the_year_of_a_paper_is_an_axis(seen):
    seen.page.locator("#x").select_option("network.year")
    ticks = seen.do("[...document.querySelectorAll('#chart .tick')].map((tick) => tick.textContent)")
    assert {"2014", "2020"} <= set(ticks)


def test_what_a_study_alone_answers_is_absent(seen):
    for part in ("#learning", "#hypervolume", "#again", "#confirmed", "#unfinished", ".command"):
        assert not any(one.is_visible() for one in seen.page.locator(part).all()), part
    assert "trial" not in seen.page.locator("main").inner_text().lower()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_the_window_and_axe_finds_nothing_serious(file, width, theme):
    with opened(file, width=width, height=844, color_scheme=theme) as seen:
        for view in ("", "#trial=resnet/50 batch 1"):
            seen.again(view)
            assert seen.do("document.documentElement.scrollWidth - innerWidth") <= 0
            seen.do("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            assert seen.do("document.documentElement.scrollWidth - innerWidth") <= 0
            found = Axe().run(seen.page).response["violations"]
            serious = [(o["id"], o["nodes"][0]["html"][:200]) for o in found if o["impact"] in ("serious", "critical")]
            assert serious == []


def test_it_prints_the_answer_and_the_front(seen):
    seen.page.emulate_media(media="print")
    assert seen.page.locator("#answer").is_visible()
    assert seen.page.locator(".printed tbody tr").count() == seen.do("on_front.size")
    assert not seen.page.locator("#table").is_visible()
    seen.page.emulate_media(media="screen")


def test_devices_are_side_by_side_each_with_its_front(tmp_path):
    with opened(page.write(CATALOGUE, [table(batches=(1,)), table("Server", (1,))], tmp_path)) as seen:
        assert seen.page.locator("#devices svg").is_visible()
        assert [len(group) > 5 for group in seen.do("front_groups.filter((group) => group.length)")] == [True, True]
        assert seen.page.locator(".answer .lead").count() == 2
        assert "Each device has its own front" in seen.text("#how-to-read")
        assert "on the front of every device" in seen.text("#on-which-fronts-read")
        seen.page.locator("[data-choice=Server]").click()
        assert {name.rpartition(" ")[2] for name in seen.do("rows.map((trial) => names[trial])")} == {"Server"}
        assert "data set" not in seen.page.locator("main").inner_text().lower()
        assert seen.errors == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_name_of_the_best_hides_no_other_of_the_front(file, width):
    with opened(file, width=width) as seen:
        for view in ("", "#limit.latency=100", "#x=parameters&y=accuracy", "#x=network.year"):
            seen.again(view)
            (name,) = boxes(seen, "#chart text.name")
            assert not [mark for mark in boxes(seen, "#chart .member") if overlap(name, mark)], view


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_titles_of_the_axes_are_whole_and_do_not_touch(tmp_path, width, language):
    with spoken(language):
        written = page.write(CATALOGUE, [table()], tmp_path)
    with opened(written, width=width) as seen:
        titles = boxes(seen, "#parallel .label")
        assert not [pair for pair in combinations(titles, 2) if overlap(*pair)]
        assert not any("…" in title for title in seen.page.locator("#parallel .label").all_text_contents())


def test_on_a_phone_the_numbers_of_an_opened_row_are_whole(file):
    with opened(file, width=390, height=844) as seen:
        seen.again("#trial=efficientnet/b0 batch 1")
        beyond = "[...document.querySelectorAll('#trial .wide')].map((one) => one.scrollWidth - one.clientWidth)"
        assert max(seen.do(beyond)) <= 0


def boxes(seen, selector):
    """Left, top, right and bottom of some elements."""
    return seen.do(
        "(selector) => [...document.querySelectorAll(selector)].map((one) => one.getBoundingClientRect())"
        ".map((box) => [box.left, box.top, box.right, box.bottom])",
        selector,
    )


def overlap(one, other):
    """Whether two boxes do."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_it_speaks_russian(tmp_path):
    with spoken("ru"):
        written = page.write(CATALOGUE, [table()], tmp_path)
    with opened(written, width=390) as seen:
        assert seen.do("document.documentElement.scrollWidth - innerWidth") <= 0
        assert seen.text("#answer .lead").startswith("Если нужно не меньше 30 изображений в секунду")
        seen.do("open_trial(place_of.get('efficientnet/b0 пакет 1'))")
        panel = seen.text("#trial")
        assert "Что сообщает публикация" in panel
        assert "77,10 %" in panel
        assert seen.errors == []
