"""Names of folders and files: those of splits, those that look the same, and how any name is printed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval", "evaluation"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def plain(name: str) -> str:
    """Return what names have in common that differ only in capitals or in how their accents are written."""
    return unicodedata.normalize("NFKC", name).casefold()


def form(name: str) -> str:
    """Return how a name is written, to tell it from another that looks the same."""
    if name.isascii():
        return "plain letters"
    return "accents composed" if unicodedata.is_normalized("NFC", name) else "accents apart"


def printable(name: str) -> str:
    """Return a name that any terminal and any file can hold: bytes that are no text, and line breaks, are escaped."""
    told = "".join(one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode() for one in name)
    return told if told == told.strip() else repr(told)


def named(paths: Iterable[Path]) -> str:
    """Return the first of `paths` and how many more there are: one line however many files are wrong."""
    first, *more = [printable(str(path)) for path in paths]
    return f"{first} (and {len(more)} more)" if more else first
