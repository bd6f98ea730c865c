"""Picture files as an exported model is asked about them: as a viewer shows them, which training saw too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from suite.core.errors import ExportError
from suite.pictures.viewing import WHITE, PictureError, colour, views


def encoded(files: Sequence[Path], background: object = WHITE) -> list[bytes]:
    """Return a PNG file of each picture, with what is transparent laid on a colour.

    Raises ExportError, which names every file that has no picture, or the colour that is none.
    """
    try:
        colour(str(background))
    except ValueError as error:
        raise ExportError(f"the background '{background}' in the card of the export is no colour") from error
    seen = [view if isinstance(view, PictureError) else view.png for view in views(files, str(background))]
    if bad := [f"{file}: {view}" for file, view in zip(files, seen, strict=True) if isinstance(view, PictureError)]:
        raise ExportError("\n".join(bad))
    return [png for png in seen if isinstance(png, bytes)]
