"""Families at an equal budget in words."""

from __future__ import annotations

from suite.report import families, phrases
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison
from suite.report.families import Families
from suite.report.language import say


def told(comparison: Comparison, sure: Certainty | None) -> list[str]:
    """Say which family's front is larger with as many trials, and how far short trainings agreed with long ones."""
    return told_of(comparison, families.of(comparison, sure))


def told_of(comparison: Comparison, found: Families | None) -> list[str]:
    """Say the same of families that are known already."""
    return [*([_larger(found)] if found else []), *_agreed(comparison)]


def _larger(found: Families) -> str:
    ranked = sorted(found.hypervolumes.items(), key=lambda each: -each[1].value)
    each = [
        say(
            "{family} {share:.0f} % (95 % interval {low:.0f} to {high:.0f})",
            family=kind, share=100 * one.value, low=100 * one.interval.low, high=100 * one.interval.high,
        )
        for kind, one in ranked
    ]  # fmt: skip
    (first, best), (_, second) = ranked[:2]
    said = say(
        "With {count:,} trials each, of the box of accuracy and {cost} the fronts dominate: {each}.",
        count=found.count, cost=phrases.word(found.cost.measure), each=phrases.listed(each),
    )  # fmt: skip
    if best.interval.low > second.interval.high:
        return f"{said} {say('{family} is ahead.', family=first)}"
    return f"{said} {say('Which of the first two is ahead is not known.')}"


def _agreed(comparison: Comparison) -> list[str]:
    return [
        say(
            "After {rung}, the ranking of {trials:,} trials agreed with that at their end by a Kendall's tau of "
            "{tau:.2f} (95 % interval {low:.2f} to {high:.2f}; 1 is the same ranking, 0 no relation).",
            rung=say("epoch {number}", number=rung) if rung else say("the probe"),
            trials=found.trials, tau=found.tau, low=interval.low, high=interval.high,
        )
        for rung, found, interval in families.agreements(comparison)
    ]  # fmt: skip
