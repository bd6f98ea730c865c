"""Do our tables say what torchvision and timm say of their weights?"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from suite.architectures.offers import table
from tests.oracle.tables import of_timm, of_torchvision

RATED = ("top1", "size", "megabytes")  # of timm's table of results, which is in no package


@pytest.mark.parametrize(("library", "rows", "but"), [("timm", of_timm, RATED), ("torchvision", of_torchvision, ())])
def test_a_table_is_up_to_date(
    library: str, rows: Callable[[], Iterator[dict[str, Any]]], but: tuple[str, ...]
) -> None:
    with table(library).open(encoding="utf-8", newline="") as lines:
        written = [{key: text for key, text in row.items() if key not in but} for row in csv.DictReader(lines)]
    assert written == [{key: str(row.get(key, "")) for key in written[0]} for row in rows()]
