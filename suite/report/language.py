"""The language of a page. Sentences are written in English; a catalogue, `languages/ru.po`, has their translations."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources
from string import Formatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

ENGLISH = "en"
LANGUAGES = (ENGLISH, "ru")

_now: ContextVar[str] = ContextVar("language", default=ENGLISH)
_NUMBER = re.compile(r"(?P<number>[-−+±]?\d[\d,]*(?:\.\d+)?)(?P<rest>(?:e[-+]?\d+)?(?: ?[kMGT]?(?P<unit>[^\d\s]+))?)")


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """Within it, `say` and `many` speak a language of LANGUAGES."""
    token = _now.set(language)
    try:
        yield
    finally:
        _now.reset(token)


def current() -> str:
    """Return the language that is spoken now: `en` or `ru`."""
    return _now.get()


def say(sentence: str, **values: Any) -> str:
    """Return a sentence in the language of the page, with `values` in place of its `{names}`.

    The English sentence is the key, so it must be a literal where `say` is called.
    """
    return _filled(_translated(sentence)[0], values)


def many(number: int, one: str, other: str, **values: Any) -> str:
    """Return the sentence for a number of things: `{number} trial`, `{number:,} trials`.

    A language may have more forms than English has. Both sentences must be literals where `many` is called.
    """
    if current() == ENGLISH:
        return _filled(one if number == 1 else other, {"number": number, **values})
    forms = _translated(one)
    return _filled(forms[_plural(current())(number) if len(forms) > 1 else 0], {"number": number, **values})


def sentences() -> Mapping[str, list[str]]:
    """Return the forms of every sentence that has a translation, for the script of a page; nothing in English."""
    return {} if current() == ENGLISH else _forms(current())


def _translated(sentence: str) -> list[str]:
    """Return the forms of a sentence; the sentence itself where a translation is missing."""
    return [sentence] if current() == ENGLISH else _forms(current()).get(sentence, [sentence])


def _filled(sentence: str, values: Mapping[str, Any]) -> str:
    return _Written().vformat(sentence, (), values) if values else sentence


class _Written(Formatter):
    """Writes numbers as the language of the page writes them."""

    def format_field(self, value: Any, format_spec: str) -> str:
        text = format(value, format_spec)
        return localised(text) if isinstance(value, (int, float)) else text


def localised(text: str) -> str:
    """Return a number with its unit, `1,234.5 ms`, as the language of the page writes it; any other text as it is."""
    found = _NUMBER.fullmatch(text.strip())
    if current() == ENGLISH or not found:
        return text
    number = found["number"].replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")
    unit = found["unit"]
    return number + (found["rest"].replace(unit, say(unit)) if unit else found["rest"])


@cache
def _plural(language: str) -> Callable[[int], int]:
    return gettext.c2py(catalogue(language).plural_expr)


@cache
def _forms(language: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for message in catalogue(language):
        key = message.id if isinstance(message.id, str) else message.id[0]
        forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
        if key and all(forms):
            found[key] = forms
    return found


@cache
def catalogue(language: str) -> Catalog:
    """Return the translations into a language."""
    from babel.messages import pofile  # only who wants another language waits for it

    with resources.files("suite.report").joinpath("languages", f"{language}.po").open(encoding="utf-8") as file:
        return pofile.read_po(file, locale=language)
