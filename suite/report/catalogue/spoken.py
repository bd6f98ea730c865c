"""The page's words for what the catalogue tells apart: lines of descent, kinds of accuracy, states of measurements."""

from __future__ import annotations

from suite.core.cells import FAILED, NO_MEMORY, STABLE, TOO_SLOW, UNSTABLE
from suite.report.catalogue.network import COMPARABLE, OTHER_SIZE, OTHERWISE, OWN
from suite.report.language import say

UNMEASURED = "not measured"


def line(name: str) -> str:
    """Return the name of a line of descent: a key of LINES, or OWN."""
    return {
        "plain": say("plain"),
        "Inception": say("Inception"),
        "residual": say("residual"),
        "MobileNet": say("MobileNet"),
        "searched and scaled": say("searched and scaled"),
        "attention": say("attention"),
        OWN: say("your own"),
    }[name]


def kind(name: str) -> str:
    """Return the name of a kind of accuracy: one of KINDS."""
    return {
        COMPARABLE: say("one crop, ImageNet-1k only"),
        OTHERWISE: say("several crops or more data"),
        OTHER_SIZE: say("cited at another size"),
    }[name]


def state(name: str) -> str:
    """Return the name of a state: one of STATES, or UNMEASURED."""
    return {
        STABLE: say("stable"),
        UNSTABLE: say("unstable"),
        NO_MEMORY: say("out of memory"),
        TOO_SLOW: say("too slow"),
        FAILED: say("failed"),
        UNMEASURED: say("not measured"),
    }[name]
