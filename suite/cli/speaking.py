"""What is said on stdout and stderr, by whatever terminal or pipe."""

from __future__ import annotations

import codecs
import io
import shutil
import sys
import textwrap
import unicodedata

PLAIN = {"─": "-", "━": "=", "–": "-", "—": "-", "×": "x", "→": "->", "“": '"', "”": '"', "’": "'", "●": "o", "·": "."}
PLAIN |= dict(zip("▁▂▃▄▅▆▇█", "_.,-=+*#", strict=True))  # a curve in one line


def say(answer: object) -> None:
    """Write an answer to stdout. What a terminal would obey is escaped there; a program gets it as it is."""
    print(_escaped(answer) if sys.stdout.isatty() else answer, flush=True)


def tell(line: object) -> None:
    """Write a line about the work to stderr. What a terminal would obey, such as in the name of a file, is escaped."""
    print(_escaped(line), file=sys.stderr, flush=True)


def wrapped(line: str) -> str:
    """Return a line broken between words, as wide as the terminal on stderr; as it is if that is none."""
    if not sys.stderr.isatty():
        return line
    return textwrap.fill(line, shutil.get_terminal_size().columns, subsequent_indent="  ", break_long_words=False)


def speak_plainly() -> None:
    """Let stdout and stderr write what their encoding does not have in plain characters, and never fail."""
    codecs.register_error("plain", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def _escaped(said: object) -> str:
    return "".join(map(_harmless, str(said)))


def _harmless(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return character.encode("ascii", "backslashreplace").decode() if character > "\x7f" else f"\\x{ord(character):02x}"


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that cannot be written: `-` for a rule, `e` for an accent, else an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    bare = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return PLAIN.get(character) or bare or character.encode("ascii", "backslashreplace").decode()
