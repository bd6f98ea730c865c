"""A recommendation in words: what to take and why, what its neighbours cost and gain, and what would make it surer."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from pathlib import Path

from suite.core import limits
from suite.core.measures import MEASURES
from suite.core.study import Constraint
from suite.core.trial import Run
from suite.report import certainty, confirmation, phrases
from suite.report.confirmation import Confirmation
from suite.report.entries import Entry
from suite.report.language import localised, many, say
from suite.report.recommendation import Recommendation
from suite.statistics import gaps, seeds
from suite.statistics.seeds import fewest

MEASURABLE = 10_000_000  # pictures: a difference that takes more of them is none


def told(found: Recommendation) -> list[str]:
    """Say what to take, how sure that is, what its neighbours cost, and what would make it surer."""
    expected = certainty.told(found.within) if found.within else []
    said = [_taken(found), *expected, _front_share(found), _confirmed(found), *_neighbours(found), _surer(found)]
    return [sentence for sentence in [*said, _export(found)] if sentence]


def _taken(found: Recommendation) -> str:
    quality, known = found.comparison.quality.measure, found.taken.trial.measures
    named = [found.cost, *(one for one in found.comparison.objectives if MEASURES[one.measure].is_cost)]
    costs = dict.fromkeys(one.measure for one in named if one and one.measure in known)
    return say(
        "Take {name} ({values}): the best {quality} {of}{within}.",
        name=found.taken.name,
        values=", ".join(
            [phrases.amount(quality, known[quality]), *(phrases.amount(cost, known[cost]) for cost in costs)]
        ),
        quality=phrases.word(quality),
        of=many(len(found.among), "of the only candidate", "of {number:,} candidates"),
        within=_within(found),
    )


def _within(found: Recommendation) -> str:
    if not found.limits:
        return ""
    limit = ", ".join(map(phrases.limit, found.limits))
    standing = limits.worst(found.taken.trial.measures, found.limits)
    if standing == "surely":
        return say(" within {limits}, surely", limits=limit)
    return say(" within {limits}, by the median only", limits=limit)


def _front_share(found: Recommendation) -> str:
    share = found.sure.on_front.get(found.taken.name) if found.sure and found.within else None
    if share is None:
        return ""
    return say("It is on the front in {share:.0f} % of the resamples of these pictures.", share=100 * share)


def _neighbours(found: Recommendation) -> list[str]:
    said = []
    if found.smaller:
        said.append(say("The next smaller on the front: {neighbour}.", neighbour=_beside(found, found.smaller)))
    if found.larger:
        outside = any(limits.standing(found.larger.trial.measures, one) == "missed" for one in _known(found))
        neighbour = _beside(found, found.larger)
        said.append(
            say("The next larger, beyond the limits: {neighbour}.", neighbour=neighbour)
            if outside
            else say("The next larger on the front: {neighbour}.", neighbour=neighbour)
        )
    return said


def _known(found: Recommendation) -> list[Constraint]:
    assert found.larger
    return [limit for limit in found.limits if limit.measure in found.larger.trial.measures]


def _beside(found: Recommendation, other: Entry) -> str:
    """Return what a neighbour costs and gains beside the candidate that is taken."""
    assert found.cost
    return say(
        "{name} takes {price} ({ratio}) and has {difference}",
        name=other.name,
        price=phrases.amount(found.cost.measure, found.price(other)),
        ratio=_ratio(found.price(other), found.price(found.taken)),
        difference=_difference(found, other),
    )


def _ratio(value: float, beside: float) -> str:
    if not beside or value / beside >= 2:
        return say("{times:.3g} times as much", times=value / beside if beside else math.inf)
    if value > beside:
        return say("{share} % more", share=_rounded_share(value / beside - 1))
    return say("{share} % less", share=_rounded_share(1 - value / beside))


def _rounded_share(share: float) -> str:
    """Return a share in percent: `35`, `0.18`."""
    return localised(f"{100 * share:.0f}" if share >= 0.01 else f"{100 * share:.2g}")


def _difference(found: Recommendation, other: Entry) -> str:
    apart, seen = found.gap(other, found.taken), found.quality(other) - found.quality(found.taken)
    points = MEASURES[found.comparison.quality.measure].unit == "%"
    said = (
        say("{points} points", points=localised(f"{abs(seen):.{1 if abs(seen) >= 0.05 else 2}f}"))
        if points
        else phrases.amount(found.comparison.quality.measure, abs(seen))
    )
    if apart is None:
        return say("{amount} more", amount=said) if seen > 0 else say("{amount} less", amount=said)
    low, high = sorted(100 * end * (1 if seen > 0 else -1) for end in apart.interval)
    chance = "" if apart.is_sure else say(", which may be chance")
    if seen > 0:
        return say(
            "{amount} more (95 % interval {low:.1f} to {high:.1f}){chance}",
            amount=said, low=low, high=high, chance=chance,
        )  # fmt: skip
    return say(
        "{amount} less (95 % interval {low:.1f} to {high:.1f}){chance}",
        amount=said, low=low, high=high, chance=chance,
    )  # fmt: skip


def _surer(found: Recommendation) -> str:
    """Say what would tell the candidate from its rival, or what other seeds have told already."""
    if found.rival is None or found.within is None:
        return ""
    known = _confirmation(found, [found.taken, found.rival])
    if known and known.seeds >= fewest(1):
        return _again(known)
    again = say(
        "`{command}` trains both again with {fewest} seeds, the fewest that can tell. {seeds} seeds find a network "
        "that is better three times in four",
        command=_confirm(found, [found.taken, found.rival]),
        fewest=fewest(1),
        seeds=gaps.trainings_needed(),
    )
    answers = [found.within.answers(one) for one in (found.taken, found.rival)]
    needed = gaps.pictures_needed(*answers)  # type: ignore[arg-type]
    if needed > MEASURABLE:
        return say("{rival} is as good on these pictures. {again}.", rival=found.rival.name, again=again)
    return say(
        "To tell it from {rival} takes about {needed:,} validation pictures, and there are {pictures:,}. {again}.",
        rival=found.rival.name, needed=_rounded(needed), pictures=found.within.pictures, again=again,
    )  # fmt: skip


def _again(known: Confirmation) -> str:
    """Say which of two networks is better with other seeds."""
    best, other = known.rows()
    return say(
        "Trained again with {seeds} seeds, {other} is {behind:.1f} points behind {best} on the test pictures (95 % "
        "interval {low:.1f} to {high:.1f}): {verdict}.",
        seeds=known.seeds, other=other["trial"], best=best["trial"], behind=other["behind"], low=other["behind_low"],
        high=other["behind_high"], verdict=other["verdict"],
    )  # fmt: skip


def _rounded(count: float) -> int:
    """Return a number of pictures with two digits: more nobody knows."""
    return int(float(f"{count:.2g}"))


def _confirmed(found: Recommendation) -> str:
    """Say what the candidate has right of the test pictures, if it was trained again."""
    known = _confirmation(found, [found.taken])
    if known is None:
        return ""
    told = confirmation.percent("share", known.means[0])
    said = many(
        known.seeds,
        "Trained again with one seed, it has {share:.1f} % of the test pictures right (95 % interval {low:.1f} to "
        "{high:.1f}).",
        "Trained again with {number} seeds, it has {share:.1f} % of the test pictures right (95 % interval {low:.1f} "
        "to {high:.1f}).",
        **told,
    )
    by_text = known.by_text[0]
    if by_text is None:
        return said
    alone = say(
        "By the texts of their classes alone it tells {share:.1f} % of them (95 % interval {low:.1f} to {high:.1f}).",
        **confirmation.percent("share", seeds.share(by_text)),
    )
    return f"{said} {alone}"


def _confirmation(found: Recommendation, entries: Sequence[Entry]) -> Confirmation | None:
    return confirmation.of(found.comparison, entries, confirmation.seeds_of(found.comparison, entries))


def _export(found: Recommendation) -> str:
    run = found.comparison.run_of(found.taken)
    if run is None:
        return ""  # of a table
    format = f" --format {run.in_format}" if run.in_format else ""
    command = f"suite export {called(run)} {found.taken.trial.number} exports{format}"
    return say("`{command}` exports it.", command=command)


def _confirm(found: Recommendation, entries: Sequence[Entry]) -> str:
    """Return the command that trains networks again."""
    runs = {run.folder: run for entry in entries if (run := found.comparison.run_of(entry))}
    names = [str(entry.trial.number) if len(runs) == 1 else shlex.quote(entry.name) for entry in entries]
    return " ".join(["suite confirm", *map(called, runs.values()), *(f"--trial {name}" for name in names)])


def called(run: Run) -> str:
    """Return what a command calls a run: its name in the folder `runs`, else the path of its folder."""
    return shlex.quote(run.home.name if run.home.parent == Path("runs") else str(run.home))
