"""The report in a real browser: it answers, draws and selects as a reader asks, and loads nothing."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from benchmarks.report import runs as made_up
from suite.core import answers
from suite.core.answers import Answers
from suite.core.errors import NothingFitsError
from suite.core.study import Constraint
from suite.report import choice, results
from suite.report.comparison import compare
from suite.report.language import spoken
from suite.report.shortened import shortened
from suite.report.study import page
from suite.statistics.calibration import reliability
from suite.statistics.intervals import wilson
from tests.browser import ON_SCREEN, opened
from tests.report_runs import ACCURACY, LATENCY, PARAMETERS, SURROUNDINGS, families, on_other_pictures

pytestmark = pytest.mark.browser
BEGUN = ({"mode": "scratch"}, {"mode": "frozen", "weights": "ImageNet"}, {"mode": "tune", "weights": "ImageNet"})


def begun(run):
    """The same run, whose trials begin in three ways."""
    trials = [
        dataclasses.replace(trial, surroundings={**SURROUNDINGS, **BEGUN[trial.number % 3]}) for trial in run.trials
    ]
    return dataclasses.replace(run, trials=tuple(trials))


RUNS = [begun(run) for run in families(30)]


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return page.write(RUNS, tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    return page.write(made_up(5_000), tmp_path_factory.mktemp("many"))


@pytest.fixture(scope="module")
def window(file):
    with opened(file) as seen:
        yield seen


@pytest.fixture
def seen(window):
    window.again()
    return window


@pytest.fixture(scope="module")
def comparison():
    return compare(RUNS)


def test_it_loads_nothing_but_itself_and_raises_nothing(seen):
    seen.page.locator("#x").select_option("parameters")
    seen.page.locator("#table tbody tr[data-trial]").first.click()
    seen.do("0")
    assert {url.partition("#")[0] for url in seen.asked} <= {seen.file.as_uri(), "about:blank"}
    assert seen.errors == []


def test_it_opens_on_the_question_and_the_answer(seen):
    assert seen.page.locator("h1").inner_text() == "alexnet, resnet and mobilenet"
    assert "most accuracy per millisecond?" in seen.text(".question")
    assert seen.text("#answer .lead").startswith("Take ")
    assert seen.page.locator("#answer .lead").bounding_box()["y"] < 300
    assert seen.page.locator("#chart").bounding_box()["y"] < 900


@pytest.mark.parametrize("seed", range(6))
def test_a_model_is_chosen_within_limits_as_on_the_command_line(seen, comparison, seed):
    random = np.random.default_rng(seed)
    for _ in range(10):
        limits = {"latency": random.uniform(0.12, 0.9), "parameters": random.uniform(5e3, 4e5),
                  "accuracy": random.uniform(80, 100)}  # fmt: skip
        asked = {name: limits[name] for name in random.permutation(list(limits))[: random.integers(0, 4)]}
        wanted = [
            Constraint(measure=name, **{"at_least" if name == "accuracy" else "at_most": value})
            for name, value in asked.items()
        ]
        said = seen.do("(limits) => { change({ limits }); }", asked) or seen.text("#best")
        try:
            expected = choice.best(comparison, wanted).name
        except NothingFitsError as error:
            assert "No trained model is within these limits" in said
            nearest = re.findall(r"^  (\S+):", str(error), flags=re.MULTILINE)
            assert re.findall(r"^(\S+/\d+):", said, flags=re.MULTILINE) == nearest
        else:
            assert expected in said.split("\n")
            run, number = expected.split("/")
            assert f"suite export {run} {number} exports" in said


def test_a_slider_moves_the_answer_and_the_line_in_the_figure(seen, comparison):
    before = seen.text("#best .best-name")
    slider = seen.page.locator('input[data-limit="latency"]')
    slider.focus()
    slider.press("Home")
    for _ in range(40):
        slider.press("ArrowRight")
    assert seen.text("#best .best-name")
    limit = float(seen.page.locator('.slider:has([data-limit="latency"]) input[type=number]').input_value())
    expected = choice.best(comparison, [Constraint(measure="latency", at_most=limit)]).name
    assert seen.text("#best .best-name") == expected != before
    assert seen.page.locator("#chart .limit").count() == 1
    assert "ms" in slider.get_attribute("aria-valuetext")
    seen.page.locator("#no-limits").click()
    assert seen.text("#best .best-name") == before


def drawn_front(seen):
    return sorted(seen.do("[...on_front].map((trial) => names[trial])"))


@pytest.mark.parametrize("cost", [LATENCY, PARAMETERS])
def test_the_axes_change_and_the_front_with_them(seen, comparison, cost):
    seen.page.locator("#x").select_option(cost.measure)
    expected = sorted(entry.name for entry in comparison.best(comparison.candidates, [ACCURACY, cost]))
    assert drawn_front(seen) == expected
    marks = seen.page.locator("#chart .member")
    assert {marks.nth(place).get_attribute("data-trial") for place in range(marks.count())} <= set(expected)
    before = seen.do("JSON.stringify(placed)")
    seen.page.locator("#x-log").click()
    assert seen.do("JSON.stringify(placed)") != before


def test_a_setting_may_be_an_axis(seen):
    seen.page.locator("#x").select_option("recipe.optimizer")
    assert {"adamw", "sgd"} <= set(seen.do("[...document.querySelectorAll('#chart .tick')].map((t) => t.textContent)"))
    assert "The front is that of" in seen.text("#how-to-read")


def test_all_trials_can_be_shown(seen):
    outside = int(seen.text("#outside").split()[0])
    assert outside > 0
    seen.page.locator("#all").click()
    assert seen.text("#outside") == ""
    assert not seen.do("placed.some((mark) => mark.is_out)")


@pytest.mark.parametrize("unsure", [0, 1, 2])
def test_the_front_follows_the_rule_of_dominance_on_random_tables(seen, unsure):
    """`unsure` measures have intervals; with two, candidates dominate each other in circles."""
    names = ["accuracy", "latency", "parameters"]
    objectives = [ACCURACY, LATENCY, PARAMETERS]
    random = np.random.default_rng(unsure)
    count, circles = len(compare(RUNS).entries), 0
    for _ in range(25):
        values = random.integers(1, 12, (count, 3)).astype(float)
        half = random.choice([0.0, 0.5, 1.5], (count, 3)) * random.random((count, 3))
        half[:, unsure:] = 0
        places = random.integers(0, 2, count)
        tables = [
            {
                "low": (values - half)[:, m].tolist(),
                "values": values[:, m].tolist(),
                "high": (values + half)[:, m].tolist(),
            }
            for m in range(3)
        ]
        found = seen.do(
            """([names, tables, places]) => {
              names.forEach((name, place) => Object.assign(columns.get(name), tables[place]));
              known.places = ["one", "other"];
              known.trials.place = { levels: known.places, codes: places };
              return fronts(everyone, names).map((group) => group.slice());
            }""",
            [names, tables, places.tolist()],
        )
        for place, group in enumerate(found):
            members = np.flatnonzero(places == place)
            expected = fronted(values[members], half[members], objectives)
            assert group == members[expected].tolist()
            circles += len(expected)
    assert circles


def fronted(values, half, objectives):
    """The places of the front of candidates, by suite.core.dominance."""
    from suite.core import dominance
    from suite.core.trial import Trial

    trials = [
        Trial(
            number=number,
            state="complete",
            configuration={},
            measures={
                f"{one.measure}{end}": float(values[number, m] + sign * half[number, m])
                for m, one in enumerate(objectives)
                for end, sign in (("", 0), ("_low", -1), ("_high", 1))
            },
        )
        for number in range(len(values))
    ]
    return [trial.number for trial in dominance.front(trials, objectives)]


def test_the_legend_switches_families_ways_to_begin_and_states_off_and_on(seen, comparison):
    seen.page.locator('[data-toggle="kind:resnet"]').click()
    left = [entry for entry in comparison.candidates if entry.run != "resnet"]
    expected = sorted(entry.name for entry in comparison.best(left, [ACCURACY, LATENCY]))
    assert drawn_front(seen) == expected
    seen.page.locator('[data-toggle="start:frozen"]').click()
    left = [entry for entry in left if not entry.trial.start.startswith("frozen")]
    assert drawn_front(seen) == sorted(entry.name for entry in comparison.best(left, [ACCURACY, LATENCY]))
    seen.page.locator('[data-toggle="status:dominated"]').click()
    assert seen.page.locator('[data-toggle="status:dominated"]').get_attribute("aria-pressed") == "false"
    states = seen.do("shown.map((trial) => statuses[trial])")
    assert "dominated" not in states
    assert "refused" in states


def middle(box):
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_click_on_a_mark_opens_its_trial_and_escape_closes_it(seen, comparison):
    mark = seen.page.locator("#chart .member").first
    name = mark.get_attribute("data-trial")
    seen.do("draw_rest()")  # figures below the screen, which mark it too
    seen.page.mouse.move(*middle(mark.bounding_box()))
    assert seen.text("#hint").startswith(name)
    assert seen.page.locator(".pointed").count() >= 3
    seen.page.mouse.down()
    seen.page.mouse.up()
    assert seen.text("#trial h2") == name
    entry = next(entry for entry in comparison.entries if entry.name == name)
    panel = seen.text("#trial")
    assert f"{entry.trial.measures['accuracy']:.2f} %" in panel
    assert "learning_rate" in panel
    assert seen.page.locator("#trial svg.small path").count() >= 1
    assert f"trial={name}" in seen.page.url
    seen.page.keyboard.press("Escape")
    assert not seen.page.locator("#trial").is_visible()


def test_what_differs_from_the_best_stands_first_in_an_open_trial(seen):
    seen.do("open_trial(shown.find((trial) => !on_front.has(trial) && run_of(trial) === run_of(bests[0])))")
    rows = seen.do(
        "[...document.querySelectorAll('#trial section:nth-of-type(2) tbody tr')].map((row) => row.className)"
    )
    assert "differs" in rows
    assert rows == sorted(rows, reverse=True)


def rows_of(seen, place):
    return seen.do(
        """(place) => [...document.querySelectorAll('#table tbody tr[data-trial]')]
        .map((row) => row.cells[place].textContent)""",
        place,
    )


def test_the_table_sorts_by_number_one_way_and_the_other(seen, comparison):
    heading = seen.page.locator('#table th[data-column="parameters"] button')
    place = seen.do("columns_now().findIndex((one) => one.key === 'parameters')")
    heading.click()
    numbers = [int(text.replace(",", "")) for text in rows_of(seen, place) if text]
    known = sorted(e.trial.measures["parameters"] for e in comparison.entries if "parameters" in e.trial.measures)
    assert numbers == known[: len(numbers)]
    heading.click()
    numbers = [int(text.replace(",", "")) for text in rows_of(seen, place) if text]
    assert numbers == known[::-1][: len(numbers)]
    assert seen.page.locator('#table th[data-column="parameters"]').get_attribute("aria-sort") == "descending"


def test_columns_are_chosen_and_the_csv_has_what_is_shown(seen, comparison):
    seen.page.locator(".menu summary").click()
    seen.page.locator('#columns [data-field="space.depths"]').click()
    seen.page.locator("#find").fill("resnet optimizer=sgd")
    with seen.page.expect_download() as download:
        seen.page.locator("#csv").click()
    lines = Path(download.value.path()).read_text().splitlines()
    expected = [
        e for e in comparison.entries if e.run == "resnet" and e.trial.configuration["recipe.optimizer"] == "sgd"
    ]
    assert {"recipe.optimizer", "space.depths"} <= set(lines[0].split(","))
    assert len(lines) == 1 + len(expected)
    assert all("sgd" in line for line in lines[1:])


def test_the_figure_is_saved_as_it_is_shown(seen):
    with seen.page.expect_download() as download:
        seen.page.locator("#png").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    assert Path(download.value.path()).stat().st_size > 10_000


def test_a_rectangle_selects_in_every_figure_and_the_table(seen, comparison):
    seen.page.locator("#chart").scroll_into_view_if_needed()
    box = seen.page.locator("#chart").bounding_box()
    x, y = box["x"] + 0.35 * box["width"], box["y"] + 0.1 * box["height"]
    seen.page.mouse.move(x, y)
    seen.page.mouse.down()
    seen.page.mouse.move(x + 100, y + 80)
    seen.page.mouse.move(x + 0.45 * box["width"], y + 0.7 * box["height"])
    seen.page.mouse.up()
    ranges = seen.do("state.ranges")
    assert set(ranges) == {"latency", "accuracy"}
    inside = {
        entry.name
        for entry in comparison.entries
        if all(low <= entry.trial.measures.get(name, -1) <= high for name, (low, high) in ranges.items())
    }
    assert 0 < len(inside) < 60
    assert set(rows_of(seen, 0)) == inside
    assert set(seen.do("[...selected].map((trial) => names[trial])")) == inside
    for figure in ("#chart .faded", "#parallel-drawing .faded", "#settings-drawing .faded"):
        assert seen.page.locator(figure).count() > 0
    assert seen.page.locator("#learning-drawing .curve:not(.pale)").count() > 0
    assert seen.page.locator("#hypervolume-drawing .strong").count() == len(inside)
    assert seen.text("#selection").startswith(f"{len(inside)} trial")
    seen.page.locator("#selection .chip").last.click()
    seen.do("0")
    assert seen.page.locator(".faded").count() == 0


def test_dragging_along_an_axis_of_the_parallel_coordinates_selects(seen):
    seen.page.locator("#parallel-drawing").scroll_into_view_if_needed()
    axis = seen.page.locator('.upright[data-column="accuracy"] line.axis').first.bounding_box()
    seen.page.mouse.move(axis["x"], axis["y"] + 2)
    seen.page.mouse.down()
    seen.page.mouse.move(axis["x"], axis["y"] + 30)
    seen.page.mouse.move(axis["x"], axis["y"] + axis["height"] / 4)
    seen.page.mouse.up()
    (low, high) = seen.do("state.ranges.accuracy")
    assert low < high
    shown_now = int(seen.text("#counted").split(" ")[0])
    assert 0 < shown_now < 90


def test_what_does_not_differ_is_hidden_from_the_parallel_coordinates(tmp_path):
    run = families(12)[1]
    trials = [
        dataclasses.replace(one, configuration={**one.configuration, "recipe.optimizer": "sgd"}) for one in run.trials
    ]
    written = page.write([dataclasses.replace(run, trials=tuple(trials))], tmp_path)
    with opened(written) as seen:
        seen.do("0")
        assert seen.page.locator('.upright[data-column="recipe.optimizer"]').count() == 0
        assert seen.page.locator('.upright[data-column="space.width"]').count() == 1
        assert "all have the same: optimizer sgd" in seen.text("#parallel-hidden")


def test_cut_names_still_differ_as_in_figures_on_paper(seen):
    for names, most in (
        (["efficientnet/lite0", "efficientnet/lite1"], 14),
        (["mobilenet_v2/1.0", "resnet/18"], 14),
        (["photographs1", "photographs2"], 8),
        (["one"], 14),
    ):
        assert seen.page.evaluate("([names, most]) => cut_apart(names, most)", [names, most]) == shortened(names, most)


def test_the_address_keeps_the_view(seen):
    seen.page.locator("#x").select_option("parameters")
    seen.page.locator("#x-log").click()
    seen.page.locator('[data-toggle="kind:alexnet"]').click()
    seen.page.locator("#find").fill("sgd")
    seen.page.locator('#table th[data-column="latency"] button').click()
    seen.do("change({ limits: { latency: 0.4 } })")
    seen.do("open_trial(3)")
    look = (
        "[state, document.getElementById('best').innerText, rows.length, document.querySelector('#trial h2').innerText]"
    )
    before, view = seen.do(look), "#" + seen.page.url.partition("#")[2]
    seen.again(view)
    assert seen.do(look) == before
    assert seen.page.locator("#x").input_value() == "parameters"
    assert seen.page.locator("#find").input_value() == "sgd"


def test_an_address_that_says_nothing_sensible_shows_the_usual_view(seen):
    seen.again("#x=nothing&limit.accuracy=much&in.latency=a~b&trial=none/1&sort=x&hide=a&columns=q&y=")
    assert seen.do("state.x") == "latency"
    assert seen.page.locator("#chart .member").count() > 2
    assert len(rows_of(seen, 0)) > 10
    assert seen.errors == []


def test_the_keyboard_is_enough(seen):
    seen.page.locator("#chart").focus()
    seen.page.keyboard.press("Home")
    first = seen.do("names[pointed]")
    seen.page.keyboard.press("ArrowRight")
    second = seen.do("names[pointed]")
    assert first != second
    assert seen.do("document.getElementById('said').textContent").startswith(second)
    seen.page.keyboard.press("Enter")
    assert seen.text("#trial h2") == second
    assert seen.do("document.activeElement.id") == "trial-name"
    seen.page.keyboard.press("Escape")
    assert seen.do("document.activeElement.id") == "chart"
    seen.page.locator("#table tbody tr[tabindex='0']").focus()
    seen.page.keyboard.press("ArrowDown")
    row = seen.do("document.activeElement.dataset.trial")
    seen.page.keyboard.press("Enter")
    assert seen.text("#trial h2") == row


def test_every_control_is_reached_with_the_tabulator(seen):
    reached = set()
    for _ in range(70):
        seen.page.keyboard.press("Tab")
        reached.add(seen.page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"theme", "x", "y", "chart", "png", "find", "csv"} <= reached


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_the_window_and_axe_finds_nothing_serious(file, width, theme):
    with opened(file, width=width, height=844, color_scheme=theme) as seen:
        assert seen.do("document.documentElement.scrollWidth - innerWidth") <= 0
        for view in ("", "#trial=resnet/5"):
            seen.again(view)
            assert seen.do("document.documentElement.scrollWidth - innerWidth") <= 0
            seen.do("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            found = Axe().run(seen.page).response["violations"]
            serious = [
                (one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")
            ]
            assert serious == []


def test_dark_and_light_follow_the_device_and_the_button(file):
    with opened(file, color_scheme="dark") as seen:
        dark = seen.do("getComputedStyle(document.body).backgroundColor")
        seen.page.locator("#theme").click()
        light = seen.do("getComputedStyle(document.body).backgroundColor")
        assert dark != light == "rgb(255, 255, 255)"
        assert "theme=light" in seen.page.url


def test_it_prints_on_few_pages_with_the_answer_the_front_and_its_table(seen, comparison):
    seen.page.emulate_media(media="print")
    assert seen.page.locator("#answer").is_visible()
    assert seen.page.locator("#chart").is_visible()
    assert seen.page.locator(".printed tbody tr").count() == len(comparison.front)
    assert seen.page.locator(".printed").is_visible()
    assert not seen.page.locator("#table").is_visible()
    pages = re.findall(rb"/Type\s*/Page\b", seen.page.pdf(format="A4"))
    seen.page.emulate_media(media="screen")
    assert 1 <= len(pages) <= 3


def test_without_a_script_the_answer_a_front_and_its_table_are_there(file):
    with opened(file, java_script_enabled=False) as seen:
        assert seen.page.locator("#answer .lead").is_visible()
        assert seen.page.locator("figure.figure svg").first.is_visible()
        assert seen.page.locator(".printed table").is_visible()
        assert not seen.page.locator("#decide").is_visible()


def test_200_trials_take_less_than_3_megabytes(tmp_path):
    assert page.write(made_up(200), tmp_path).stat().st_size < 3e6


def test_5000_trials_take_less_than_15_megabytes_and_answer(many):
    assert many.stat().st_size < 15e6
    with opened(many) as seen:
        assert seen.do("everyone.length") == 5_000
        assert seen.page.locator("#table tbody tr").count() < 60
        assert seen.do("document.querySelectorAll('svg *').length") < 4_000
        seen.do("scroller.scrollTop = scroller.scrollHeight")
        assert seen.do("document.querySelector('#table tbody tr:nth-last-child(2)').ariaRowIndex") == "5001"
        expected = choice.best(compare(made_up(5_000)), [Constraint(measure="latency", at_most=1.0)]).name
        seen.do("change({ limits: { latency: 1 } })")
        assert seen.text("#best .best-name") == expected
        assert seen.errors == []


def test_what_is_on_the_screen_is_drawn_first_and_the_rest_when_it_is_scrolled_to(many):
    with opened(many) as seen:
        seen.page.add_init_script("window.requestIdleCallback = () => 0")  # as if the browser were always busy
        seen.again()
        seen.page.evaluate(ON_SCREEN)
        drawn = "(id) => document.getElementById(id).childElementCount > 0"
        assert seen.page.evaluate(drawn, "chart")
        assert not seen.page.evaluate(drawn, "settings-drawing")
        seen.page.locator("#settings").scroll_into_view_if_needed()
        seen.page.wait_for_function(drawn, arg="settings-drawing")
        assert not seen.errors


@pytest.mark.parametrize("width", [1280, 390])
def test_the_png_button_stays_on_the_line_of_the_upper_axis_where_words_are_long(tmp_path, width):
    with spoken("ru"):
        index = page.write(families(6), tmp_path)
    with opened(index, width) as seen:
        button, *axes = (seen.page.locator(name).bounding_box() for name in ("#png", "#y", "#x"))
        assert abs(middle(button)[1] - middle(axes[0])[1]) < 12
        assert all(axis["x"] + axis["width"] < button["x"] or axis["y"] > button["y"] + 20 for axis in axes)
        if width > 1000:
            assert abs(axes[0]["y"] - axes[1]["y"]) < 2


def test_a_table_of_timm_makes_a_usable_page(tmp_path):
    random = np.random.default_rng(0)
    lines = ["model,top1,top5,param_count,img_size,infer_step_time,infer_gmacs"]
    for number in range(1_500):
        size = random.random()
        lines.append(
            f"net_{number},{50 + 38 * size - random.exponential(4):.3f},{80 + 18 * size:.3f},{2 * 300**size:.2f},"
            f"{random.choice([224, 384])},{0.5 * 60**size * random.uniform(0.6, 1.7):.3f},{0.2 * 200**size:.2f}"
        )
    table = tmp_path / "results.csv"
    table.write_text("\n".join(lines))
    known = results.read(table)
    comparison = compare([known])
    with opened(page.write([known], tmp_path / "report")) as seen:
        assert drawn_front(seen) == sorted(entry.name for entry in comparison.front)
        assert seen.text("#best .best-name") == choice.best(comparison).name
        assert seen.page.locator(".command").count() == 0
        assert seen.do("document.documentElement.scrollWidth - innerWidth") <= 0
        assert seen.errors == []


def test_text_of_others_is_never_markup_in_the_page(tmp_path):
    bad = "<img src=x onerror=alert(1)></script><b>"
    run = families(8)[0]
    trials = [
        dataclasses.replace(one, reason=bad, configuration={**one.configuration, "space.note": bad})
        for one in run.trials
    ]
    with opened(page.write([dataclasses.replace(run, trials=tuple(trials))], tmp_path)) as seen:
        seen.do("open_trial(0)")
        assert bad in seen.text("#trial")
        assert seen.page.locator("#trial img, #trial b").count() == 0
        assert seen.errors == []


def test_a_run_without_a_trained_trial_says_so(tmp_path):
    run = families(6)[0]
    refused = [one for one in run.trials if one.state == "failed"]
    with opened(page.write([dataclasses.replace(run, trials=tuple(refused))], tmp_path)) as seen:
        assert "No candidate has been trained" in seen.text("#answer")
        assert "No trained model may be chosen yet" in seen.text("#best")
        assert Counter(rows_of(seen, 0)) == Counter(f"{run.name}/{one.number}" for one in refused)
        assert seen.errors == []


def test_the_page_of_a_running_study_loads_itself_again_and_keeps_the_view(file, tmp_path):
    running = tmp_path / "running.html"
    head = '<head><meta http-equiv="refresh" content="3">'
    running.write_text(file.read_text().replace("<head>", head, 1))
    with opened(running) as seen:
        seen.again("#limit.latency=0.3&x=parameters")
        with seen.page.expect_event("load"):
            seen.do("window.before = true")
        assert seen.do("window.before === undefined")
        assert seen.do("[state.limits, state.x]") == [{"latency": 0.3}, "parameters"]


BESIDE = [RUNS[1], on_other_pictures(RUNS[1])]


@pytest.fixture(scope="module")
def beside(tmp_path_factory) -> Path:
    return page.write(BESIDE, tmp_path_factory.mktemp("beside"))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scripted", [True, False])
def test_data_sets_stand_side_by_side(beside, width, scripted):
    with opened(beside, width=width, java_script_enabled=scripted) as seen:
        first, second = (seen.page.locator(".answer").nth(place).bounding_box() for place in (0, 1))
        assert (first["y"] == second["y"]) == (width == 1280)
        if scripted:
            assert seen.do("document.documentElement.scrollWidth - innerWidth") <= 0
            panels = seen.do("painted.map(({ box }) => [box.left, box.top])")
            assert len(panels) == 2
            assert (panels[0][1] == panels[1][1]) == (width == 1280)
            found = Axe().run(seen.page).response["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
        assert seen.errors == []


def front_of(run):
    return {entry.name for entry in compare([run]).front}


def test_each_data_set_has_its_own_front_on_the_same_axes(beside):
    with opened(beside) as seen:
        assert set(drawn_front(seen)) == front_of(BESIDE[0]) | front_of(BESIDE[1])
        (one, other) = seen.do("painted.map(({ x, y }) => [x.low, x.high, y.low, y.high])")
        assert one == other
        in_panels = seen.do("placed.every(({ trial, x }) => in_panel(painted[set_of(trial)], [x, 40]))")
        assert in_panels


def test_limits_choose_a_network_for_every_data_set(beside):
    with opened(beside) as seen:
        seen.do("change({ limits: { latency: 0.4, parameters: 200000 } })")
        wanted = [Constraint(measure="latency", at_most=0.4), Constraint(measure="parameters", at_most=200_000)]
        said = seen.page.locator("#best .best-name").all_inner_texts()
        assert said == [choice.best(compare([run]), wanted).name for run in BESIDE]
        seen.do("change({ limits: { accuracy: 96.5 } })")
        assert seen.text("#best").count("No trained model is within these limits") == 1


def test_a_data_set_is_chosen_and_the_address_says_which(beside):
    with opened(beside) as seen:
        seen.page.locator('[data-choice="flowers"]').click()
        assert set(drawn_front(seen)) >= front_of(BESIDE[1])
        assert seen.page.locator(".answer:visible").count() == 1
        assert seen.do("painted.length") == 1
        assert seen.text("#counted") == "30 of 60 trials"
        assert set(seen.page.locator("#table tbody tr[data-trial] td:nth-child(2)").all_inner_texts()) == {"flowers"}
        view = "#" + seen.page.url.partition("#")[2]
        seen.again(view)
        assert seen.text("#counted") == "30 of 60 trials"
        assert seen.page.locator('[data-choice="flowers"]').get_attribute("aria-pressed") == "true"
        seen.again("#set=nothing")
        assert seen.text("#counted") == "60 of 60 trials"


def test_the_page_says_which_network_is_on_the_front_of_which_data_set(beside):
    """The second data set ranks the networks as the first does, so each network on a front is on both."""
    with opened(beside) as seen:
        names = set(seen.page.locator("#on-which-fronts-table button").all_inner_texts())
        assert front_of(BESIDE[0]) | front_of(BESIDE[1]) <= names
        rows = seen.page.locator("#on-which-fronts-table tbody tr").count()
        assert f"{rows} networks are on the front of every data set" in seen.text("#on-which-fronts-read")
        seen.do("mark_everywhere(placed.find(({ trial }) => on_front.has(trial) && set_of(trial) === 0).trial)")
        assert seen.page.locator("#chart .pointed circle").count() >= 2


@pytest.fixture(scope="module")
def answered(tmp_path_factory) -> Path:
    """A page of a run whose trials kept their answers, and two of which were trained again with seeds."""
    home = tmp_path_factory.mktemp("answered")
    run = dataclasses.replace(families(20)[1], folder=home)
    random, labels = np.random.default_rng(0), np.arange(200) % 4
    for trial in run.candidates:
        right = random.random(200) < trial.measures["accuracy"] / 100
        answers.write(answered_by(labels, right), answers.place(home, trial.number))
    for trial in run.candidates[:2]:
        for seed in (1, 2, 3):
            answers.write(answered_by(labels, random.random(200) < 0.9), answers.again(home, trial.number, seed))
    return page.write([run], tmp_path_factory.mktemp("of-answers"))


def answered_by(labels, right):
    """Answers to pictures of four classes; what is wrong is named as the next class."""
    named = np.where(right, labels, (labels + 1) % 4).astype(np.int32)
    said = np.full(len(labels), 0.9, np.float32)
    return Answers(
        labels=labels.astype(np.int32), named=named, said=said, of_label=said, tempered=said, temperature=np.array(1.0)
    )


def test_an_open_trial_shows_where_it_is_wrong_and_what_other_seeds_gave(answered):
    with opened(answered) as seen:
        name, seeds = seen.do("[known.confirmed[0].name, known.confirmed[0].seeds]")
        seen.do("(name) => open_trial(place_of.get(name))", name)
        panel = seen.text("#trial")
        assert f"Trained again with 3 seeds, it has {np.mean(seeds):.1f} %" in panel
        counts = seen.do("(name) => known.answers.confusions[name]", name)
        assert sum(count for _, _, count in counts) == 200
        label, named, count = max((one for one in counts if one[0] != one[1]), key=lambda one: one[2])
        assert f"{label} taken for {named}: {count} of 50" in panel
        assert seen.page.locator("#trial svg.square rect").count() == len(counts)
        assert seen.page.locator("#confirmed-drawing .crowd").count() == 6
        assert seen.errors == []


def test_the_figures_of_answers_are_of_the_best_of_what_is_selected_or_of_the_open_trial(answered):
    with opened(answered) as seen:
        whole = seen.text("#answered .reading >> nth=0")
        best = seen.do("names[bests[0]]")
        assert f"The answers of {best}, the best," in whole
        assert seen.page.locator("#answered svg.square").count() == 2
        other = seen.do("names[candidates.find((trial) => trial !== bests[0])]")
        seen.do("(name) => change({ find: name })", other)
        assert f"The answers of {other}, the best of what is selected," in seen.text("#answered .reading >> nth=0")
        counts = seen.do("(name) => known.answers.confusions[name]", other)
        assert seen.page.locator("#answered svg.square rect").count() == len(counts)
        seen.do("change({ find: '' })")
        seen.do("(name) => open_trial(place_of.get(name))", other)
        assert f"The answers of {other}, the open trial," in seen.text("#answered .reading >> nth=0")
        assert seen.errors == []


@pytest.mark.parametrize("seed", range(3))
def test_the_calibration_and_the_intervals_on_the_page_are_those_of_the_statistics(answered, seed):
    random = np.random.default_rng(seed)
    said = random.uniform(0.3, 1.0, 400)
    right = random.random(400) < said**1.3
    expected = reliability(said, right)
    bins = [[0, 100 * s, round(r * n), int(n)] for s, r, n in zip(*expected, strict=True)]
    with opened(answered) as seen:
        assert seen.do("(bins) => calibration_error(bins)", bins) == pytest.approx(100 * expected.error)
        for _, _, count, pictures in bins:
            assert seen.do("([r, n]) => wilson(r / n, n)", [count, pictures]) == pytest.approx(
                wilson(count / pictures, pictures), abs=1e-6
            )


def test_a_selection_moves_the_medians_of_the_settings(seen, comparison):
    seen.do("change({ find: 'optimizer=sgd' })")
    panels = seen.do("setting_panels.map(({ key }) => key)")
    assert "recipe.optimizer" in panels
    medians = seen.do(
        """() => setting_panels.filter(({ key }) => key === 'recipe.optimizer')
        .flatMap((panel) => medians_of(panel).map((line) => Number(line.getAttribute('y1'))))"""
    )
    values = [
        e.trial.measures["accuracy"]
        for e in comparison.candidates
        if e.trial.configuration["recipe.optimizer"] == "sgd"
    ]
    place = seen.do(
        "(number) => setting_panels.find(({ key }) => key === 'recipe.optimizer').y.at(number)",
        float(np.median(values)),
    )
    assert medians == [pytest.approx(place, abs=0.1)]


def test_a_rectangle_in_a_panel_of_settings_selects(seen):
    seen.page.locator("#settings-drawing").scroll_into_view_if_needed()
    (left, top, right, bottom) = seen.do(
        """() => {
          const { box } = setting_panels.find(({ key }) => key === 'recipe.optimizer');
          const svg = settings_drawing.getBoundingClientRect();
          return [svg.left + box.left, svg.top + box.top, svg.left + box.right, svg.top + box.bottom];
        }"""
    )
    seen.page.mouse.move(left + 2, top + 2)
    seen.page.mouse.down()
    seen.page.mouse.move(left + 20, top + 20)
    seen.page.mouse.move((left + right) / 2 - 2, bottom - 2)
    seen.page.mouse.up()
    assert len(set(seen.do("[...selected].map((trial) => told('recipe.optimizer', trial))"))) == 1
    assert "recipe.optimizer" in seen.do("state.ranges")
