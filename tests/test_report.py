"""The report: what it says of runs, what it refuses to compare, and that its page stands alone."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from suite.core import dominance
from suite.core import fronts as pareto
from suite.core.domains import Choice
from suite.core.errors import SuiteError
from suite.core.study import Constraint
from suite.core.trial import Run, Trial
from suite.report import choice, picture
from suite.report.comparison import compare
from suite.report.study import data, fronts, kept, page, settings, tables, wording
from suite.report.study.plane import planes
from tests import studies
from tests.report_runs import ACCURACY, LATENCY, PARAMETERS, SURROUNDINGS, families, run, study, trial

NOTHING = [(None, None)]  # known of the only data set beside its trials


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return page.write(families(25), tmp_path_factory.mktemp("report"))


def of(trials, name="resnet", **known):
    return Run(folder=Path("runs") / name, study=study(name=name, **known), trials=tuple(trials))


def trained(number, accuracy, latency, **known):
    measures = {"accuracy": accuracy, "latency": latency, "latency_low": latency * 0.98, "latency_high": latency * 1.02}
    return trial(number, measures=measures | known.pop("measures", {}), **known)


def moved(chosen, **surroundings):
    trials = [dataclasses.replace(t, surroundings=SURROUNDINGS | surroundings) for t in chosen.trials]
    return dataclasses.replace(chosen, trials=tuple(trials))


def test_the_page_needs_nothing_from_outside_its_file(written):
    loading = {"src", "srcset", "data", "poster", "action", "background"}
    for tag, attributes in Page(written).tags:
        assert not loading & attributes.keys() or tag == "image"
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        for key in ("href", "xlink:href"):
            target = attributes.get(key, "#")
            assert target.startswith(("#", "data:image/png")) or (written.parent / target).is_file(), target
    assert "@import" not in written.read_text()
    assert not re.search(r"url\((?!#)", written.read_text())


def embedded(page: Path):
    """What a page knows of its trials."""
    return json.loads(page.read_text().split('id="data">')[1].split("</script>")[0])


def test_a_trial_links_to_where_else_it_is_shown_and_to_nothing_that_runs_code(tmp_path):
    address = "https://mlflow.example/#/experiments/1/runs/ab12"
    known = {0: address, 1: "javascript:alert(1)", 2: "data:text/html,<script>"}
    path = page.write(families()[:1], tmp_path, (), lambda run: known)
    assert embedded(path)["links"] == {"alexnet/0": address}


def test_every_figure_lies_beside_the_page_as_csv_png_and_svg(written):
    names = re.findall(r'<a href="([\w-]+)\.svg">', written.read_text())
    costs = [f"front-{cost}" for cost in ("latency", "parameters", "macs", "activations")]
    worth = [f"importance-{family}" for family in ("alexnet", "resnet", "mobilenet")]
    assert names == [*costs, "learning-curves", "hypervolume", "choices", *worth]
    for name in names:
        assert (written.parent / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert len(pd.read_csv(written.parent / f"{name}.csv")) > 0
        assert (written.parent / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert ElementTree.parse(written.parent / f"{name}.svg").getroot().tag.endswith("svg")


def test_without_a_script_there_are_the_answer_a_front_and_its_table(written):
    source = written.read_text().replace("<script", "<!--").replace("</script>", "-->")
    front = compare(families(25)).front
    assert "Take resnet/" in source
    assert source.count("<svg") >= 2
    table = source.split("On the front</h2>")[1].split("</table>")[0]
    assert all(f'<th scope="row">{entry.name}</th>' in table for entry in front)
    assert table.count("<tr>") == 1 + len(front)


def test_the_page_embeds_every_trial_with_its_measures_settings_and_state(written):
    known, entries = embedded(written), compare(families(25)).entries
    assert known["trials"]["name"] == [entry.name for entry in entries]
    states = known["trials"]["state"]
    assert [states["levels"][code] for code in states["codes"]] == [entry.trial.state for entry in entries]
    for name in ("accuracy", "latency", "parameters"):
        assert known["measures"][name]["values"] == [entry.trial.measures.get(name) for entry in entries]
    rates = [entry.trial.configuration.get("recipe.learning_rate") for entry in entries]
    assert known["settings"]["recipe.learning_rate"]["values"] == rates
    kernels = known["settings"]["space.kernel"]
    said = [kernels["levels"][code] for code in kernels["values"] if code is not None]
    assert said == [entry.trial.configuration["space.kernel"] for entry in entries if entry.run == "mobilenet"]


def test_curves_of_many_trials_are_thinned_and_keep_their_best_epoch():
    curve = tuple({"epoch": float(e), "val_accuracy": 50.0 + (e == 317), "val_loss": 1.0} for e in range(1, 2001))
    trials = [trained(number, 90.0, 0.5) for number in range(2)]
    made = of([dataclasses.replace(one, curve=curve) for one in trials] * 100)
    known = data.embedded(compare([made]), NOTHING)["curves"]
    assert all(epochs[0] == 1 and epochs[-1] == 2000 for epochs in known["epochs"])
    assert all(max(values) == 51.0 for values in known["values"])
    assert sum(map(len, known["values"])) <= kept.POINTS + len(known["values"])


def test_trainings_that_differ_by_chance_only_are_known_as_such():
    again = dataclasses.replace(trained(1, 91.0, 0.5), configuration=trained(0, 90.0, 0.5).configuration)
    known = data.embedded(compare([of([trained(0, 90.0, 0.5), again, trained(2, 90.0, 0.5)])]), NOTHING)
    assert known["trials"]["same"] == [0, 0, None]


@pytest.mark.parametrize(
    ("folder", "command"),
    [("runs/resnet", "suite export resnet"), ("else where/resnet", "suite export 'else where/resnet'")],
)
def test_the_command_that_exports_names_a_run_as_the_command_line_does(folder, command):
    made = dataclasses.replace(of([trained(0, 90.0, 0.5)]), folder=Path(folder))
    assert data.embedded(compare([made]), NOTHING)["runs"][0]["export"] == command


def test_a_mark_stands_where_its_values_are():
    comparison = compare(families(12))
    plane = next(plane for plane in planes(comparison) if plane.cost == LATENCY)
    drawn = fronts.draw(plane)
    lines = {line.get_gid(): line for line in drawn.figure.axes[0].lines if line.get_gid() in drawn.marks}
    entries = {entry.name: entry for entry in plane.entries}
    for gid, names in drawn.marks.items():
        for name, x, y in zip(names, lines[gid].get_xdata(), lines[gid].get_ydata(), strict=True):
            assert (x, y) == (plane.x(entries[name]), plane.y(entries[name]))


def test_identifiers_of_the_page_are_unique(written):
    identifiers = [attributes["id"] for _, attributes in Page(written).tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_text_of_others_is_escaped_and_never_markup(tmp_path):
    bad = "<script>alert('1')</script> & \"more\""
    failed = trial(1, state="failed", reason=bad, traceback=bad)
    asked = dataclasses.replace(study(), question=bad)
    named = [tmp_path / "<b>me<b>", tmp_path / "other"]  # two runs of one study are called by their folders
    path = page.write([Run(folder=each, study=asked, trials=(trial(0), failed)) for each in named], tmp_path)
    assert "<script>alert" not in path.read_text()
    assert not any(tag == "b" for tag, _ in Page(path).tags)
    assert bad in Page(path).text
    assert "<b>me<b>/1" in Page(path).text


def test_refused_and_failed_candidates_stand_with_their_reasons(written):
    text = Page(written).text
    assert "ResourceExhaustedError: out of memory" in text
    refused = [e.trial for e in compare(families(25)).entries if e.trial.state == "refused"]
    assert refused
    assert all(trial.reason in text for trial in refused)


def test_device_data_versions_and_commit_are_on_the_page(written):
    text = Page(written).text
    assert all(value in text for value in SURROUNDINGS.values())


BEGUN = {"weights": "ImageNet, Keras", "weights_digest": "0123456789ab"}


@pytest.fixture(scope="module")
def mixed():
    """A run in which each way to begin has its place on the front."""
    begun = [
        SURROUNDINGS | {"mode": "scratch"},
        *(SURROUNDINGS | BEGUN | {"mode": mode} for mode in ("frozen", "tune")),
    ]
    return of([trained(n, 80.0 + n, 0.2 + 0.1 * n, surroundings=how) for n, how in enumerate(begun)])


def test_every_table_says_of_each_trial_how_it_began_and_on_which_weights(mixed, tmp_path):
    said = ["from scratch", "frozen: ImageNet, Keras", "tuned: ImageNet, Keras"]
    assert tables.trials([mixed])["start"].tolist() == said
    columns, rows = choice.table(compare([mixed]).front)
    assert columns[:2] == ["trial", "start"]
    assert [row["start"] for row in rows] == said[::-1]
    written = page.write([mixed], tmp_path)
    assert embedded(written)["trials"]["start"]["levels"] == ["from scratch", "frozen", "tuned"]
    text = Page(written).text
    assert all(words in text for words in said[1:])
    assert "The others are trained from scratch." in text


def test_a_figure_marks_what_did_not_begin_from_scratch(mixed):
    drawn = fronts.draw(planes(compare([mixed]))[0])
    (axes,) = drawn.figure.axes
    marks = {line.get_marker(): line.get_xdata() for line in axes.lines if line.get_marker() in picture.STARTS.values()}
    assert {mark: list(x) for mark, x in marks.items()} == {".": [pytest.approx(0.3)], "+": [pytest.approx(0.4)]}
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"frozen", "tuned"} <= set(words)


def test_where_all_is_from_scratch_nothing_says_so(written):
    assert embedded(written)["trials"]["start"] is None
    assert "start" not in choice.table(compare([of([trained(0, 90.0, 0.2)])]).front)[0]


def test_the_frame_of_trials_says_rank_within_the_run_and_front_over_all():
    better = of([trained(0, 95.0, 0.2), trained(1, 90.0, 0.3)], "a")
    worse = of([trained(0, 94.0, 0.4), trained(1, 80.0, 0.5), trial(2, state="failed", reason="no memory")], "b")
    frame = tables.trials([better, worse])
    assert frame["run"].tolist() == ["a", "a", "b", "b", "b"]
    assert frame["rank"].tolist()[:4] == [1, 2, 1, 2]
    assert pd.isna(frame["rank"][4])
    assert frame["on_front"].tolist() == [True, False, False, False, False]
    assert frame["reason"][4] == "no memory"
    assert {"space.depths", "recipe.learning_rate", "latency", "seconds"} <= set(frame.columns)


def test_the_front_of_several_runs_is_the_front_of_their_candidates_together():
    runs = families(40)
    frame = tables.front(runs, [ACCURACY, LATENCY])
    together = dominance.front([t for each in runs for t in each.candidates], [ACCURACY, LATENCY])
    assert sorted(frame["latency"]) == sorted(t.measures["latency"] for t in together)
    assert frame["accuracy"].is_monotonic_decreasing


def test_a_trained_candidate_that_breaks_a_constraint_is_on_no_front():
    runs = [of([trained(0, 99.0, 5.0), trained(1, 90.0, 0.5)], constraints=[Constraint(measure="latency", at_most=1)])]
    assert tables.trials(runs)["on_front"].tolist() == [False, True]


def test_three_objectives_make_one_front_of_three():
    objectives = (ACCURACY, LATENCY, PARAMETERS)
    small = trained(0, 80.0, 0.9, measures={"parameters": 10.0})
    fast, dominated = trained(1, 90.0, 0.1), trained(2, 80.0, 0.95, measures={"parameters": 11.0})
    frame = tables.trials([of([small, fast, dominated], objectives=objectives)])
    assert frame["on_front"].tolist() == [True, True, False]


def test_runs_on_different_data_are_not_compared_and_both_are_named():
    one, other = run("resnet", 5), moved(run("alexnet", 5), dataset="cifar10", dataset_digest="77aa")
    with pytest.raises(SuiteError, match=r"resnet/0 and alexnet/0 saw different data.*digits.*cifar10.*one by one"):
        compare([one, other])


def three_sets():
    """Runs on three data sets, two of which have one name."""
    other, again = moved(run("alexnet", 8), dataset="cifar10", dataset_digest="77aa"), run("mobilenet", 8)
    return [run("resnet", 8), other, moved(again, dataset_digest="88bb")]


def test_runs_on_several_data_sets_stand_side_by_side_on_one_page(tmp_path):
    index = page.write(three_sets(), tmp_path)
    found, known = Page(index), embedded(index)
    assert known["sets"] == ["digits, version 1", "cifar10", "digits, version 2"]
    assert all(title in found.text for title in known["sets"])
    assert "each data set has its own answer and its own front" in found.text
    names = known["trials"]["name"]
    told = {
        name.partition("/")[0]: known["sets"][set_] for name, set_ in zip(names, known["trials"]["set"], strict=True)
    }
    assert told == {"resnet": "digits, version 1", "alexnet": "cifar10", "mobilenet": "digits, version 2"}
    assert list(tmp_path.glob("**/*.html")) == [index]
    links = [attributes["href"] for tag, attributes in found.tags if tag == "a"]
    assert links
    assert all((tmp_path / link).is_file() for link in links)
    identifiers = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_no_front_has_trials_of_two_data_sets(tmp_path):
    """Each data set has the front that it has alone, also in the tables."""
    runs = three_sets()
    page.write(runs, tmp_path)
    frame = pd.read_csv(tmp_path / "trials.csv")
    for each in runs:
        alone = tables.trials([each])
        assert frame[frame["run"] == each.name]["on_front"].tolist() == alone["on_front"].tolist()


def test_runs_on_one_data_set_have_no_sides(tmp_path):
    index = page.write([run("resnet", 6), run("alexnet", 6)], tmp_path)
    assert embedded(index)["sets"] == ["digits"]
    assert {name.partition("/")[0] for name in embedded(index)["trials"]["name"]} == {"resnet", "alexnet"}


def test_a_network_is_the_same_one_on_every_data_set_however_it_is_trained(tmp_path):
    one = run("mobilenet", 8)
    again = dataclasses.replace(
        moved(run("mobilenet", 8, seed=1), dataset_digest="77aa"), study=study("mobilenet", name="b")
    )
    known = embedded(page.write([one, again], tmp_path))["trials"]
    networks = [
        (trial.configuration["space.multiplier"], trial.configuration["space.kernel"])
        for trial in (*one.trials, *again.trials)
    ]
    for (a, net), (b, other) in itertools.combinations(zip(networks, known["net"], strict=True), 2):
        assert (net is not None and net == other) == (a == b)


def test_latencies_of_two_versions_never_meet():
    old = moved(
        of([trained(0, 90.0, 5.0), trained(1, 95.0, 9.0)], "old", constraints=[]),
        latency_path="xla",
        tensorflow="2.20.0",
    )
    new = moved(of([trained(0, 97.0, 1.0)], "new", constraints=[]), latency_path="xla", tensorflow="2.21.0")
    assert tables.trials([old, new])["on_front"].tolist() == [True, True, True]
    assert [place[-17:] for place in compare([old, new]).places] == ["tensorflow 2.20.0", "tensorflow 2.21.0"]
    assert "tensorflow" not in compare([old]).places[0]
    said = wording.places(compare([old, new]))
    assert "Networks were measured in 2 places" in said


def test_latencies_of_two_devices_never_meet(tmp_path):
    slow = of([trained(0, 90.0, 5.0), trained(1, 95.0, 9.0)], "slow", constraints=[])
    fast = moved(of([trained(0, 97.0, 1.0), trained(1, 80.0, 0.5)], "fast", constraints=[]), device="a faster one")
    assert tables.trials([slow, fast])["on_front"].tolist() == [True, True, True, True]
    latency = [plane for plane in planes(compare([slow, fast])) if plane.cost == LATENCY]
    assert [{entry.run for entry in plane.entries} for plane in latency] == [{"slow"}, {"fast"}]
    path = page.write([slow, fast], tmp_path)
    assert "Networks were measured in 2 places" in Page(path).text
    assert len(list(tmp_path.glob("front-latency-*.csv"))) == 2


def test_two_runs_of_one_name_are_told_apart_by_their_folders():
    first, second = of([trial(0)], "resnet"), dataclasses.replace(of([trial(0)], "resnet"), folder=Path("runs/again"))
    assert [entry.name for entry in compare([first, second]).entries] == ["resnet/0", "again/0"]


def test_no_run_is_an_error_with_a_way_out():
    with pytest.raises(SuiteError, match="name at least one run folder"):
        compare([])


@pytest.mark.parametrize(
    ("trials", "said"),
    [
        ([], "No candidate has been trained to its end yet"),
        ([trial(0, state="running")], "No candidate has been trained to its end yet"),
        ([trial(0, state="failed", reason="boom"), trial(1, state="interrupted")], "No candidate has been trained"),
        ([trained(0, 90.0, 7.0)], "The only trained candidate breaks a constraint"),
        ([Trial(number=0, state="complete", configuration={}, measures={"accuracy": 9.0})], "has both an accuracy"),
    ],
)
def test_a_run_without_a_front_says_so_instead_of_failing(tmp_path, trials, said):
    path = page.write([of(trials)], tmp_path)
    assert said in Page(path).text


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_candidates_make_a_report_without_a_knee(tmp_path, count):
    path = page.write([of([trained(n, 90.0 + n, 0.5 + n / 10) for n in range(count)])], tmp_path)
    assert ": the best accuracy of " in Page(path).text
    assert "The knee is" not in Page(path).text


def test_a_half_finished_run_shows_what_there_is(tmp_path):
    trials = [trained(0, 90.0, 0.5), trained(1, 95.0, 0.8), trial(2, state="interrupted"), trial(3, state="running")]
    text = Page(page.write([of(trials)], tmp_path)).text
    assert "4 candidates: 2 trained, 1 interrupted, 1 still running" in text


def test_the_headline_says_how_much_of_the_dearest_the_knee_needs():
    points = [(80.0, 0.1), (95.0, 0.2), (96.0, 0.8)]
    comparison = compare([of([trained(n, a, ms) for n, (a, ms) in enumerate(points)])])
    knee = wording.headlines(comparison, planes(comparison))[1]
    assert knee == (
        "The knee is resnet/1: 95.00 %, 1.00 points less than resnet/2, the dearest on the front, "
        "for 25 % of its latency (0.2 ms)."
    )


@pytest.mark.parametrize("quality", ["accuracy", "balanced_accuracy"])
def test_the_share_of_the_largest_class_stands_beside_the_accuracies(tmp_path, quality):
    """Whatever the runs aim at; in the figure only where it is the line to beat."""
    made = run("resnet", 12)
    share = min(one.measures["accuracy"] for one in made.trials if "accuracy" in one.measures) - 1
    trials = [
        dataclasses.replace(
            one,
            surroundings={**SURROUNDINGS, "largest_class": "three", "baseline": f"{share:.2f}"},
            measures={**one.measures, "balanced_accuracy": one.measures["accuracy"]} if one.measures else {},
        )
        for one in made.trials
        if "accuracy" in one.measures
    ]
    aimed = [dataclasses.replace(ACCURACY, measure=quality), LATENCY]
    known = dataclasses.replace(made, trials=tuple(trials))
    html = page.write([known], tmp_path, aimed).read_text()
    assert f"To beat: {share:.1f} %, the share of the largest class, three" in html
    drawn = [fronts.draw(plane) for plane in planes(compare([known], aimed)) if plane.cost == LATENCY]
    words = [text.get_text() for each in drawn for text in each.figure.axes[0].texts]
    assert (f"always three: {share:.1f} %" in words) == (quality == "accuracy")


def test_the_hypervolume_ends_where_all_candidates_of_the_run_together_end():
    comparison = compare(families(20))
    frame = tables.hypervolumes(comparison, (ACCURACY, LATENCY))
    values = dominance.minimised([entry.trial for entry in comparison.candidates], (ACCURACY, LATENCY))
    corner = tables.reference(values)
    for name, made in zip(comparison.names, comparison.runs, strict=True):
        own = dominance.minimised(made.candidates, (ACCURACY, LATENCY))
        share = 100 * pareto.hypervolume(own, corner) / (corner - values.min(axis=0)).prod()
        assert frame[frame["run"] == name]["hypervolume"].iloc[-1] == pytest.approx(share)


def test_a_report_loads_no_tensorflow_and_no_tracking():
    source = "import sys, suite.report.study.page; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras", "keras_tuner", "mlflow", "optuna", "matplotlib.pyplot"} & set(loaded)


def test_drawing_leaves_the_settings_of_matplotlib_alone(tmp_path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    page.write([run("mobilenet", 6)], tmp_path)
    assert dict(matplotlib.rcParams) == before


def wide_and_narrow(count=60, seed=3) -> Run:
    """Candidates whose latencies are known well, badly, or as a number alone."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        latency, half = random.uniform(0.1, 1.0), random.choice([0.0, 0.01, 0.2]) * random.random()
        ends = {"latency_low": latency - latency * half, "latency_high": latency + latency * half}
        made.append(trained(number, float(random.integers(80, 99)), latency, measures=ends))
    return of(made, constraints=[])


def latency_plane(made: Run):
    return next(plane for plane in planes(compare([made])) if plane.cost == LATENCY)


@pytest.mark.parametrize("seed", range(8))
def test_the_steps_of_a_front_touch_every_candidate_on_it(seed):
    plane = latency_plane(wide_and_narrow(seed=seed))
    axes = fronts.draw(plane).figure.axes[0]
    (steps,) = [line for line in axes.lines if line.get_drawstyle() == "steps-post" and line.get_color() == picture.INK]
    corners = set(zip(steps.get_xdata(), steps.get_ydata(), strict=True))
    assert {(plane.x(entry), plane.y(entry)) for entry in plane.front} <= corners
    assert list(steps.get_ydata()) == sorted(steps.get_ydata()), "more costs more, or it would not be on the front"


def test_every_interval_is_drawn_and_what_is_unstable_is_hollow():
    plane = latency_plane(wide_and_narrow())
    drawn = fronts.draw(plane)
    bars = {
        tuple(segment[:, 0]) for collection in drawn.figure.axes[0].collections for segment in collection.get_segments()
    }
    known = [entry.trial.measures for entry in plane.entries]
    assert bars == {(m["latency_low"], m["latency_high"]) for m in known if m["latency_low"] < m["latency_high"]}
    lines = {line.get_gid(): line for line in drawn.figure.axes[0].lines}
    hollow = {name for gid, names in drawn.marks.items() if lines[gid].get_fillstyle() == "none" for name in names}
    wide = {e.name for e in plane.entries if e.trial.measures["latency_high"] > 1.03 * plane.x(e)}
    assert hollow == wide
    assert "A hollow mark is unstable" in drawn.caption


def test_the_page_shows_each_interval_and_says_what_is_unstable(tmp_path):
    sure = trained(0, 90.0, 0.3, measures={"latency_low": 0.295, "latency_high": 0.305})
    unsure = trained(1, 95.0, 0.8, measures={"latency_low": 0.5, "latency_high": 0.9})
    text = Page(page.write([of([sure, unsure])], tmp_path)).text
    assert "0.295 to 0.305" in text
    assert "0.5 to 0.9, unstable" in text


def test_no_word_below_a_panel_is_cut_off(tmp_path: Path) -> None:
    """Names of networks are long: each label lies within its figure, and below its own panel only."""
    names = tuple(f"{family}/{one}" for family in ("efficientnet", "inception_resnet") for one in ("lite0", "b10"))
    space = {f"field{number}": Choice((1, 2, 3)) for number in range(3)}
    trials = tuple(
        Trial(
            number=number,
            state="complete",
            configuration={"architecture": names[number % 4], **{f"space.{one}": 1 + number % 3 for one in space}},
            measures={"accuracy": 50.0 + number, "parameters": 1e5},
        )
        for number in range(12)
    )
    wanted = studies.study(architecture=names, space=space, constraints=())
    figure = settings.choices(compare([Run(folder=tmp_path, study=wanted, trials=trials)])).figure
    FigureCanvasAgg(figure).draw()
    panels = [axes.get_window_extent() for axes in figure.axes]
    labels = [label for axes in figure.axes for label in axes.get_xticklabels()]
    assert {label.get_text() for label in labels} >= set(names)
    for box in [label.get_window_extent() for label in labels]:
        assert 0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert box.y0 >= 0
        assert not any(box.overlaps(panel) for panel in panels)


def test_the_title_of_many_runs_names_the_first_ones(tmp_path):
    made = [of([trained(0, 90.0, 0.5)], f"study-{number}") for number in range(9)]
    assert "study-0, study-1, study-2, study-3 and 5 more" in Page(page.write(made, tmp_path)).text
