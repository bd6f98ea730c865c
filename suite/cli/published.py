"""What `suite weights` lists: the weights that are published for our networks, without TensorFlow."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any

from suite import architectures
from suite.architectures.offers import Offer, offers
from suite.core.errors import ArchitectureError, StudyError, did_you_mean
from suite.core.study import split

COLUMNS = (
    "name", "weights", "top1", "size", "here", "megabytes", "licence", "resolution", "classes", "source", "place",
    "file",
)  # fmt: skip
SPARE = ("file", "place", "source", "classes", "resolution", "size", "licence", "megabytes")  # on a narrow terminal
APART = "family"


def chosen(names: Sequence[str], *, first: bool) -> list[Offer]:
    """Return the offers that are named, all without a name; of a network only the `first` if so.

    Raises ArchitectureError for a name that is neither a network nor weights, StudyError if nothing is named to fetch.
    """
    if first and not names:
        raise StudyError("name what to fetch: `suite weights` lists what there is")
    found: dict[tuple[str, str], Offer] = {}
    for name in names or ("*",):
        for offer in _named(name, first=first):
            found.setdefault((offer.name, offer.wanted), offer)
    return list(found.values())


def rows(names: Sequence[str], chosen: Sequence[Offer]) -> list[dict[str, Any]]:
    """Return the rows of the offers, and one for each named network without any."""
    without = [name for name in _networks(names) if not offers(name)]
    return sorted(
        [*map(_row, chosen), *({"name": name, "family": split(name)[0]} for name in without)],
        key=lambda row: architectures.FAMILIES.index(row["family"]),
    )


def _named(name: str, *, first: bool) -> list[Offer]:
    networks = _networks([name])
    if networks:
        return [offer for network in networks for offer in offers(network)[: 1 if first else None]]
    known = [offer for network in architectures.recorded() for offer in offers(network)]
    found = [offer for offer in known if fnmatch.fnmatchcase(offer.wanted, name)]
    if not found:
        words = [*architectures.recorded(), *(offer.wanted for offer in known)]
        hint = did_you_mean(name, words) or " `suite weights` lists them all."
        raise ArchitectureError(f"no network and no weights '{name}'.{hint}")
    return found


def _networks(names: Sequence[str]) -> list[str]:
    """Return the networks of papers that are named."""
    known = [network.name for network in architectures.recorded().values() if not network.tiny]
    return [one for one in known if any(fnmatch.fnmatchcase(one, name) for name in names or ("*",))]


def _row(offer: Offer) -> dict[str, Any]:
    file = offer.file
    return {
        "name": offer.name, "family": split(offer.name)[0], "weights": offer.wanted, "top1": offer.top1,
        "size": offer.size, "here": "yes" if file else "no", "megabytes": offer.megabytes,
        "licence": offer.licence or None, "resolution": offer.preprocessing.resolution, "classes": offer.classes,
        "source": offer.source or None, "place": offer.place, "file": str(file) if file else None,
    }  # fmt: skip
