"""What each setting is worth, in sentences that answer a study's question, and as a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from suite.report import phrases, picture
from suite.report.importance import Worth
from suite.report.language import many, say
from suite.report.picture import Picture
from suite.statistics.importance import Rates, Share

NAMED = 3  # most settings in a sentence
_LETTER = 0.075  # inches of a letter of a setting
_LONGEST = 24  # letters of a setting


def told(worths: Sequence[Worth]) -> list[str]:
    """Say what a doubling of a cost buys through which setting, and what settings explain."""
    return [*bought(worths), *explained(worths)]


def bought(worths: Sequence[Worth]) -> list[str]:
    """Say by how much the quality changes when a cost doubles through each setting; nothing where nobody can tell."""
    return _of_each(worths, lambda worth: [_bought(worth, cost, rates) for cost, rates in worth.rates.items()])


def explained(worths: Sequence[Worth]) -> list[str]:
    """Say which settings explain how much of each measure, or how many trials could tell."""
    return _of_each(worths, lambda worth: [_explained(worth, measure) for measure in worth.shares] or [_unknown(worth)])


def _of_each(worths: Sequence[Worth], sentences: Callable[[Worth], list[str]]) -> list[str]:
    return [
        sentence if worth.is_alone else f"{worth.name}: {sentence}" for worth in worths for sentence in sentences(worth)
    ]


def _unknown(worth: Worth) -> str:
    return say(
        "Which setting matters is not known with {trials}: {needed:,} could tell.",
        trials=_trials(worth), needed=worth.needed,
    )  # fmt: skip


def _trials(worth: Worth) -> str:
    return many(len(worth.trials), "{number:,} trial", "{number:,} trials")


def _bought(worth: Worth, cost: str, rates: Rates) -> str:
    ranked = sorted(range(len(rates.settings)), key=lambda one: -rates.values[one])
    names = [worth.settings[rates.settings[one]] for one in ranked]
    each = [_rate(name, rates, one) for name, one in zip(names, ranked, strict=True)]
    said = say(
        "Per doubling of {cost}, {quality} changes by {each}",
        cost=phrases.word(cost), quality=phrases.word(worth.quality.measure), each=phrases.listed(each[:NAMED]),
    )  # fmt: skip
    if len(ranked) < 2:
        return f"{said}."
    if rates.apart(ranked[0], ranked[1]).low > 0:
        return say("{said}: {setting} is the best buy.", said=said, setting=names[0])
    return say("{said}: which of them is the better buy is not known.", said=said)


def _rate(name: str, rates: Rates, one: int) -> str:
    low, high = rates.interval(one)
    return say(
        "{rate:+.1f} points through {setting} (95 % interval {low:.1f} to {high:.1f})",
        rate=float(rates.values[one]), setting=name, low=low, high=high,
    )  # fmt: skip


def _explained(worth: Worth, measure: str) -> str:
    found = worth.shares[measure]
    sure = sorted((one for one in range(len(found)) if found[one].interval.low > 0), key=lambda one: -found[one].value)
    if not sure:
        return say(
            "Which setting changes the {measure} is not known with {trials}.",
            measure=phrases.word(measure), trials=_trials(worth),
        )  # fmt: skip
    return say(
        "Differences in {measure} among {trials} are explained by {each}.",
        measure=phrases.word(measure), trials=_trials(worth),
        each=phrases.listed([_share(worth.settings[one], found[one]) for one in sure[:NAMED]]),
    )  # fmt: skip


def _share(name: str, share: Share) -> str:
    low, high = (100 * end for end in share.interval)
    return say(
        "{setting} to {share:.0f} % (95 % interval {low:.0f} to {high:.0f})",
        setting=name, share=100 * share.value, low=low, high=high,
    )  # fmt: skip


def figures(worths: Sequence[Worth]) -> list[Picture]:
    """Return a figure for each study whose trials can tell what its settings are worth."""
    found = [worth for worth in worths if worth.shares]
    return [_figure(worth, alone=len(found) == 1) for worth in found]


def _figure(worth: Worth, *, alone: bool) -> Picture:
    name = "importance" if alone else f"importance-{worth.name}"
    with picture.style(name):
        figure = _drawn(worth)
    title = say("What each setting is worth") if alone else say("What each setting of {run} is worth", run=worth.name)
    return Picture(name=name, title=title, caption=_caption(worth), figure=figure, table=_table(worth))


def _drawn(worth: Worth) -> Figure:
    panels = len(worth.shares) + len(worth.rates)
    words = _LETTER * min(_LONGEST, max(map(len, worth.settings)))
    width, height = words + 0.4 + 2.3 * panels, 1.2 + 0.3 * len(worth.paths)
    figure = picture.grid(width, height)
    figure.subplots_adjust(left=(words + 0.25) / width, bottom=0.72 / height, top=1 - 0.3 / height, wspace=0.16)
    rows = figure.subplots(1, panels, sharey=True, squeeze=False)[0]
    for axes, (measure, shares) in zip(rows, worth.shares.items(), strict=False):
        ends = 100 * np.array([[one.interval.low, one.value, one.interval.high] for one in shares])
        _intervals(axes, np.arange(len(shares)), ends, 0)
        axes.set_xlim(0, 100)
        axes.set_xlabel(say("Share of the variance of\n{measure}, %", measure=phrases.word(measure)))
    for axes, (cost, rates) in zip(rows[len(worth.shares) :], worth.rates.items(), strict=True):
        each = [
            (rates.interval(one).low, rates.values[one], rates.interval(one).high) for one in range(len(rates.settings))
        ]
        axes.axvline(0, color=picture.MUTED, lw=0.8)
        _intervals(axes, np.array(rates.settings), np.array(each), 1)
        axes.set_xlabel(say("Points for a doubling\nof {cost}", cost=phrases.word(cost)))
    rows[0].set_yticks(range(len(worth.paths)), [name[:_LONGEST] for name in worth.settings])
    rows[0].set_ylim(len(worth.paths) - 0.5, -0.5)
    return figure


def _intervals(axes: Axes, rows: np.ndarray, ends: np.ndarray, index: int) -> None:
    axes.hlines(rows, ends[:, 0], ends[:, 2], color=picture.colour(index), lw=2, alpha=0.5)
    axes.plot(ends[:, 1], rows, picture.shape(index), color=picture.colour(index), markersize=5)


def _caption(worth: Worth) -> str:
    rest = phrases.listed([
        say("{share:.0f} % of {measure}", share=100 * max(0.0, 1 - sum(one.value for one in shares)),
            measure=phrases.word(measure))
        for measure, shares in worth.shares.items()
    ])  # fmt: skip
    said = say(
        "How much of what differs between {trials} each setting explains, with its 95 % interval; costs by their "
        "logarithm. Not explained by any setting alone: {rest}.",
        trials=_trials(worth), rest=rest,
    )  # fmt: skip
    bought = say(
        "On the right: by how many points {quality} changes when a cost doubles through this setting alone.",
        quality=phrases.word(worth.quality.measure),
    )
    return " ".join([said, bought] if worth.rates else [said])


def _table(worth: Worth) -> pd.DataFrame:
    shares = [
        {"setting": name, "of": f"variance of {measure}", "unit": "%", "value": 100 * one.value,
         "low": 100 * one.interval.low, "high": 100 * one.interval.high}
        for measure, found in worth.shares.items()
        for name, one in zip(worth.paths, found, strict=True)
    ]  # fmt: skip
    bought = [
        {"setting": worth.paths[place], "of": f"doubling of {cost}", "unit": "points",
         "value": float(rates.values[one]), "low": rates.interval(one).low, "high": rates.interval(one).high}
        for cost, rates in worth.rates.items()
        for one, place in enumerate(rates.settings)
    ]  # fmt: skip
    return pd.DataFrame([*shares, *bought], columns=["setting", "of", "unit", "value", "low", "high"])
