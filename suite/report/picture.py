"""A figure of the report: drawn once, written as PNG, SVG and PDF, and laid into the page in its colours."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath
from matplotlib.ticker import FuncFormatter, ScalarFormatter

from suite.report.language import ENGLISH, current, localised

_DPI = 160  # of PNG files, and of the parts of an SVG that are pixels
_WIDE, _TALL = 7.0, 9.0  # inches
_INCH = 115  # most pixels of one on a page
STARTS = {"frozen": ".", "tuned": "+"}  # marks upon the marks of candidates with weights of another training
INK, MUTED, PALE, GRID, PAPER = "#1f2328", "#6a737d", "#aab2bb", "#e4e8ec", "#ffffff"
# Okabe and Ito's colours, told apart by people with any kind of colour blindness (https://jfly.uni-koeln.de/color/),
# without black and yellow. Shapes say the same again, for print in grey.
FAMILY_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")

_ROLES = {INK: "ink", MUTED: "muted", PALE: "pale", GRID: "grid", PAPER: "paper"} | {
    colour: f"family-{index}" for index, colour in enumerate(FAMILY_COLOURS)
}
_STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a name may have dollars
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,  # TrueType: what a publisher can read and search
    "path.simplify": True,
}
_LETTERS = TextToPath()
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", _XLINK)


class Drawing(Figure):
    """A figure that is written in our style, wherever from, and that a notebook displays."""

    def savefig(self, *args: Any, **options: Any) -> None:
        """Write the figure; the arguments are Matplotlib's."""
        with style("figure"):
            super().savefig(*args, **options)

    def _repr_png_(self) -> bytes:
        """Return the figure as a PNG file, for a notebook."""
        drawn = io.BytesIO()
        self.savefig(drawn, format="png")
        return drawn.getvalue()


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One figure with its title, its caption and its numbers."""

    name: str  # stem of its files
    title: str
    caption: str
    figure: Figure
    table: pd.DataFrame
    marks: Mapping[str, Sequence[str]] = field(default_factory=dict)  # gid of a line -> trial of each of its markers
    listing: Sequence[Sequence[str]] = ()  # the same as a table for the page, headings first; may be empty

    @property
    def is_wide(self) -> bool:
        """Whether it takes the whole width of a page."""
        return bool(self.figure.get_size_inches()[0] > _WIDE)

    @property
    def is_tall(self) -> bool:
        """Whether it is higher than a screen."""
        return bool(self.figure.get_size_inches()[1] > _TALL)

    def save(self, folder: Path) -> str:
        """Write NAME.csv, NAME.png, NAME.svg and NAME.pdf; return the SVG for the inside of a page.

        The same figure gives the same files.
        """
        self.table.to_csv(folder / f"{self.name}.csv", index=False)
        path = folder / f"{self.name}.svg"
        with style(self.name):
            _localise(self.figure)
            FigureCanvasAgg(self.figure).print_png(folder / f"{self.name}.png")
            FigureCanvasSVG(self.figure).print_svg(path, metadata={"Date": None})
            FigureCanvasPdf(self.figure).print_pdf(folder / f"{self.name}.pdf", metadata={"CreationDate": None})
        return self._inline(path.read_text(encoding="utf-8"))

    def _inline(self, svg: str) -> str:
        """Return an SVG for the page: colours by role, a trial's name on each marker, no metadata.

        It is as wide as the page lets it, but its letters are not larger than those of other figures.
        """
        root = ElementTree.fromstring(svg)
        for metadata in root.findall(f"{{{_SVG}}}metadata"):
            root.remove(metadata)
        for group in root.iter(f"{{{_SVG}}}g"):
            if group.get("id") in self.marks:
                _name(group, self.marks[group.get("id", "")])
        _drop_unused_ids(root)
        for key in ("width", "height"):
            root.attrib.pop(key, None)
        root.set("style", f"max-width: {_INCH * self.figure.get_size_inches()[0]:.0f}px")
        root.set("role", "img")
        root.set("aria-label", self.title)
        return _themed(ElementTree.tostring(root, encoding="unicode"))


@contextmanager
def style(salt: str) -> Iterator[None]:
    """The settings under which figures are drawn and written; `salt` makes an SVG's identifiers unique."""
    with warnings.catch_warnings(), matplotlib.rc_context(_STYLE | {"svg.hashsalt": salt}):
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a name in a script that the font lacks
        yield


def new(width: float = 6.4, height: float = 4.3) -> tuple[Figure, Axes]:
    """A figure of `width` x `height` inches with one pair of axes. Call this, and draw, within `style`."""
    figure = grid(width, height)
    return figure, figure.add_subplot()


def grid(width: float, height: float, rows: int = 1, words: float = 0.0, head: float = 0.0) -> Figure:
    """An empty figure of `width` x `height` inches for one or several panels, in `rows`.

    Below each panel stand `words`, and above all a `head`, inches high, for which the figure grows. Its margins are
    fixed: to find them, matplotlib would have to draw each figure three times.
    """
    whole = height + rows * words + head
    figure = Drawing(figsize=(width, whole), dpi=_DPI)
    inches = {
        "left": 0.74 / width,
        "right": 1 - 0.12 / width,
        "bottom": (0.5 + words) / whole,
        "top": 1 - (0.34 + head) / whole,
    }
    panel = (height - 0.84) / (rows + 0.42 * (rows - 1))  # inches high, as without words
    figure.subplots_adjust(**inches, wspace=0.2, hspace=0.42 + words / panel)
    return figure


def size(text: str, points: float) -> tuple[float, float]:
    """Return width and height of a line of text, in points, if its letters have so many."""
    width, height, _ = _LETTERS.get_text_width_height_descent(
        text, FontProperties(family="DejaVu Sans", size=points), False
    )
    return float(width), float(height)


def colour(index: int) -> str:
    """Colour of the run at `index`; the seventh has the first colour again, with another shape."""
    return FAMILY_COLOURS[index % len(FAMILY_COLOURS)]


def shape(index: int) -> str:
    """Marker of the run at `index`."""
    return SHAPES[index % len(SHAPES)]


def _localise(figure: Figure) -> None:
    """Write the numbers at the axes as the language of the page does, where Matplotlib would: 92,5."""
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if current() != ENGLISH and isinstance(axis.get_major_formatter(), ScalarFormatter):
            axis.set_major_formatter(FuncFormatter(lambda value, _: localised(f"{value:g}")))


def _name(group: ElementTree.Element, names: Sequence[str]) -> None:
    """Write the trial's name on each marker, and their shared style once, on the group."""
    for parent in group.iter(f"{{{_SVG}}}g"):
        uses = parent.findall(f"{{{_SVG}}}use")
        if uses:
            parent.set("style", uses[0].get("style", ""))
            parent.set("class", "trials")
        for use, name in zip(uses, names, strict=False):
            use.attrib.pop("style", None)
            use.set("data-trial", name)
            use.set("x", f"{float(use.get('x', 0)):.1f}")
            use.set("y", f"{float(use.get('y', 0)):.1f}")


def _drop_unused_ids(root: ElementTree.Element) -> None:
    """Drop unused identifiers: several figures on one page would repeat names such as `axes_1`."""
    used = set(re.findall(r"#([\w.-]+)", " ".join(value for e in root.iter() for value in e.attrib.values())))
    for element in root.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)


def _themed(svg: str) -> str:
    """Replace each of our colours by the page's variable for its role."""
    for hexadecimal, role in _ROLES.items():
        svg = svg.replace(hexadecimal, f"var(--{role})")
    return svg
