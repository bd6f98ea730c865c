"""The report in a real browser: it loads nothing, and its table and figures answer to clicks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape

import pytest

from suite.report import page
from tests.report_runs import families

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

WATCH = """<script>
window.seen = { errors: [], blocked: [] };
addEventListener("error", (event) => seen.errors.push(event.message));
addEventListener("securitypolicyviolation", (event) => seen.blocked.push(event.blockedURI));
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
seen.loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
seen.wide = document.documentElement.scrollWidth - innerWidth;
const store = document.createElement("pre");
store.id = "seen";
store.textContent = JSON.stringify(seen);
document.body.append(store);
</script>"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What happened on the page when it was opened from disk and used."""
    folder = tmp_path_factory.mktemp("browser")
    path = page.write(families(20), folder)
    source = path.read_text().replace("<head>", "<head>" + WATCH, 1).replace("</body>", ACT + "</body>", 1)
    path.write_text(source)
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={folder / 'profile'}", "--window-size=1280,900", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    return json.loads(unescape(re.search(r'<pre id="seen">(.*?)</pre>', shown, flags=re.DOTALL)[1]))


def test_the_page_loads_nothing_and_raises_nothing(seen):
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


def test_the_page_is_no_wider_than_its_window(seen):
    assert seen["wide"] <= 0
