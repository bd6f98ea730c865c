"""What libraries say when a network cannot be loaded, converted or run, as a reason of one line."""

from __future__ import annotations

import re

from suite.core.errors import SuiteError

LONGEST = 300  # characters of a reason in a table

# What is known, in the order of asking; the second column is said instead.
KNOWN = (
    (r"Flex delegate|is neither a custom op nor a flex op",
     "it holds operations of TensorFlow that LiteRT alone does not have; measure it as a SavedModel"),
    (r"Lowering tensor list ops is failed|TensorListReserve",
     "LiteRT cannot hold its loop over steps (a recurrent layer) at any batch size; fix its batch, or measure it with "
     "--path saved_model"),
    (r"No Op registered for (\w+)", r"ONNX Runtime has no operation \1; measure it with --path saved_model"),
    (r"Tensorflow op \[[^:\]]*: (\w+)\] is not supported",
     r"ONNX has no operation \1; measure it with --path saved_model"),
    (r"Could not find an implementation for (\w+)", r"ONNX Runtime has no operation \1 for such numbers"),
    (r"uncompilable nodes.*?unsupported op|Detected unsupported operations.*?: (\w+)",
     "XLA cannot compile one of its operations; measure it with --path saved_model"),
    (r"Protobuf parsing failed|No graph was found in the protobuf", "it is no whole ONNX file"),
    (r"not a valid Flatbuffer|model allocation is null", "it is no whole file of LiteRT"),
    (r"Wire format was corrupt|there are 0 MetaGraphs", "its saved_model.pb is no whole SavedModel"),
    (r"Unable to synchronously open object", "its weights are not where it looks for them"),
)  # fmt: skip

FRAMED = re.compile("in user code:|Exception encountered|Graph execution error")  # what is wrong is said at the end
_NOISE = re.compile(
    r"$|in user code:|File \"|Exception encountered when|Call arguments received|Arguments received|Detected at node"
    r"|Graph execution error|<stack traces|\[\[|[•~^-]"
)
_AROUND = re.compile(r"\{\{.*?\}\}\s*|\s*\[Op:\w*\]|^\[ONNXRuntimeError\] : \d+ : \w+ : |^Exception encountered: ")


def said(error: BaseException) -> str:
    """Return an error on one line, short enough for a table: a library's own words only where we know no better."""
    if isinstance(error, SuiteError):
        return str(error)
    text = str(error)
    for pattern, instead in KNOWN:
        if found := re.search(pattern, text, re.DOTALL):
            return found.expand(instead)
    told = _telling(text)
    return _cut(told if " " in told else f"{type(error).__name__}: {told}")


def _telling(text: str) -> str:
    """Return the line of a long message that says what is wrong, without what stands around it."""
    lines = [" ".join(re.sub(r"\x1b\[\d*m", "", line).split()) for line in text.splitlines()]
    telling = [line for line in lines if not _NOISE.match(line)] or lines or [""]
    line = telling[-1 if FRAMED.search(text) else 0]
    return _AROUND.sub("", line)


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
