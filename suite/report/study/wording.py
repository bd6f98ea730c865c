"""The words of the page: titles, captions and the sentences at its head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from suite.core import seen
from suite.core.measures import formatted, interval
from suite.core.study import Constraint, Objective
from suite.core.trial import NEW_START, State
from suite.report.comparison import Comparison
from suite.report.entries import Entry
from suite.report.language import localised, many, say
from suite.report.phrases import amount, limit, listed, meaning, title, word
from suite.report.study.plane import Plane
from suite.statistics.intervals import wilson


def front_title(quality: Objective, cost: Objective, place: str) -> str:
    """Return the heading of a front."""
    against = say("{quality} against {cost}", quality=word(quality.measure).capitalize(), cost=word(cost.measure))
    return say("{title} on {place}", title=against, place=place) if place else against


def front_caption(plane: Plane, beyond: Sequence[Constraint], *, outside: int = 0, is_sure: bool = False) -> list[str]:
    """Say how to read a front, in sentences; some candidates may be `outside`, and accuracies have intervals."""
    quality, cost = word(plane.quality.measure), word(plane.cost.measure)
    sentences = [
        say("Up and to the left is better."),
        say("The thick steps are the front: the best {quality} that {cost} can buy here.", quality=quality, cost=cost),
        _each_front(plane),
        say("Large marks are on the front."),
        say("Pale ones are dominated: another is at least as good in both and better in one."),
        _knee_caption(plane),
        _interval(plane),
        say("An upright bar is the 95 % interval of an accuracy (Wilson).") if is_sure else "",
        _starts_caption(plane),
        say("Crosses were trained but break a constraint.") if plane.broken else "",
        say("The {cost} axis is logarithmic.", cost=cost) if plane.log else "",
        many(outside, "{number:,} candidate is outside the axes.", "{number:,} candidates are outside the axes.")
        if outside
        else "",
        _not_drawn(beyond),
        f"{title(plane.cost.measure)}: {meaning(plane.cost.measure).replace('`', '')}.",
    ]
    return [sentence for sentence in sentences if sentence]


def _each_front(plane: Plane) -> str:
    if len(set(map(plane.comparison.kind, plane.entries))) < 2:
        return ""
    if len(plane.comparison.names) > 1:
        return say("Thin steps are the front of each run alone.")
    return say("Thin steps are the front of each family alone.")


def _not_drawn(beyond: Sequence[Constraint]) -> str:
    return say("Not drawn, because far outside: {limits}.", limits=listed(list(map(limit, beyond)))) if beyond else ""


def _starts_caption(plane: Plane) -> str:
    """Say which candidates begin with weights of another training, and on which."""
    known = sorted({entry.trial.start for entry in plane.entries} - {NEW_START})
    if not known:
        return ""
    told = say("A dot marks what is frozen, a plus what is tuned ({starts}).", starts=listed(known))
    new = any(entry.trial.start == NEW_START for entry in plane.entries)
    return f"{told} {say('The others are trained from scratch.')}" if new else told


def _knee_caption(plane: Plane) -> str:
    if not plane.knee:
        return ""
    quality = word(plane.quality.measure)
    return say(
        "The ring marks the knee, {name}: beyond it, {quality} gets ever dearer.", name=plane.knee.name, quality=quality
    )


def _interval(plane: Plane) -> str:
    """Explain bars and hollow marks, and what they mean for the front."""
    bars = any(
        low < high
        for entry in plane.entries
        for low, high in (interval(entry.trial.measures, objective.measure) for objective in plane.pair)
    )
    if not bars:
        return ""
    told = say("A bar is the 95 % interval of a value. Two values count as equal when their intervals overlap.")
    if all(plane.is_stable(entry) for entry in plane.entries):
        return told
    return f"{told} {say('A hollow mark is unstable: its interval is wider than 3 % to either side.')}"


def states(entries: Sequence[Entry]) -> str:
    """Return `120 candidates: 80 trained, 30 refused before training, 10 failed`."""
    gone_on = {(entry.run, entry.trial.continues) for entry in entries if entry.trial.state != "interrupted"}
    counts = Counter(entry.trial.state for entry in entries if (entry.run, entry.trial.number) not in gone_on)
    parts = [_of_state(state, counts[state]) for state in STATES if counts[state]]
    if not parts:
        return say("No candidate yet")
    total = counts.total()
    said = ", ".join(parts)
    return many(total, "{number:,} candidate: {states}", "{number:,} candidates: {states}", states=said)


STATES: tuple[State, ...] = ("complete", "paused", "refused", "dropped", "failed", "interrupted", "running")


def _of_state(state: State, number: int) -> str:
    said: dict[State, str] = {
        "complete": say("{number:,} trained", number=number),
        "paused": say("{number:,} paused before their last epoch", number=number),
        "refused": say("{number:,} refused before training", number=number),
        "dropped": say("{number:,} dropped before training", number=number),
        "failed": say("{number:,} failed", number=number),
        "interrupted": say("{number:,} interrupted", number=number),
        "running": say("{number:,} still running", number=number),
    }
    return said[state]


def headlines(comparison: Comparison, planes: Sequence[Plane]) -> list[str]:
    """Return the sentences for a reader in a hurry."""
    sentences = [f"{states(comparison.entries)}."]
    if not planes:
        return [*sentences, nothing(comparison)]
    plane = planes[0]
    sentences += [_knee(plane), _front(comparison)]
    return [sentence for sentence in sentences if sentence]


def nothing(comparison: Comparison) -> str:
    """Say why there is no front."""
    complete = sum(entry.trial.state == "complete" for entry in comparison.entries)
    if comparison.candidates:
        return say("No trained candidate has both an accuracy and a cost, so there is no front to show.")
    if complete:
        return many(
            complete,
            "The only trained candidate breaks a constraint, so there is no front to show.",
            "All {number:,} trained candidates break a constraint, so there is no front to show.",
        )
    return say("No candidate has been trained to its end yet, so there is no front to show.")


def images(comparison: Comparison) -> int | None:
    """Return the number of validation images, None if no trial says it."""
    known = (seen.images(entry.trial.surroundings, "validation") for entry in comparison.candidates)
    return next(known, None)


def uncertainty(comparison: Comparison) -> str:
    """Say how far the accuracies can be trusted; empty if the number of validation images is unknown."""
    total, measure = images(comparison), comparison.quality.measure
    values = [e.trial.measures[measure] for e in comparison.candidates if measure in e.trial.measures]
    if not total or not values or measure not in ("accuracy", "top5"):
        return ""
    low, high = (100 * end for end in wilson(max(values) / 100, total))
    return say(
        "Accuracies are shares of {total:,} validation images: one image is {one:.2g} points, and the 95 % interval of "
        "{best:.2f} % is {low:.1f} to {high:.1f} % (Wilson). The search used these images, so the best of many "
        "candidates looks better on them than on new images.",
        total=total, one=100 / total, best=max(values), low=low, high=high,
    )  # fmt: skip


def baseline(comparison: Comparison) -> str:
    """Say what accuracies are worth beside always naming the largest class; empty if no trial says it."""
    known = seen.baseline(entry.trial for entry in comparison.candidates)
    if not known:
        return ""
    share, largest = known
    return say(seen.TO_BEAT, share=share, largest=largest)


def _knee(plane: Plane) -> str:
    if not plane.knee:
        return ""
    knee, dearest = plane.knee, plane.front[-1]
    return say(
        "The knee is {name}: {quality}, {less:.2f} points less than {dearest}, the dearest on the front, for "
        "{share:.0f} % of its {cost} ({value}).",
        name=knee.name, quality=localised(formatted(plane.quality.measure, plane.y(knee))),
        less=plane.y(dearest) - plane.y(knee), dearest=dearest.name, share=100 * plane.x(knee) / plane.x(dearest),
        cost=word(plane.cost.measure), value=amount(plane.cost.measure, plane.x(knee)),
    )  # fmt: skip


def _front(comparison: Comparison) -> str:
    if len(comparison.kinds) < 2:
        return ""
    counts = Counter(map(comparison.kind, comparison.front))
    shares = [say("{number:,} of {kind}", number=counts[kind], kind=kind) for kind in comparison.kinds if counts[kind]]
    without = [kind for kind in comparison.kinds if not counts[kind]]
    wanted = {
        "measures": listed([word(objective.measure) for objective in comparison.objectives]),
        "shares": listed(shares),
    }
    told = (
        say("On the front of all runs together in {measures}: {shares}.", **wanted)
        if len(comparison.names) > 1
        else say("On the front of all families together in {measures}: {shares}.", **wanted)
    )
    return f"{told} {say('Nothing of {kinds} is on it.', kinds=listed(without))}" if without else told


def cut(comparison: Comparison) -> str:
    """Name the trials that ran out of their study's hours; empty if none did."""
    found = [
        say("{name} after {done} of {epochs} epochs", name=e.name, done=e.trial.until, epochs=e.study.fidelity.epochs)
        for e in comparison.entries
        if e.trial.is_cut and e.study
    ]
    if not found:
        return ""
    return say("Not trained to the end, because the budget's hours were over: {trials}.", trials=listed(found))


def places(comparison: Comparison) -> str:
    """Say that networks were measured in several places; empty if there was one."""
    if len(comparison.places) < 2:
        return ""
    return say(
        "Networks were measured in {number} places ({places}). Values that depend on the device are not compared "
        "across them: each place has its own figure, front and ranks.",
        number=len(comparison.places), places="; ".join(comparison.places),
    )  # fmt: skip
