"""Pictures of the report as people see it, for whoever changes it to look at.

python -m tests.screenshots [FOLDER]        build/screenshots/*.png
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.report import runs as made_up
from suite import pipeline
from suite.report.language import spoken
from suite.report.study import page
from tests.browser import opened
from tests.report_runs import families, on_other_pictures

WIDE, PHONE, PAPER = (1280, 900), (390, 844), (794, 1123)  # pixels
SELECTED = "#in.latency=0.15~0.4&in.accuracy=92~100"
VIEWS: Mapping[str, tuple[str, tuple[int, int], str, Mapping[str, Any]]] = {  # page, window, view, context
    "wide": ("few", WIDE, "", {}),
    "limited": ("few", WIDE, "#limit.latency=0.3&limit.parameters=100000", {}),
    "selected": ("few", WIDE, SELECTED, {}),
    "axes": ("few", WIDE, "#x=space.depths&y=accuracy&hide=kind:alexnet", {}),
    "trial": ("few", WIDE, "#trial=resnet/7", {}),
    "dark": ("few", WIDE, "", {"color_scheme": "dark"}),
    "phone": ("few", PHONE, "", {}),
    "phone-trial": ("few", PHONE, "#trial=resnet/7", {}),
    "phone-dark": ("few", PHONE, SELECTED, {"color_scheme": "dark"}),
    "russian": ("russian", WIDE, "", {}),
    "many": ("many", WIDE, "", {}),
    "many-selected": ("many", WIDE, "#in.latency=0.3~1&in.accuracy=95~100", {}),
    "beside": ("beside", WIDE, "", {}),
    "beside-one": ("beside", WIDE, "#set=flowers", {}),
    "beside-phone": ("beside", PHONE, "", {}),
    "printed": ("few", PAPER, "", {}),
    "networks": ("networks", WIDE, "", {}),
    "networks-limited": ("networks", WIDE, "#limit.latency=50&limit.peak_memory=300", {}),
    "networks-years": ("networks", WIDE, "#x=network.year&y=accuracy", {}),
    "networks-row": ("networks", WIDE, "#trial=efficientnet/b0 batch 1", {}),
    "networks-phone": ("networks", PHONE, "", {}),
    "networks-phone-dark": ("networks", PHONE, "#trial=efficientnet/b0 batch 1", {"color_scheme": "dark"}),
    "networks-russian": ("networks-russian", WIDE, "", {}),
    "networks-russian-phone": ("networks-russian", PHONE, "", {}),
    "networks-printed": ("networks", PAPER, "", {}),
}
MEASURED = Path(__file__).parents[1] / "reports/field-amd-epyc-1-thread-tensorflow-2.21/measured.csv"


def take(folder: Path) -> list[Path]:
    """Write a picture of each view into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as spare:
        pages = _pages(Path(spare))
        return [_picture(folder / f"{name}.png", pages, *view) for name, view in VIEWS.items()]


def _pages(folder: Path) -> dict[str, Path]:
    few = families(60)
    pages = {
        "few": page.write(few, folder / "few"),
        "many": page.write(made_up(5_000), folder / "many"),
        "beside": page.write([*few, *map(on_other_pictures, few)], folder / "beside"),
        "networks": pipeline.catalogue([MEASURED], folder / "networks"),
    }
    with spoken("ru"):
        return {
            **pages,
            "russian": page.write(few, folder / "russian"),
            "networks-russian": pipeline.catalogue([MEASURED], folder / "networks-russian"),
        }


def _picture(
    file: Path, pages: Mapping[str, Path], which: str, window: tuple[int, int], view: str, context: Mapping[str, Any]
) -> Path:
    with opened(pages[which], *window, **context) as seen:
        seen.again(view)
        if file.stem.endswith("printed"):
            seen.page.emulate_media(media="print")
            seen.do("dispatchEvent(new Event('beforeprint'))")
        seen.do("0")
        seen.page.screenshot(path=file, full_page="trial=" not in view)
    return file


if __name__ == "__main__":
    for written in take(Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")):
        print(written)
