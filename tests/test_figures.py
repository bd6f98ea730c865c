"""The figures for paper and slide: can all words be read, is the front seen, and are the files what print asks?"""

from __future__ import annotations

import re
import zlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy.stats import binomtest

from suite.core import answers
from suite.core.answers import Answers
from suite.core.domains import Choice
from suite.core.trial import Run, Trial
from suite.report import certainty, picture
from suite.report.comparison import Comparison, compare
from suite.report.study import fronts, scales
from suite.report.study import settings as searched
from suite.report.study.plane import planes
from tests import studies
from tests.report_runs import families, run


def boxes(texts: list[Text]) -> list[tuple[float, float, float, float]]:
    return [text.get_window_extent().extents for text in texts if text.get_text() and text.get_visible()]


def overlapping(texts: list[Text]) -> list[tuple[str, str]]:
    shown = [text for text in texts if text.get_text() and text.get_visible()]
    return [
        (one.get_text(), other.get_text())
        for one, other in combinations(shown, 2)
        if one.get_window_extent().overlaps(other.get_window_extent())
    ]


def drawn(figure: Figure) -> Figure:
    with picture.style("test"):
        FigureCanvasAgg(figure).draw()
    return figure


def words(figure: Figure) -> list[Text]:
    """Every number and word below a panel, and the panels' titles."""
    below = [label for axes in figure.axes for label in numbers(axes)]
    return [*below, *(axes.xaxis.label for axes in figure.axes), *(axes.title for axes in figure.axes)]


def numbers(axes: Axes) -> list[Text]:
    """The words of the ticks that are drawn: those within the axis."""
    low, high = axes.get_xlim()
    return [label for tick, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True) if low <= tick <= high]


def of_settings(**values: tuple[object, ...]) -> Comparison:
    """A run whose candidates have each of some values of some settings."""
    space = {name: Choice(offered) for name, offered in values.items()}  # type: ignore[arg-type]
    trials = tuple(
        Trial(
            number=number,
            state="complete",
            configuration={f"space.{name}": offered[number % len(offered)] for name, offered in values.items()},  # type: ignore[misc]
            measures={"accuracy": 50.0 + number % 40, "parameters": 1e5 + number},
        )
        for number in range(48)
    )
    wanted = studies.study(space=space, recipe={}, constraints=())
    return compare([Run(folder=Path("runs/small"), study=wanted, trials=trials)])


@pytest.mark.parametrize("length", [1, 4, 9])
@pytest.mark.parametrize("count", [2, 5, 9, 17, 24])
def test_no_two_values_below_a_panel_touch_however_long_their_lists(count: int, length: int) -> None:
    lists = tuple(tuple(range(first, first + length)) for first in range(64, 64 + count))
    figure = drawn(searched.choices(of_settings(depths=lists, widths=lists, other=lists, more=lists)).figure)
    assert len(figure.axes) == 4
    assert overlapping(words(figure)) == []
    assert all(box[0] >= 0 and box[1] >= 0 and box[2] <= figure.bbox.x1 for box in boxes(words(figure)))


def test_the_panels_of_a_study_have_one_axis_upwards_and_say_which_colour_is_which() -> None:
    figure = drawn(searched.choices(compare(families(30))).figure)
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["alexnet", "resnet", "mobilenet"]
    assert overlapping([*words(figure), *figure.legends[0].get_texts()]) == []


@settings(max_examples=40)
@given(st.floats(1e-6, 1e9), st.floats(1.0, 1e4), st.sampled_from([5, 8]))
def test_numbers_of_an_axis_never_touch(low: float, factor: float, most: int) -> None:
    with picture.style("test"):
        figure, axes = picture.new(3.4 if most == 5 else 6.4)  # a panel, and a figure alone
        axes.set_xscale("log")
        axes.set_xlim(scales.with_room(low, low * factor, log=True))
        scales.ticks(axes.xaxis, log=True, most=most)
    labels = numbers(drawn(figure).axes[0])
    assert labels
    assert overlapping(labels) == []


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("cost", ["latency", "parameters"])
def test_names_on_a_front_touch_neither_each_other_nor_its_marks(seed: int, cost: str) -> None:
    comparison = compare([run(family, 40, seed) for family in ("alexnet", "resnet", "mobilenet")])
    (plane,) = [plane for plane in planes(comparison) if plane.cost.measure == cost]
    figure = drawn(fronts.draw(plane).figure)
    names = [text for text in figure.axes[0].texts if text.get_gid() == "name"]
    assert len(names) >= 3
    assert overlapping(names) == []
    marks = figure.axes[0].transData.transform([(plane.x(entry), plane.y(entry)) for entry in plane.front])
    for box in boxes(names):
        inside = (box[0] < marks[:, 0]) & (marks[:, 0] < box[2]) & (box[1] < marks[:, 1]) & (marks[:, 1] < box[3])
        assert not inside.any()


def test_the_axes_are_fitted_to_the_front_and_the_caption_counts_what_is_outside() -> None:
    for plane in planes(compare(families(30))):
        made = fronts.draw(plane)
        axes = made.figure.axes[0]
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert all(left < plane.x(entry) < right and bottom < plane.y(entry) < top for entry in plane.front)
        heights = [plane.y(entry) for entry in plane.front]
        assert top - bottom < 1.2 * max(max(heights) - min(heights), 5)
        outside = [e for e in plane.entries if not (left <= plane.x(e) <= right and bottom <= plane.y(e) <= top)]
        assert f"{len(outside)} candidates are outside the axes" in made.caption


def test_a_candidate_on_the_front_far_below_all_others_is_named_at_the_border() -> None:
    trials = [
        Trial(number=n, state="complete", configuration={}, measures={"accuracy": a, "parameters": 1000.0 * (n + 1)})
        for n, a in enumerate([20.0, 95.0, 96.0, 97.0, 98.0])
    ]
    study = studies.study(constraints=())
    (plane,) = planes(compare([Run(folder=Path("runs/small"), study=study, trials=tuple(trials))]))
    figure = fronts.draw(plane).figure
    assert figure.axes[0].get_ylim()[0] > 90
    assert "small/0: 20.00 %" in {text.get_text() for text in figure.axes[0].texts}


def with_answers(home: Path, pictures: int = 200) -> Comparison:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, pictures)
    trials = []
    for number, share in enumerate((0.7, 0.8, 0.9)):
        wrong = random.random(pictures) > share
        named = np.where(wrong, (labels + 1) % 3, labels)
        said = np.full(pictures, 0.8, np.float32)
        kept = Answers(labels=labels, named=named, said=said, of_label=said, tempered=said, temperature=np.array(1.0))
        answers.write(kept, answers.place(home, number))
        known = {"accuracy": 100 * float((named == labels).mean()), "parameters": 1000.0 * (number + 1)}
        trials.append(Trial(number=number, state="complete", configuration={}, measures=known))
    return compare([Run(folder=home, study=studies.study(constraints=()), trials=tuple(trials))])


def test_an_upright_bar_is_the_interval_of_an_accuracy(tmp_path: Path) -> None:
    comparison = with_answers(tmp_path)
    (plane,) = planes(comparison)
    made = fronts.draw(plane, certainty.of(comparison))
    axes = made.figure.axes[0]
    segments = [segment for each in axes.collections for segment in each.get_segments()]
    bars = {float(line[0, 0]): (line[0, 1], line[1, 1]) for line in segments if line[0, 0] == line[1, 0]}
    assert set(bars) == {plane.x(entry) for entry in plane.front}
    for entry in plane.front:
        interval = binomtest(round(2 * plane.y(entry)), 200).proportion_ci(method="wilson")
        assert bars[plane.x(entry)] == pytest.approx((100 * interval.low, 100 * interval.high))
        assert axes.get_ylim()[0] < 100 * interval.low < 100 * interval.high < axes.get_ylim()[1]
    assert "An upright bar is the 95 % interval of an accuracy" in made.caption


def test_what_several_fronts_share_is_said_once() -> None:
    made = fronts.every(planes(compare(families(30))))
    sentences = [sentence for each in made for sentence in re.split(r"(?<=\.) (?=[A-Z])", each.caption)]
    repeated = {one for one in sentences if sentences.count(one) > 1}
    assert repeated <= {"It is read as “Accuracy against latency”."}
    assert "Up and to the left is better." in made[0].caption
    assert all("It is read as “Accuracy against latency”" in each.caption for each in made[1:])


def test_the_files_are_the_same_each_time_without_a_date_and_with_whole_fonts(tmp_path: Path) -> None:
    contents = []
    for each in ("one", "two"):
        folder = tmp_path / each
        folder.mkdir()
        for made in (fronts.draw(planes(compare(families(10)))[0]), searched.choices(compare(families(10)))):
            made.save(folder)
        contents.append({file.name: file.read_bytes() for file in sorted(folder.iterdir())})
    assert contents[0] == contents[1]
    assert {name.rpartition(".")[2] for name in contents[0]} == {"csv", "png", "svg", "pdf"}
    pdf = contents[0]["front-latency.pdf"]
    streams = b"".join(_inflated(part) for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S))
    assert b"/FontFile2" in pdf + streams  # TrueType, whole words of which can be searched
    assert b"/Type3" not in pdf + streams
    assert not re.search(rb"/(CreationDate|ModDate)", pdf + streams)


def _inflated(part: bytes) -> bytes:
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""


def test_a_figure_for_a_notebook_is_drawn_in_the_same_style(tmp_path: Path) -> None:
    figure = fronts.draw(planes(compare(families(10)))[0]).figure
    figure.savefig(tmp_path / "a.pdf")
    assert b"/Type3" not in (tmp_path / "a.pdf").read_bytes()
