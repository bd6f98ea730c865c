"""What a notebook displays of runs: one piece of markup, with its figure inside."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

from matplotlib.figure import Figure

from suite.core.measures import MEASURES, written
from suite.report.shown import Shown

WIDTH = 560  # pixels of the figure
LONGEST = 20  # most rows of the front that are displayed


def markup(title: str, sentences: Sequence[str], front: Shown | None, figure: Figure | None) -> str:
    """Return a title, sentences, a table of the front and its figure as HTML without a link to anything outside."""
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    parts = [f"<h4>{escape(title)}</h4><ul>{said}</ul>"]
    parts += [_table(front)] if front else []
    parts += [_picture(figure)] if figure else []
    return f"<div>{''.join(parts)}</div>"


def _table(front: Shown) -> str:
    columns = [name for name in front.columns if name not in front.spare]
    head = "".join(f"<th>{escape(_heading(name))}</th>" for name in columns)
    rows = [
        "".join(f"<td>{escape(_cell(name, row.get(name)))}</td>" for name in columns) for row in front.rows[:LONGEST]
    ]
    more = f"<p>and {len(front.rows) - LONGEST:,} more</p>" if len(front.rows) > LONGEST else ""
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _heading(column: str) -> str:
    return MEASURES[column].heading if column in MEASURES else column


def _cell(column: str, value: object) -> str:
    if value is None:
        return ""
    return written(column, float(str(value))) if column in MEASURES else str(value)


def _picture(figure: Figure) -> str:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=120)
    return (
        f'<img alt="accuracy against cost" width="{WIDTH}" '
        f'src="data:image/png;base64,{base64.b64encode(drawn.getvalue()).decode()}">'
    )
