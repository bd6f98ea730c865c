"""The field: is what it says of measured tables true, and does it compare only what may be compared?"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from suite import architectures, pipeline
from suite.cli.commands import cli
from suite.core import cells
from suite.core.cells import Cell, Table
from suite.core.errors import TableError
from suite.report.catalogue import cited, costs, data, density, draw, grids, measured, page, rows, timeline, words
from suite.report.catalogue.network import COMPARABLE, LINES, OTHER_SIZE, OTHERWISE, Network
from suite.report.catalogue.timm import OURS
from suite.report.language import spoken

CATALOGUE = pipeline._catalogue()
BY_NAME = {network.name: network for network in CATALOGUE}
FEW = [BY_NAME[name] for name in ("convnext/t", "convnext/b", "vgg/16", "vgg/19", "alexnet/2012", "efficientnet/b0")]
COMMON = [
    "mobilenet_v3/small", "mobilenet_v2/1.0", "efficientnet/b0", "efficientnet/b4", "resnet/50", "resnet/50-32x4d",
    "inception_v3/2015", "convnext/t", "convnext/b", "vit/b-16", "resnet_v2/152", "efficientnet_v2/s",
]  # fmt: skip


def cell(name, ms, *, batch=1, path="onnx", memory=None, state=cells.STABLE, size=None, counts=None, **known):
    side = size or (BY_NAME[name].resolution if name in BY_NAME else 32)
    measures = {"latency": ms, "peak_memory": memory, **(counts or {})}
    return Cell(
        model=name, batch=batch, path=path, precision="float32",
        image=f"{side}x{side}x3", state=state, **known,
        measures={name: value for name, value in measures.items() if value is not None},
    )  # fmt: skip


def table(made, device="Laptop, 2 cores", **said):
    return Table(surroundings={"device": device, "threads": "2"} | said, cells=tuple(made))


def measurements(seed=0):
    """Every network of the catalogue, slower and larger with its parameters but by luck: fronts are not of counts."""
    luck = np.random.default_rng(seed)
    return [
        cell(n.name, 1.0 + n.parameters / 1e6 * luck.choice([1, 2, 4]), memory=4e-6 * n.total_parameters + 100)
        for n in CATALOGUE
    ]


@pytest.fixture(scope="module")
def two_devices():
    return data.join(CATALOGUE, [table(measurements(0)), table(measurements(1), device="Server")])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A page of few cells in every state, on two devices and two paths, with one network of the user's own."""
    ms = {name: 2.0 * index + 2 for index, name in enumerate(COMMON)}
    laptop = [cell(name, ms[name] * batch, batch=batch, memory=100 * (index + batch))
              for index, name in enumerate(COMMON) for batch in (1, 8)]  # fmt: skip
    laptop += [
        cell("nfnet/f0", 44.0, state=cells.UNSTABLE, reason="blocks drifted by 31 %"),
        cell("vit/h-14", None, state=cells.NO_MEMORY, reason="needs 9 GB, 4 GB are free"),
        cell("networks/mine.py/small", 5.0, memory=100, counts={"parameters": 1e6, "macs": 1e8, "activations": 1e6}),
        *(cell(name, ms[name] / 2, path="litert-int8") for name in COMMON[:4]),
    ]
    server = [cell(name, 1 + ms[name] / 10) for name in reversed(COMMON)]
    folder = tmp_path_factory.mktemp("field")
    return page.write(CATALOGUE, [table(laptop), table(server, device="Server")], folder)


def text_of(file):
    return unescape(re.sub(r"<[^>]+>", " ", file.read_text(encoding="utf-8")))


def known_of(file):
    """What a page embeds of its rows."""
    text = file.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text)[1])


def naively(points):
    """Names on the front of accuracy and rate, by comparing each with each."""
    fit = [p for p in points if p.kind == COMPARABLE and p.network.top1 is not None]
    return {
        p.network.name
        for p in fit
        if not any(
            q.rate >= p.rate
            and q.network.top1 >= p.network.top1
            and (q.rate, q.network.top1) != (p.rate, p.network.top1)
            for q in fit
        )
    }


def test_the_front_is_what_no_comparable_network_beats(two_devices):
    for place in two_devices.mains:
        drawn = measured.speed(place, 1, "").table
        front = set(drawn.loc[drawn["on_front"], "name"])
        assert front == naively(place.chosen[1])
        assert 2 < len(front) < 20


def test_no_front_has_networks_of_two_devices(two_devices):
    fronts = [measured.best(place) for place in two_devices.places]
    for place, front in zip(two_devices.places, fronts, strict=True):
        assert front <= {point.key for point in place.points}
    assert not fronts[0] & fronts[1]
    panels = measured.panels(two_devices.mains, "devices", "").table
    for place in two_devices.mains:
        alone = panels[(panels["device"] == place.device) & panels["on_front"]]
        assert set(alone["name"]) == naively(place.chosen[1])


def test_two_tables_of_one_device_are_two_occasions_and_do_not_meet():
    twice = data.join(CATALOGUE, [table([cell("resnet/50", 9.0)]), table([cell("resnet/50", 3.0)])])
    assert [place.device for place in twice.places] == ["Laptop, 2 cores (table 1)", "Laptop, 2 cores (table 2)"]


def test_paths_and_precisions_of_a_device_do_not_meet():
    field = data.join(CATALOGUE, [table([cell("resnet/50", 9.0), cell("resnet/50", 3.0, path="litert")])])
    assert [(place.path, len(place.points)) for place in field.places] == [("onnx", 1), ("litert", 1)]


@pytest.mark.parametrize(
    ("name", "known", "kind"),
    [
        ("convnext/t", {}, COMPARABLE),
        ("convnext/t", {"size": 160}, OTHER_SIZE),
        ("convnext/t", {"state": cells.UNSTABLE}, COMPARABLE),  # it counts by its interval
        ("resnet_v2/152", {}, OTHER_SIZE),  # its accuracy is of 320 pixels
        ("resnet_v2/152", {"size": 320}, COMPARABLE),
        ("resnet/50", {}, OTHERWISE),  # 10 crops
        ("vgg/16", {}, OTHERWISE),  # dense evaluation and 150 crops
        ("convnext/xl", {}, OTHERWISE),  # pre-trained on ImageNet-22k
        ("efficientnet_v2/s", {}, COMPARABLE),  # the pre-trained one is another clause
        ("efficientnet/l2", {}, OTHERWISE),  # noisy student
    ],
)
def test_only_one_crop_without_more_data_at_the_measured_size_is_comparable(name, known, kind):
    (place,) = data.join(CATALOGUE, [table([cell(name, 5.0, **known)])]).places
    assert place.points[0].kind == kind
    assert (measured.best(place) != set()) == (kind == COMPARABLE)


def test_every_cited_accuracy_says_how_it_came_about():
    """By keys, so that no wording decides which accuracies are compared."""
    for network in CATALOGUE:
        if network.top1 is not None:
            assert network.crops or network.dense, network.name
    more = {n.name for n in CATALOGUE if n.top1 is not None and n.extra_data}
    assert more == {
        "efficientnet/l2", "efficientnet/fix-l2", "efficientnet/l2-475", "vit/b-16", "vit/l-16", "vit/h-14", "vit/G-14",
        "nfnet/f4+", "coatnet/4", "coatnet/5", "coatnet/6", "coatnet/7", "efficientnet_v2/xl", "align/l2", "maxvit/xl",
        "convnext/xl", "coca/coca",
    }  # fmt: skip


@pytest.mark.parametrize(
    "otherwise",
    [{"crops": 10}, {"crops": None}, {"dense": True}, {"scales": 3}, {"ensemble": 7}, {"extra_data": "JFT"}],
)
def test_each_condition_by_its_key_keeps_an_accuracy_off_the_front_and_no_note_does(otherwise):
    plain = Network(name="a/b", title="A", top1=80.0, size=224, resolution=224, crops=1)
    assert plain.kind(224) == replace(plain, notes="10 crops, pre-trained on JFT").kind(224) == COMPARABLE
    assert replace(plain, **otherwise).kind(224) == OTHERWISE
    assert plain.kind(256) == OTHER_SIZE


def test_every_family_of_the_catalogue_has_a_line_of_descent():
    assert sorted(name for families in LINES.values() for name in families) == sorted(architectures.FAMILIES)


def test_the_recommendation_is_that_of_trying_every_network(two_devices):
    place = two_devices.mains[0]
    fit = [p for p in place.at(1) if p.kind == COMPARABLE and p.network.top1 is not None]
    told = grids.recommendation(place, "").table
    assert len(set(told["memory"])) > 2
    assert len(set(told["speed"])) > 2
    for (memory, speed), chosen in told.groupby(["memory", "speed"]):
        most, slowest = grids.megabytes()[memory], grids.milliseconds()[speed]
        within = [p for p in fit if p.cell.measures["peak_memory"] <= most and p.milliseconds <= slowest]
        ordered = sorted((p.network.top1 for p in within), reverse=True)
        assert list(chosen["top1"]) == ordered[: len(chosen)]
        assert len(chosen) == min(3, len(within))
        assert (chosen["peak_memory"] <= most).all()
        assert (chosen["ms"] <= slowest).all()


def test_a_budget_that_nothing_keeps_names_none():
    assert grids.best(data.join(CATALOGUE, [table([cell("convnext/t", 5.0, memory=1000)])]).points, 100, 99) == []


def test_unstable_and_failed_cells_are_said(written):
    rows = pd.read_csv(written.parent / "cells.csv").set_index("model")
    assert rows.loc["nfnet/f0", "state"] == "unstable"
    assert not rows.loc["vit/h-14", "on_front"]
    shown = text_of(written)
    for said in ("blocks drifted by 31 %", "needs 9 GB, 4 GB are free", "1 unstable and 1 out of memory"):
        assert said in shown
    known = known_of(written)
    place = known["trials"]["name"].index("nfnet/f0")
    assert known["measures"]["latency"]["unstable"][place] == 1
    assert sum(known["measures"]["latency"]["unstable"]) == 1
    times = pd.read_csv(next(written.parent.glob("times-laptop*.csv"))).set_index("name")
    assert times.loc["vit/h-14", "state"] == "out of memory"
    assert np.isnan(times.loc["vit/h-14", "ms_per_image"])
    drawn = next(written.parent.glob("times-laptop*.svg")).read_text()
    assert ">out of memory<" in drawn
    assert ">~44<" in drawn


def test_a_network_of_ones_own_is_measured_but_has_no_accuracy(written):
    rows = pd.read_csv(written.parent / "cells.csv").set_index("model")
    assert rows.loc["networks/mine.py/small", "latency"] == 5.0
    assert np.isnan(rows.loc["networks/mine.py/small", "top1"])
    drawn = pd.read_csv(next(written.parent.glob("activations-laptop*.csv")))
    assert "networks/mine.py/small" in set(drawn["name"])
    assert "networks/mine.py/small" not in set(pd.read_csv(next(written.parent.glob("speed-laptop*.csv")))["name"])


def test_every_figure_has_its_files_and_marks_a_row_of_its_csv_for_each(written):
    source = written.read_text(encoding="utf-8")
    files = re.findall(r'<a href="([\w.-]+)\.csv">CSV', source)
    kinds = {re.match(r"[a-z]+(?:-accuracy|-top[15]|-parameters|-macs)?", name)[0] for name in files}
    assert kinds == {
        "recommendation", "speed", "throughput", "balls-top1", "balls-top5", "density", "density-accuracy",
        "families-parameters", "families-macs", "activations", "times", "memories", "memory", "timeline-accuracy",
        "timeline-parameters", "devices", "paths",
    }  # fmt: skip
    known = set(known_of(written)["trials"]["name"])
    drawn = dict(re.findall(r'<figure class="figure[^"]*" id="([\w.-]+)"[^>]*>(.*?)</figure>', source, flags=re.DOTALL))
    assert set(drawn) == {name for name in files if not name.startswith(("speed", "throughput"))}
    for name in files:
        table_of = pd.read_csv(written.parent / f"{name}.csv")
        assert (written.parent / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert ElementTree.parse(written.parent / f"{name}.svg").getroot().tag.endswith("svg")
        marks = re.findall(r'data-trial="([^"]+)"', drawn.get(name, ""))
        assert set(marks) <= known, name
        if name.startswith(("balls", "density-accuracy", "memory", "devices", "paths")):
            assert len(marks) == len(table_of), name


def test_what_is_drawn_is_what_the_csv_says():
    """Positions of the marks of the front of speed, back from pixels to values."""
    points = [cell(name, 2.0 + index) for index, name in enumerate(COMMON)]
    drawn = measured.speed(data.join(CATALOGUE, [table(points)]).places[0], 1, "")
    (axes,) = drawn.figure.axes
    shown = {line.get_gid(): line for line in axes.lines}
    at = {
        key.split(",")[0]: (x, y)
        for gid, keys in drawn.marks.items()
        for key, x, y in zip(keys, shown[gid].get_xdata(), shown[gid].get_ydata(), strict=True)
    }
    told = drawn.table.set_index("name")
    assert set(at) == set(told.index)
    assert all(at[name] == (told.loc[name, "images_per_second"], told.loc[name, "top1"]) for name in at)


def test_the_area_of_a_ball_is_its_parameters():
    rows = {network.name: network.name for network in CATALOGUE}
    drawn = cited.balls(CATALOGUE, rows, "top1")
    (axes,) = drawn.figure.axes
    sizes = {drawn.marks[line.get_gid()][0]: line.get_markersize() for line in axes.lines if line.get_gid()}
    assert (sizes["vit/h-14"] / sizes["vit/b-16"]) ** 2 == pytest.approx(
        BY_NAME["vit/h-14"].parameters / BY_NAME["vit/b-16"].parameters, rel=1e-6
    )


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_words_of_a_legend_are_within_the_figure_and_numbers_are_those_of_the_language(tmp_path, language):
    points = [cell(network.name, network.macs / 1e8) for network in CATALOGUE if network.top1]
    (place,) = data.join(CATALOGUE, [table(points)]).places
    names = {network.name: network.name for network in CATALOGUE}
    with spoken(language):
        drawn = [density.plane(CATALOGUE, names), cited.balls(CATALOGUE, names, "top5"), measured.speed(place, 1, "")]
        inside = [each.save(tmp_path) for each in drawn]
    for each in drawn:
        legend = each.figure.axes[0].get_legend().get_window_extent()
        assert legend.x1 <= each.figure.bbox.x1, each.name
        assert legend.y1 <= each.figure.bbox.y1, each.name
    assert (">92,5<" in inside[1]) == (language == "ru")


@pytest.mark.parametrize(
    ("name", "batch"), [("convnext/t", 1), ("vgg/16", 32), ("networks/mine.py/small", 1), ("convnext/t", 32)]
)
def test_a_page_of_one_cell_says_what_it_lacks(tmp_path, name, batch):
    shown = text_of(page.write(FEW, [table([cell(name, 5.0, batch=batch)])], tmp_path))
    assert "1 network timed" in shown
    assert "No panels of devices" in shown
    assert "No recommendation by memory and speed" in shown
    assert ("No front of speed" in shown) == (not list(tmp_path.glob("speed*.csv")))


def test_a_page_of_failures_only_is_a_page(tmp_path):
    lost = cell("convnext/t", None, state=cells.FAILED, reason="killed by the system")
    shown = text_of(page.write(FEW, [table([lost])], tmp_path))
    assert "killed by the system" in shown
    assert "nothing was timed" in shown


def test_a_table_without_a_network_of_ours_is_refused(tmp_path):
    foreign = table([cell("eva02_large", 9.0)], source="timm")
    with pytest.raises(TableError, match="no row matches a network of the catalogue"):
        page.write(CATALOGUE, [foreign], tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_throughput_takes_each_network_at_its_best_batch_size():
    points = [cell("convnext/t", ms, batch=batch) for batch, ms in ((1, 10.0), (8, 40.0), (64, 640.0))]
    (place,) = data.join(CATALOGUE, [table(points)]).places
    assert [point.cell.batch for point in place.fastest()] == [8]
    drawn = measured.speed(place, None, "").table
    assert list(drawn["images_per_second"]) == [200.0]


def test_rank_correlations_are_spearmans(two_devices):
    from scipy.stats import spearmanr

    for place in two_devices.places:
        points = place.chosen[1]
        ms = [p.milliseconds for p in points]
        macs, activations, networks = costs.correlations(place)
        assert networks == len(points)
        assert macs == pytest.approx(spearmanr(ms, [p.network.macs for p in points])[0])
        assert activations == pytest.approx(spearmanr(ms, [p.network.activations for p in points])[0])


def test_the_headline_names_the_fastest_and_the_real_time_network():
    points = [cell("mobilenet_v3/large", 4.0), cell("convnext/t", 30.0), cell("convnext/b", 90.0),
              cell("efficientnet/b0", 20.0), cell("resnet/50", 1.0)]  # fmt: skip
    said = " ".join(words.answer(data.join(CATALOGUE, [table(points)]).places[0]))
    assert "at least 75 %: MobileNetV3-Large (75.2 %, 4 ms an image)" in said
    assert "at least 80 %: ConvNeXt-T (82.1 %, 30 ms an image)" in said
    assert "At 30 images a second or more, take ConvNeXt-T: 82.1 % as cited, 33.3 images a second." in said


def test_captions_say_where_it_was_measured():
    points = [cell("convnext/t", 5.0, measured="2026-01-02T03:04:05"), cell("convnext/b", 9.0, path="litert-int8")]
    first, second = data.join(CATALOGUE, [table(points)]).places
    caption = measured.speed(first, 1, "").caption
    assert "Measured on Laptop, 2 cores, path onnx, float32, batch 1, 2 threads, 2026-01-02." in caption
    assert "In 8 bits, accuracy is lower than cited" in measured.speed(second, 1, "").caption


def test_timms_tables_stand_beside_ours_where_the_network_and_the_size_are_the_same(tmp_path):
    ours, theirs = tmp_path / "ours.csv", tmp_path / "benchmark-infer-fp32-nchw-pt240-cpu-i7.csv"
    cells.write(table([cell("convnext/t", 30.0), cell("resnet/50", 20.0)]), ours)
    theirs.write_text(
        "model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_batch_size,param_count,infer_gmacs,infer_macts\n"
        "convnext_tiny,224,50.0,20.0,1,28.59,4.47,13.44\n"
        "convnext_tiny,288,25.0,40.0,1,28.59,7.39,22.21\n"
        "resnet50,224,40.0,25.0,1,25.56,4.11,11.11\n"
        "vit_ghost,224,1.0,999.0,1,1.0,1.0,1.0\n"
    )
    done = CliRunner().invoke(cli, ["report", "--catalogue", str(ours), str(theirs), "-o", str(tmp_path / "page")])
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(tmp_path / "page" / "cells.csv")
    foreign = rows[rows["path"] == "pytorch"]
    assert list(zip(foreign["model"], foreign["image"], strict=True)) == [
        ("convnext/t", "224x224x3"), ("resnet/50-v1.5", "224x224x3"),
    ]  # fmt: skip
    joined = pd.read_csv(tmp_path / "page" / "cells-timm.csv")
    assert set(pd.read_csv(theirs).columns) == set(joined.columns)
    assert joined["infer_step_time"].tolist() == [30.0, 20.0, 20.0, 25.0]
    assert "2 rows of timm's left out" in text_of(tmp_path / "page" / "index.html")
    assert len(pd.read_csv(tmp_path / "page" / "devices.csv")) == 2


def test_timms_names_are_of_networks_of_ours_each_once():
    assert {name for names in OURS.values() for name in names} <= set(BY_NAME)
    assert len([name for names in OURS.values() for name in names]) == len(set().union(*OURS.values()))


def test_families_that_grow_are_drawn_as_lines_and_share_no_member():
    cited_networks = [network for network in CATALOGUE if network.top1 is not None]
    lines = [(label, {network.name for network in members}) for label, members in cited.series(cited_networks)]
    assert ("EfficientNet-Lite", {f"efficientnet/lite{size}" for size in range(3)}) in lines
    assert ("ResNeXt", {"resnet/50-32x4d", "resnet/101-32x4d", "resnet/101-64x4d"}) in lines
    assert ("ResNet", {f"resnet/{depth}" for depth in (18, 34, 50, 101, 152)}) in lines
    assert sum(len(members) for _, members in lines) == len(cited_networks)


def test_the_timelines_name_each_year_that_beat_all_before_it():
    named = timeline.records(CATALOGUE)
    assert [n.name for n in named][:2] == ["alexnet/2012", "overfeat/accurate"]
    assert all(a.year < b.year and a.top1 < b.top1 for a, b in itertools.pairwise(named))
    assert named[-1].top1 == max(n.top1 for n in CATALOGUE if n.top1)
    drawn = timeline.accuracies(CATALOGUE, {n.name: n.name for n in CATALOGUE}).table
    assert set(drawn[drawn["record"]]["name"]) == {n.name for n in named}


def test_names_beside_marks_do_not_cover_each_other_or_leave_the_frame(two_devices):
    (axes,) = measured.speed(two_devices.mains[0], 1, "").figure.axes
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent().extents for text in axes.texts]
    assert len(boxes) > 20
    for index, (left, bottom, right, top) in enumerate(boxes):
        assert left > axes.bbox.x0 - 1
        assert right < axes.bbox.x1 + 8
        for other in boxes[index + 1 :]:
            across = min(right, other[2]) - max(left, other[0])
            upwards = min(top, other[3]) - max(bottom, other[1])
            assert across <= 2 or upwards <= 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report"], "name at least one run"),
        (["report", "--catalogue", "a.csv", "quickstart-resnet"], "'quickstart-resnet' is no file"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_said(arguments, said):
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.slow
def test_the_field_needs_neither_tensorflow_nor_a_network_of_keras(tmp_path):
    file = tmp_path / "table.csv"
    cells.write(table([cell("convnext/t", 30.0)]), file)
    code = (
        "import sys; from pathlib import Path; from suite import pipeline; "
        f"pipeline.catalogue([Path({str(file)!r})], Path({str(tmp_path / 'page')!r})); "
        "print(*(name for name in ('tensorflow', 'keras', 'mlflow') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    assert (tmp_path / "page" / "index.html").is_file()


def test_a_front_goes_through_equal_networks_and_past_incomparable_ones():
    dots = [
        draw.Dot(x=x, y=y, key=str(i), label="", line="plain", kind=kind)
        for i, (x, y, kind) in enumerate([(1, 70, COMPARABLE), (1, 70, COMPARABLE), (0.5, 90, OTHERWISE),
                                          (2, 65, COMPARABLE), (3, 80, COMPARABLE), (0.1, 99, OTHER_SIZE)])
    ]  # fmt: skip
    assert [dot.key for dot in draw.front(dots)] == ["0", "1", "4"]
    assert [dot.key for dot in draw.front(dots, rising=True)] == ["4"]
    assert draw.front([]) == []


def test_the_page_loads_nothing_and_repeats_no_row(written):
    source = written.read_text(encoding="utf-8")
    assert not re.search(
        r'(?:src|srcset|poster)="|@import|url\((?!#)|href="(?!#|[\w.-]+\.(?:csv|png|svg|pdf)")',
        source.split("<script")[0],
    )
    names = known_of(written)["trials"]["name"]
    assert len(names) == len(set(names))
    assert {network.name for network in CATALOGUE} <= {name.split(" ")[0] for name in names}


def test_the_page_shows_an_accuracy_that_may_not_be_compared_and_does_not_decide_by_it(written):
    known = known_of(written)
    accuracy, names = known["measures"]["accuracy"], known["trials"]["name"]
    for name, value, apart in zip(names, accuracy["values"], accuracy["apart"], strict=True):
        network = BY_NAME.get(name.split(" ")[0])
        assert value == (network.top1 if network else None)
        if network and value is not None and not network.is_plain:
            assert apart
    field = data.join(CATALOGUE, [table([cell("vgg/16", 5.0), cell("vgg/19", 6.0)])])
    shown = {entry.name: entry.trial.measures for entry in rows.compared(rows.every(field)).entries}
    assert "accuracy" not in shown["vgg/16"]
    assert shown["convnext/t"]["accuracy"] == 82.1


def test_a_row_is_named_by_what_tells_it_from_others_of_its_network():
    points = [cell("resnet/50", 9.0), cell("resnet/50", 60.0, batch=8), cell("resnet/18", 3.0),
              cell("vgg/16", 9.0), cell("vgg/16", 3.0, path="litert")]  # fmt: skip
    names = [point.key for point in data.join(CATALOGUE, [table(points)]).points]
    assert sorted(names) == ["resnet/18", "resnet/50 batch 1", "resnet/50 batch 8", "vgg/16 litert", "vgg/16 onnx"]


def test_unstable_networks_stand_on_the_front_of_speed_by_their_intervals():
    known = {"efficientnet/b0": (18.9, 19.1), "mobilenet_v3/large": (10.0, 14.0), "resnet/18": (9.0, 17.0)}
    points = [
        cell(
            name, (low + high) / 2, state=cells.STABLE if high - low < 1 else cells.UNSTABLE,
            counts={"latency_low": low, "latency_high": high},
        )
        for name, (low, high) in known.items()
    ]  # fmt: skip
    (place,) = data.join(CATALOGUE, [table(points)]).places
    drawn = measured.speed(place, 1, "")
    told = drawn.table.set_index("name")
    assert told["on_front"].to_dict() == {"efficientnet/b0": True, "mobilenet_v3/large": True, "resnet/18": False}
    assert "Pale marks: unstable measurements, which count by their intervals." in drawn.caption


@pytest.mark.parametrize(("state", "latency", "said"), [
    (cells.STABLE, 12.345, "12.3"), (cells.UNSTABLE, 12.345, "~12.3"), (cells.STABLE, 999.7, "1,000"),
    (cells.STABLE, 1224.6, "1,225"), (cells.UNSTABLE, 1224.6, "~1,225"),
])  # fmt: skip
def test_an_unstable_value_is_marked_in_a_grid_however_large(state: str, latency: float, said: str) -> None:
    (point,) = data.join(CATALOGUE, [table([replace(cell("convnext/t", latency), state=state)])]).points
    assert grids._said(point, point.cell.measures["latency"]) == said


def test_no_two_networks_have_the_same_name_in_figures() -> None:
    labels = [network.label for network in CATALOGUE]
    assert len(labels) == len(set(labels))
