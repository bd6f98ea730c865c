"""The card of an exported model, in Markdown: what it is, how good, under which conditions, and how to ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from suite.core.measures import MEASURES, formatted, spread
from suite.core.numbered import numbered
from suite.export import programs
from suite.export.formats import FORMATS
from suite.statistics.intervals import wilson

FILE = "MODEL_CARD.md"
COUNTS = ("parameters", "macs", "activations")
FIRST = 8  # classes that the card names

CONVERTERS = """\
Run these where `saved_model.pb` lies. Name the signature `pixels`: the default one resizes with an operation that other
runtimes do not have.

tf2onnx:

```sh
python -m tf2onnx.convert --saved-model . --signature_def pixels --opset 17 --output network.onnx
```

LiteRT:

```python
import tensorflow as tf

converter = tf.lite.TFLiteConverter.from_saved_model(".", signature_keys=["pixels"])
with open("network.tflite", "wb") as file:
    file.write(converter.convert())
```

OpenVINO:

```python
import openvino
import tensorflow as tf

loaded = tf.saved_model.load(".")
openvino.save_model(openvino.convert_model(loaded.signatures["pixels"]), "network.xml", compress_to_fp16=False)
```
"""


def written(card: Mapping[str, Any], name: str) -> str:
    """Return the card of the model `name` as Markdown; `card` is what card.json holds."""
    parts = [
        [f"# {_plain(name)}", *_what(card)],
        ["## How good it is", *_figures(card)],
        ["## Formats", *_formats(card)],
        ["## How to ask it", *_signatures(card)],
        ["## A program for each format", *_programs(card)],
        ["## Converters of others", CONVERTERS.rstrip()],
        ["## Limits", *_limits(card)],
        ["## Licence", _licence(card)],
        ["## How it was made", *_made(card)],
    ]
    return "\n\n".join(line for part in parts for line in part if line) + "\n"


def _what(card: Mapping[str, Any]) -> Iterator[str]:
    classes = card["classes"]
    more = f" and {len(classes) - FIRST} more (`labels.txt`)" if len(classes) > FIRST else ""
    several = numbered(len(classes), "class", "classes")
    yield (
        f"It tells which of {several} a picture shows: {', '.join(map(_plain, classes[:FIRST]))}{more}. "
        f"Architecture: {_plain(card.get('architecture', 'unknown'))}."
    )
    if card.get("question"):
        yield f"The study asked: {_plain(card['question'])}"
    seen = card.get("surroundings", {})
    if "dataset" in seen:
        sizes = [f"{int(seen[key]):,} {word}" for key, word in _SPLITS.items() if key in seen]
        yield f"Data: `{seen['dataset']}`, digest `{seen.get('dataset_digest', '')[:12]}`: {', '.join(sizes)}."


_SPLITS = {
    "train_images": "pictures for training", "validation_images": "for validation", "test_images": "for the test",
}  # fmt: skip


def _figures(card: Mapping[str, Any]) -> Iterator[str]:
    measures, seen = card.get("measures", {}), card.get("surroundings", {})
    lines = ["| figure | value | 95 % interval |", "|---|---|---|"]
    test, pictures = card.get("test_accuracy"), int(seen.get("test_images", 0))
    if test is not None:
        lines.append(f"| accuracy on test pictures | {test:.2f} % | {_share(test, pictures)} |")
    again = card.get("confirmed")
    if again:
        ends = f"{again['low']:.2f} to {again['high']:.2f} %"
        lines.append(f"| mean accuracy of {_others(again)} | {again['accuracy']:.2f} % | {ends} |")
    first = card["formats"][0]
    if first["accuracy"] is not None:
        ends = f"{first['accuracy_low']:.2f} to {first['accuracy_high']:.2f} %"
        lines.append(
            f"| accuracy on {numbered(first['pictures'], 'validation picture')} | {first['accuracy']:.2f} % | {ends} |"
        )
    if "latency" in measures:
        lines.append(f"| latency of a call | {formatted('latency', measures['latency'])} | {_ends(measures)} |")
    known = [name for name in COUNTS if name in measures]
    lines += [f"| {MEASURES[name].title} | {formatted(name, measures[name])} | |" for name in known]
    yield "\n".join(lines)
    yield (
        "The network was chosen by the validation pictures, which flatters its accuracy on them. No training has seen "
        "the test pictures."
    )
    if again:
        yield _again(again)
    if card.get("looks"):
        yield card["looks"]
    if "latency" in measures:
        yield f"Its latency is that of the search, on {_place(seen)}. Another device has another latency."


def _others(again: Mapping[str, Any]) -> str:
    return f"{numbered(again['seeds'], 'other training')} on {numbered(again['pictures'], 'test picture')}"


def _again(again: Mapping[str, Any]) -> str:
    """Say what `suite confirm` found. The model itself is none of its trainings."""
    one = again["seeds"] == 1
    return (
        f"`suite confirm` trained this configuration again with {numbered(again['seeds'], 'other seed')}. A seed "
        "draws another split, other first weights and another sequence of the pictures. "
        + (
            "One training does not tell how much seeds differ: the interval is that of the test pictures."
            if one
            else f"The trainings have {again['worst_seed']:.2f} to {again['best_seed']:.2f} % of the test pictures "
            "right. The interval of their mean is for other seeds and other pictures."
        )
    )


def _share(percent: float, pictures: int) -> str:
    if not pictures:
        return ""
    low, high = wilson(percent / 100, pictures)
    return f"{100 * low:.2f} to {100 * high:.2f} %"


def _ends(measures: Mapping[str, float]) -> str:
    return spread(measures, "latency")


def _place(seen: Mapping[str, str]) -> str:
    known = seen.get("latency_threads", seen.get("threads", ""))
    threads = numbered(int(known), "thread") if known.isdecimal() else "? threads"
    return (
        f"{seen.get('device', 'an unknown device')}, {threads}, path "
        f"{seen.get('latency_path', 'saved_model')}, oneDNN {seen.get('latency_onednn', seen.get('onednn', '?'))}"
    )


def _formats(card: Mapping[str, Any]) -> Iterator[str]:
    lines = [
        "| format | file | MB | accuracy | lost, points | same class first | latency |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(one) for one in card["formats"]]
    yield "\n".join(lines)
    place, pictures = card.get("timed_on"), numbered(card["formats"][0]["pictures"], "validation picture")
    yield (
        f"Each was asked about the same {pictures} as the trained network, on its own runtime in a fresh process. "
        "`lost` is what it lost of the network's accuracy, with a 95 % interval. Latency: one picture"
        f"{f', on {place}' if place else ''}."
    )
    for one in card["formats"]:
        if FORMATS[one["format"]].lacks:
            yield f"**{FORMATS[one['format']].title}**, for {FORMATS[one['format']].runs}. {_lacks(one)}"


def _row(one: Mapping[str, Any]) -> str:
    accuracy = "" if one["accuracy"] is None else f"{one['accuracy']:.2f} %"
    lost = "" if one["lost"] is None else f"{one['lost']:.2f} ({one['lost_low']:.2f} to {one['lost_high']:.2f})"
    latency = f"{formatted('latency', one['latency']['latency'])} ({_ends(one['latency'])})" if one["latency"] else ""
    return (
        f"| {FORMATS[one['format']].title} | `{one['file']}` | {one['megabytes']:.2f} | {accuracy} | {lost} | "
        f"{one['same_first']:.1f} % | {latency or _plain(one['untimed'])} |"
    )


def _lacks(one: Mapping[str, Any]) -> str:
    said = FORMATS[one["format"]].lacks
    if one["needs"]:
        return f"{said} Its layers are of `{one['needs']}`: import that before `keras.saving.load_model`."
    if one["calibrated"] is None:
        return said
    few = " (all that there are; 100 or more are better)" if one["calibrated"] < 100 else ""
    return f"{said} The ranges of its numbers were chosen by {numbered(one['calibrated'], 'training picture')}{few}."


def _signatures(card: Mapping[str, Any]) -> Iterator[str]:
    lines = ["| signature | argument | dtype | shape | answers |", "|---|---|---|---|---|"]
    for one in card["signatures"]:
        answers = "; ".join(f"`{name}` {kind} {shape}" for name, (kind, shape) in one["answers"].items())
        lines.append(f"| `{one['name']}` | `{one['argument']}` | {one['dtype']} | {one['shape']} | {answers} |")
    yield "\n".join(lines)
    yield (
        "`images` is the default (`serving_default`). `B` is the number of pictures; `images` of one call have one "
        "size. Values are 0 to 255; scaling, and but for `pixels` resizing, are inside."
    )
    yield f"`encoded`: {card.get('encoded', '')}"
    yield _in_size(card)


def _in_size(card: Mapping[str, Any]) -> str:
    """Say how a picture is brought to the network's size by those who ask `pixels`."""
    seen, shape = card["preprocessing"], card["signatures"][-1]["shape"]
    height, width, channels = shape.strip("[]").split(", ")[1:]
    part = "all of the picture" if seen["crop"] == 1 and not seen["square"] else (
        f"the middle {seen['crop']:.1%} of {'its largest part of that form' if seen['square'] else 'both sides'}"
    )  # fmt: skip
    return (
        f"For `pixels`, and for the other formats: take {part}, as {'grey' if channels == '1' else 'RGB'}, and "
        f"resize it to {height} x {width} ({seen['interpolation']}{', antialiased' * seen['antialias']}). Give it as "
        f"float32 `[B, {height}, {width}, {channels}]`. The answer has a probability for each class, in the order of "
        "`assets.extra/labels.txt`."
    )


def _programs(card: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "Run these where `saved_model.pb` lies. They name the class of each picture in `assets.extra/examples`. They "
        "need NumPy, Pillow and what is named with each, nothing else. Pillow may round a pixel otherwise than "
        "training did, by one of 255. Each begins with"
    )
    yield f"```python\n{programs.beginning(card)}```"
    if not card["preprocessing"]["antialias"]:
        yield "(Pillow smooths pictures that it shrinks, and training did not: answers differ a little.)"
    for name, packages, program in programs.asking(card):
        yield f"and goes on, for {FORMATS[name].title} (`pip install {packages}`), with"
        yield f"```python\n{program}```"


def _limits(card: Mapping[str, Any]) -> Sequence[str]:
    return (
        "It always names one of its classes, whatever a picture shows. Its figures hold for pictures like those of its "
        "data, taken and chosen in the same way. Nobody looked at how it treats groups of people.",
        f"What is transparent in a picture is laid on `{card.get('background', '')}`.",
    )


def _licence(card: Mapping[str, Any]) -> str:
    weights = card.get("weights", {})
    if not weights.get("title"):
        return "Its weights were trained from scratch on the data above. The licence of that data is yours to look up."
    said = weights.get("licence") or "not known here: ask its publisher"
    return (
        f"It began with weights of another training, {_plain(weights['title'])}. Their licence: {_plain(said)}. They "
        "were trained on data of their own, whose terms may count too."
    )


def _made(card: Mapping[str, Any]) -> Iterator[str]:
    seen = card.get("surroundings", {})
    yield (
        f"Trial {card.get('trial', '?')} of the study {_plain(card.get('study', '?'))}, {card.get('start', '')}, ended "
        f"{card.get('trained', '')[:10]}, seed {seen.get('seed', '?')}."
    )
    chosen = [f"- `{key}` = `{value}`" for key, value in card.get("configuration", {}).items()]
    if chosen:
        yield "\n".join(chosen)
    versions = [f"{name} {seen[name]}" for name in ("suite", "tensorflow", "keras", "python") if name in seen]
    yield f"Versions: {', '.join(versions)}." if versions else ""


def _plain(text: object) -> str:
    """Return text that Markdown does not read as anything else: names come from folders and files."""
    shown = "".join(one if one.isprintable() else "\ufffd" for one in str(text))
    return "".join(f"\\{one}" if one in r"\`*_{}[]<>#|!&" else one for one in shown)
