"""Where the depot of a run is: `depot.url` in its folder, and in the database of its study for those who join.

A run has a folder of its own in the place that is named: `s3://suite/resnet-3fa9c1d2` for the study `resnet`. The
letters at its end are the study's in its database: two studies of one name never meet.
"""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

from suite.core import files
from suite.core.errors import DepotError, StoreError, first_line, without_password
from suite.depot import Depot
from suite.depot.place import Place, whole
from suite.search.store import Store

FILE = "depot.url"
VARIABLE = "SUITE_DEPOT"  # in the environment: the place for runs that have none yet
SIGN = "study.toml"  # lies in every run's folder in a depot


def depot(home: Path) -> Depot:
    """Return the depot of the run in a folder."""
    return Depot(home, _kept(home))


def settled(store: Store, asked: str | None) -> Depot:
    """Return the depot of a run in the place that is `asked` for; else its own, that of its study, or VARIABLE's.

    Raises DepotError when the place cannot be used, or does not hold what the study has there already, StoreError when
    its address cannot be kept.
    """
    kept, known = _kept(store.folder), store.shared()
    if kept and not asked:
        return Depot(store.folder, kept)
    named = asked or (known["url"] if known else os.environ.get(VARIABLE))
    if not named:
        return Depot(store.folder, None)
    url = _joined(store, named, known["id"]) if known else _begun(store, named)
    if url != kept:
        files.write(store.folder / FILE, url, private=True)
    return Depot(store.folder, url)


def _joined(store: Store, named: str, id: str) -> str:
    """Return the address of a depot that the study has already."""
    url = _address(store, named, id)
    if url != _kept(store.folder) and not Place(url).has(SIGN):
        there = store.shared() or {}
        raise DepotError(
            f"{without_password(named)}: the files of this study are not there: they are in {there.get('url')}. Name "
            "with --depot how this machine reaches that place."
        )
    return url


def _begun(store: Store, named: str) -> str:
    """Return the address of a new depot. If another machine has made one meanwhile, its name there is the study's."""
    id = uuid.uuid4().hex[:8]
    place = Place(_address(store, named, id))
    place.make()
    place.put(store.folder / SIGN, SIGN)
    settled = store.share(id, without_password(whole(named)))
    if settled != id:
        place.remove(SIGN)
        return _joined(store, named, settled)
    return place.url


def _address(store: Store, named: str, id: str) -> str:
    name = re.sub(r"[^\w.-]", "-", store.study.name)
    return f"{whole(named)}/{name}-{id}"


def _kept(home: Path) -> str | None:
    file = home / FILE
    try:
        return file.read_text(encoding="utf-8").strip() if file.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{file}: cannot be read ({first_line(error)}). It holds the URL of the depot.") from error
