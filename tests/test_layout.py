"""Are the folders that people have read as they mean them, and if not, is the way out one that works?"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite.core.errors import DatasetError
from suite.datasets.layout import CLUTTER, Layout, printable, scan


def put(folder: Path, names: Iterable[str] = ("1.png", "2.jpg", "3.webp")) -> None:
    """Put files of these names into a folder; what they hold does not matter here."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")


def classes(layout: Layout) -> dict[str, list[str]]:
    return {split: sorted(found) for split, found in layout.splits.items()}


def told(root: Path) -> str:
    with pytest.raises(DatasetError) as error:
        scan(root)
    return str(error.value)


@pytest.mark.parametrize("case", [str.lower, str.title, str.upper])
@pytest.mark.parametrize(("names", "split"), [
    (("train", "training"), "train"),
    (("val", "valid", "validation", "dev", "eval", "evaluation"), "validation"),
    (("test", "testing"), "test"),
])  # fmt: skip
def test_splits_have_their_usual_names_in_any_case(
    tmp_path: Path, names: tuple[str, ...], split: str, case: Callable[[str], str]
) -> None:
    for number, name in enumerate(names):
        root = tmp_path / str(number)
        for folder in {case(name), *([] if split == "train" else ["train"])}:
            put(root / folder / "cat")
            put(root / folder / "dog")
        assert classes(scan(root))[split] == ["cat", "dog"]


@pytest.mark.parametrize("name", [*sorted(CLUTTER), "$RECYCLE.BIN", "Icon\r", "@eaDir", "Thumbs.db", ".git", "._1.png"])
@pytest.mark.parametrize("where", ["", "cat"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_systems_and_tools_leave_behind_is_left_out_and_counted(
    tmp_path: Path, name: str, where: str, kind: str
) -> None:
    for label in ("cat", "dog"):
        put(tmp_path / label)
    if kind == "file":
        put(tmp_path / where, [name])
    else:
        put(tmp_path / where / name, ["thumb.png"])
    found = scan(tmp_path)
    assert {label: len(files) for label, files in found.splits["train"].items()} == {"cat": 3, "dog": 3}
    (note,) = found.notes
    assert note.startswith("no pictures, so left out: 1 ")
    assert note.isprintable()


def test_what_stands_beside_a_picture_is_left_out_and_counted(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        put(tmp_path / label, ["1.png", "1.png.json", "1.xmp", "1.txt", "1.xml"])
    found = scan(tmp_path)
    assert [len(files) for files in found.splits["train"].values()] == [1, 1]
    assert found.notes == ("no pictures, so left out: 2 .json, 2 .txt, 2 .xml, 2 .xmp",)


@pytest.mark.parametrize("name", ["test", "Testing", "val", "unlabelled", "unlabeled"])
def test_pictures_without_classes_beside_the_splits_are_left_out_and_said(tmp_path: Path, name: str) -> None:
    """As competitions give out their test set."""
    for label in ("cat", "dog"):
        put(tmp_path / "train" / label)
    put(tmp_path / name)
    found = scan(tmp_path)
    assert classes(found) == {"train": ["cat", "dog"]}
    assert found.notes == (f"{tmp_path / name}: its pictures have no class, so they are left out",)


@pytest.mark.parametrize("form", ["{}.{}.jpg", "{}_{}.png", "{}{}.bmp", "{}-{}.webp", "{} {}.tif"])
@pytest.mark.parametrize("where", ["", "train", "two"])
def test_classes_in_the_names_of_files_are_sorted_by_the_command_that_is_shown(
    tmp_path: Path, form: str, where: str
) -> None:
    root = tmp_path / "my set's pictures"
    folders = {"": [root], "train": [root / "train"], "two": [root / "train", root / "test"]}[where]
    for folder in folders:
        put(folder, [form.format(label, number) for label in ("cat", "dog") for number in (1, 2, 30)])
    for line in told(root).splitlines():
        subprocess.run(["sh", "-ec", line.partition("into folders: ")[2]], check=True)
    assert classes(scan(root)) == {
        "": {"train": ["cat", "dog"]}, "train": {"train": ["cat", "dog"]},
        "two": {"train": ["cat", "dog"], "test": ["cat", "dog"]},
    }[where]  # fmt: skip


def test_folders_of_a_folder_are_flattened_by_the_command_that_is_shown(tmp_path: Path) -> None:
    root = tmp_path / "of animals and plants"
    for label in ("animals/cat", "animals/dog", "plants/oak"):
        put(root / label)
    for line in told(root).splitlines():
        subprocess.run(["sh", "-ec", line.partition("If they are classes: ")[2]], check=True)
    assert classes(scan(root)) == {"train": ["cat", "dog", "oak"]}


def test_all_that_is_in_the_way_is_said_in_one_round(tmp_path: Path) -> None:
    put(tmp_path / "cat" / "a", ["1.png"])
    put(tmp_path / "dog")
    (tmp_path / "owl").mkdir()
    lines = told(tmp_path).splitlines()
    assert len(lines) == 2
    for name in ("cat/a", "owl"):
        assert sum(f"{tmp_path}/{name}:" in line for line in lines) == 1


def test_no_folder_is_named_that_is_not_there(tmp_path: Path) -> None:
    """But what is expected of the folder itself."""
    for label in ("cat", "dog"):
        put(tmp_path / "train" / label)
    put(tmp_path / "test" / "cat")
    put(tmp_path / "more" / "dog", ["1.pdf"])
    for line in told(tmp_path).splitlines():
        for path in re.findall(rf"{tmp_path}[^:{{*]*", line.partition("; expected")[0]):
            assert Path(path.split(" does not")[0].rstrip()).exists(), line


def test_names_that_differ_only_in_unicode_form_are_refused(tmp_path: Path) -> None:
    put(tmp_path / "caf\u00e9")
    put(tmp_path / "cafe\u0301")
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system takes them for one")
    assert "differ only in how their accents are written" in told(tmp_path)


@pytest.mark.parametrize(("one", "other"), [("Cat", "cat"), ("A", "a"), ("STRASSE", "straße")])
def test_names_that_differ_only_in_capitals_may_be_letters_and_are_said(tmp_path: Path, one: str, other: str) -> None:
    put(tmp_path / one)
    put(tmp_path / other)
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system takes them for one")
    found = scan(tmp_path)
    assert set(found.splits["train"]) == {one, other}
    assert "differ only in capitals" in "\n".join(found.notes)


def test_a_class_that_is_written_otherwise_in_another_split_is_said(tmp_path: Path) -> None:
    for split, name in (("train", "caf\u00e9"), ("test", "cafe\u0301")):
        put(tmp_path / split / name)
        put(tmp_path / split / "bar")
    assert "there it is 'café' (accents composed): name both alike" in told(tmp_path)


NAMES = st.binary(min_size=1, max_size=12).map(lambda name: name.replace(b"/", b"").replace(b"\0", b"") or b"a")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(NAMES, min_size=2, max_size=5), st.lists(NAMES, min_size=1, max_size=4))
def test_names_of_any_bytes_are_read_or_refused_in_lines_that_can_be_printed(
    tmp_path_factory: pytest.TempPathFactory, labels: set[bytes], files: list[bytes]
) -> None:
    root = tmp_path_factory.mktemp("any")
    for label in labels - {b".", b".."}:
        os.makedirs(os.path.join(os.fsencode(root), label), exist_ok=True)
        for file in files:
            with open(os.path.join(os.fsencode(root), label, file[:8] + b".png"), "wb"):
                pass
    try:
        found = scan(root)
    except DatasetError as error:
        lines = str(error).splitlines()
    else:
        lines = [*found.splits["train"], *found.notes]
        assert all(printable(label) == label or label.startswith("'") for label in found.splits["train"])
    assert all(line.isprintable() for line in lines)
    "\n".join(lines).encode("utf-8")
