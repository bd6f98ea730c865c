"""The reports in a real browser: they load nothing, and their tables and figures answer to clicks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape

import pytest

from suite import pipeline
from suite.core import cells
from suite.core.cells import Cell, Table
from suite.report.catalogue import page as field_page
from suite.report.study import page
from tests.report_runs import families

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

WATCH = """<script>
window.seen = { errors: [], blocked: [] };
addEventListener("error", (event) => seen.errors.push(event.message));
addEventListener("securitypolicyviolation", (event) => seen.blocked.push(event.blockedURI));
</script>"""
TELL = """
seen.loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
seen.wide = document.documentElement.scrollWidth - innerWidth;
const store = document.createElement("pre");
store.id = "seen";
store.textContent = JSON.stringify(seen);
document.body.append(store);
</script>"""
ACT = """<script>
const cells = (column) => [...document.querySelectorAll("#table tbody tr")].map((row) => row.cells[column].textContent);
const heads = [...document.querySelectorAll("#table th")].map((head) => head.textContent);
const press = (name) => document.querySelectorAll("#table th")[heads.indexOf(name)].click();
const column = heads.indexOf("parameters");
press("parameters"); seen.up = cells(column);
press("parameters"); seen.down = cells(column);
press("trial"); seen.names = cells(0);
const form = document.querySelector(".filters");
form.elements.state.value = "refused";
form.dispatchEvent(new Event("input"));
const shown = [...document.querySelectorAll("#table tbody tr")].filter((row) => !row.hidden);
seen.states = shown.map((row) => row.dataset.state);
seen.count = form.querySelector("output").value;
const mark = document.querySelector("#front-latency use[data-trial]");
const box = mark.getBoundingClientRect();
const at = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true };
const svg = mark.closest("svg");
svg.dispatchEvent(new PointerEvent("pointermove", at));
seen.hint = document.getElementById("hint").textContent;
svg.dispatchEvent(new MouseEvent("click", at));
seen.chosen = document.querySelector("#table tr.chosen").dataset.trial;
seen.visible = !document.querySelector("#table tr.chosen").hidden;
seen.halos = document.querySelectorAll(".halo").length;
"""
ACT_IN_THE_FIELD = """<script>
const listed = () => [...document.querySelectorAll("#table tbody tr")];
const heads = [...document.querySelectorAll("#table th")];
const ms = heads.findIndex((head) => head.textContent === "ms");
heads[ms].click();
seen.ms = listed().map((row) => row.cells[ms].textContent);
const form = document.querySelector(".filters");
form.elements.state.value = "out of memory";
form.dispatchEvent(new Event("input"));
seen.without = listed().filter((row) => !row.hidden).map((row) => row.textContent);
listed().find((row) => row.dataset.trial.startsWith("resnet/50,")).click();
const shown = [...document.querySelectorAll(".figure")];
seen.marked = shown.filter((figure) => figure.querySelector(".halo")).map((figure) => figure.id);
"""


def used(path, act):
    """What happened on the page when it was opened from disk and used."""
    source = path.read_text().replace("<head>", "<head>" + WATCH, 1).replace("</body>", act + TELL + "</body>", 1)
    path.write_text(source)
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={path.parent / 'profile'}", "--window-size=1280,900", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    return json.loads(unescape(re.search(r'<pre id="seen">(.*?)</pre>', shown, flags=re.DOTALL)[1]))


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    return used(page.write(families(20), tmp_path_factory.mktemp("browser")), ACT)


@pytest.fixture(scope="module")
def field_seen(tmp_path_factory):
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
    return used(field_page.write(catalogue, [table], tmp_path_factory.mktemp("field")), ACT_IN_THE_FIELD)


@pytest.mark.parametrize("which", ["seen", "field_seen"])
def test_the_page_loads_nothing_and_raises_nothing(which, request):
    seen = request.getfixturevalue(which)
    assert seen["loaded"] == []
    assert seen["blocked"] == []
    assert seen["errors"] == []


def test_a_click_on_a_heading_sorts_by_number_and_a_second_one_the_other_way(seen):
    numbers = [int(text.replace(",", "")) for text in seen["up"] if text]
    assert numbers == sorted(numbers)
    assert [text for text in seen["down"] if text] == [text for text in reversed(seen["up"]) if text]
    assert len(numbers) == 60


def test_names_sort_as_people_count(seen):
    assert seen["names"][:3] == ["alexnet/0", "alexnet/1", "alexnet/2"]
    assert seen["names"].index("alexnet/9") < seen["names"].index("alexnet/10")


def test_the_filter_shows_only_what_was_asked_for(seen):
    assert seen["states"]
    assert set(seen["states"]) == {"refused"}
    assert seen["count"] == f"{len(seen['states'])} of 60 shown"


def test_a_mark_tells_its_configuration_and_leads_to_its_row(seen):
    assert seen["hint"].startswith(seen["chosen"])
    assert "learning_rate: " in seen["hint"]
    assert seen["visible"]
    assert seen["halos"] >= 4


@pytest.mark.parametrize("which", ["seen", "field_seen"])
def test_the_page_is_no_wider_than_its_window(which, request):
    assert request.getfixturevalue(which)["wide"] <= 0


def test_the_field_sorts_by_milliseconds_and_filters_by_state(field_seen):
    numbers = [float(text.replace(",", "")) for text in field_seen["ms"] if text]
    assert numbers == sorted(numbers)
    assert len(field_seen["ms"]) == len(numbers) + 1
    assert field_seen["ms"][-1] == ""
    (without,) = field_seen["without"]
    assert without.startswith("coca/coca")
    assert "needs 9 GB" in without


def test_a_row_of_the_field_is_marked_in_every_figure_that_shows_it(field_seen):
    expected = {"speed", "balls-top1", "balls-top5", "density-accuracy", "activations", "memory"}
    assert expected <= set(field_seen["marked"])
