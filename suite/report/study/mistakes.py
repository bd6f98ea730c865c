"""Where the best candidate is wrong, and whether it knows: figures of its answers to the validation pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from suite.core import classes
from suite.core.answers import Answers
from suite.report import picture, wrong
from suite.report.certainty import Certainty
from suite.report.language import say
from suite.report.picture import Picture
from suite.report.shortened import shortened
from suite.report.wrong import Mistake
from suite.statistics.calibration import Reliability, reliability
from suite.statistics.intervals import wilson

SQUARE = 20  # most classes of a square of all pairs
ACROSS = 6  # pictures side by side
LETTER = 0.075  # inches of a letter of a class
LETTERS = 16  # of a class, at most
LISTED = 15  # pairs of classes that are listed if there are more


def figures(certainty: Certainty) -> list[Picture]:
    """Return the figures of the best candidate: its confusions, its worst mistakes, and its calibration."""
    found = wrong.of(certainty.comparison, certainty.entries[certainty.best])
    return [confusions(certainty), *([worst(certainty, found)] if found else []), calibration(certainty)]


def worst(certainty: Certainty, found: Sequence[Mistake]) -> Picture:
    """The pictures that the best candidate has wrong with the greatest confidence."""
    across = min(ACROSS, len(found))
    rows = -(-len(found) // across)
    with picture.style("mistakes"):
        figure = picture.grid(1.35 * across + 0.3, 1.75 * rows + 0.1)
        figure.subplots_adjust(
            left=0.02, right=0.98, bottom=0.01, top=1 - 0.42 / (1.75 * rows), hspace=0.42, wspace=0.1
        )
        for place, mistake in enumerate(found, start=1):
            axes = figure.add_subplot(rows, across, place)
            small = Image.open(io.BytesIO(mistake.content))
            axes.imshow(small, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.set_title(_wrongly(mistake), fontsize=7, pad=3)
            axes.axis("off")
    return Picture(
        name="mistakes",
        title=say("Its worst mistakes"),
        caption=say(
            "The validation pictures that {name} has wrong with the greatest confidence: the class of the picture, "
            "what it is taken for, and how sure the network was. Some may be wrong in the data set itself.",
            name=certainty.entries[certainty.best].name,
        ),
        figure=figure,
        table=pd.DataFrame(
            [{"picture": one.number, "class": one.label, "named": one.named, "said": 100 * one.said} for one in found]
        ),
    )


def _wrongly(mistake: Mistake) -> str:
    label, named = shortened([mistake.label, mistake.named], LETTERS)
    return say("{label}\nnot {named}, {said:.0f} %", label=label, named=named, said=100 * mistake.said)


def confusions(certainty: Certainty) -> Picture:
    """Which classes the best candidate takes for which."""
    name, kept = certainty.entries[certainty.best].name, certainty.kept(certainty.best)
    counts = _counts(certainty, kept)
    with picture.style("confusions"):
        figure, axes = picture.new()
        (_square if len(counts) <= SQUARE else _list)(figure, axes, counts)
    return Picture(
        name="confusions",
        title=say("Which classes are taken for which"),
        caption=say(
            "Answers of {name} to the validation pictures. {worst} The CSV file has every pair of classes, and for "
            "each class the 95 % interval of its accuracy (Wilson).",
            name=name,
            worst=_worst(counts),
        ),
        figure=figure,
        table=_table(counts),
    )


def _counts(certainty: Certainty, kept: Answers) -> pd.DataFrame:
    """Return how many pictures of each class (rows) are named as each class (columns)."""
    number = int(max(kept.labels.max(), kept.named.max())) + 1
    run = certainty.comparison.run_of(certainty.entries[certainty.best])
    names = list(classes.read(run.folder) if run else ()) or [str(one) for one in range(number)]
    counts = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(counts, (kept.labels, kept.named), 1)
    return pd.DataFrame(counts, index=names, columns=names)


def _square(figure: Figure, axes: Axes, counts: pd.DataFrame) -> None:
    shares = counts.to_numpy() / np.maximum(1, counts.to_numpy().sum(axis=1, keepdims=True))
    for (row, column), share in np.ndenumerate(shares):
        if not share:
            continue
        colour = picture.FAMILY_COLOURS[0 if row == column else 1]
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, alpha=0.1 + 0.6 * share, lw=0))
        axes.text(column, row, str(counts.iat[row, column]), ha="center", va="center", fontsize=7.5)
    ticks, names = range(len(counts)), shortened(list(counts.index), LETTERS)
    axes.set_xticks(ticks, names, rotation=90, fontsize=7.5)
    axes.set_yticks(ticks, names, fontsize=7.5)
    axes.set_xlim(-0.5, len(counts) - 0.5)
    axes.set_ylim(len(counts) - 0.5, -0.5)
    axes.set_xlabel(say("Class that it names"))
    axes.set_ylabel(say("Class of the picture"))
    axes.grid(visible=False)
    longest = LETTER * max(map(len, names))
    figure.set_size_inches(1.5 + longest + 0.5 * len(counts), 1.2 + longest + 0.36 * len(counts))
    _give_room(figure, longest, longest)


def _list(figure: Figure, axes: Axes, counts: pd.DataFrame) -> None:
    wrong = _pairs(counts)[:LISTED][::-1]
    axes.barh(range(len(wrong)), [one[2] for one in wrong], color=picture.FAMILY_COLOURS[1], height=0.7)
    short = dict(zip(counts.index, shortened(list(counts.index), LETTERS), strict=True))
    axes.set_yticks(
        range(len(wrong)), [f"{short[label]} → {short[named]}" for label, named, _, _ in wrong], fontsize=7.5
    )
    axes.set_xlabel(say("Pictures of a class taken for another one"))
    _give_room(figure, LETTER * max((len(one.get_text()) for one in axes.get_yticklabels()), default=0), 0.1)


def _give_room(figure: Figure, left: float, below: float) -> None:
    """Keep inches for words left of the axes and below."""
    width, height = figure.get_size_inches()
    figure.subplots_adjust(left=(0.5 + left) / width, bottom=(0.5 + below) / height)


def _pairs(counts: pd.DataFrame) -> list[tuple[str, str, int, int]]:
    """Return (class, what it is taken for, pictures, pictures of the class), the most pictures first."""
    found = [
        (str(label), str(named), int(count), int(counts.loc[label].sum()))
        for label in counts.index
        for named, count in counts.loc[label].items()
        if count and label != named
    ]
    return sorted(found, key=lambda pair: -pair[2])


def _worst(counts: pd.DataFrame) -> str:
    wrong = _pairs(counts)
    if not wrong:
        return say("None is wrong.")
    label, named, count, of = wrong[0]
    return say(
        "The most frequent mistake: {label} taken for {named}, {count:,} of {of:,}.",
        label=label, named=named, count=count, of=of,
    )  # fmt: skip


def _table(counts: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {"class": label, "named": named, "pictures": count, "of": of, **_ends(label == named, count, of)}
        for label in counts.index
        for of in [int(counts.loc[label].sum())]
        for named, count in counts.loc[label].items()
        if count
    ]
    return pd.DataFrame(rows, columns=["class", "named", "pictures", "of", "low", "high"])


def _ends(is_right: bool, count: int, of: int) -> dict[str, float | None]:
    low, high = (100 * end for end in wilson(count / of, of)) if is_right else (None, None)
    return {"low": low, "high": high}


def calibration(certainty: Certainty) -> Picture:
    """Whether the best candidate is as often right as it says."""
    name, kept = certainty.entries[certainty.best].name, certainty.kept(certainty.best)
    plain, tempered = (reliability(said.astype(float), kept.right) for said in (kept.said, kept.tempered))
    with picture.style("calibration"):
        figure, axes = picture.new()
        axes.plot([0, 100], [0, 100], color=picture.PALE, lw=0.8)
        _points(axes, plain, 0, say("as it is"))
        _points(axes, tempered, 2, say("at temperature {temperature:.2f}", temperature=float(kept.temperature)))
        axes.set_xlabel(say("Probability that it gives its answer, %"))
        axes.set_ylabel(say("Share of these answers that are right, %"))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0.2)
    return Picture(
        name="calibration",
        title=say("Is it as often right as it says?"),
        caption=_calibrated(name, plain, tempered, float(kept.temperature)),
        figure=figure,
        table=pd.concat([_rows(plain, "as it is"), _rows(tempered, "tempered")], ignore_index=True),
    )


def _calibrated(name: str, plain: Reliability, tempered: Reliability, temperature: float) -> str:
    return say(
        "Answers of {name} in bins by their probability, each with its 95 % interval (Wilson). Larger marks are of "
        "more pictures. Below the line it is too sure. The calibration error is {plain:.1f} points, and "
        "{tempered:.1f} with its outputs divided by the temperature {temperature:.2f}, the best for these pictures "
        "(Guo et al., ICML 2017).",
        name=name, plain=100 * plain.error, tempered=100 * tempered.error, temperature=temperature,
    )  # fmt: skip


def _points(axes: Axes, found: Reliability, index: int, label: str) -> None:
    """Draw each bin with the 95 % interval of its share."""
    said, right = 100 * found.said, 100 * found.right
    ends = 100 * np.array([wilson(*each) for each in zip(found.right, found.pictures, strict=True)])
    colour = picture.colour(index)
    axes.vlines(said, ends[:, 0], ends[:, 1], color=colour, lw=1, alpha=0.5)
    sizes = 8 + 60 * found.pictures / found.pictures.max()
    axes.scatter(said, right, s=sizes, marker=picture.shape(index), color=colour, lw=0, label=label)


def _rows(found: Reliability, label: str) -> pd.DataFrame:
    frame = pd.DataFrame({"said": 100 * found.said, "right": 100 * found.right, "pictures": found.pictures})
    return frame.assign(answers=label)
