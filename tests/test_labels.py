"""Tables of labels beside the pictures, as people have them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite import datasets
from suite.core.errors import DatasetError
from suite.datasets.layout import Layout, scan
from tests.pictures import noise

CLASSES = ("cat", "dog")


def put(folder: Path, names: Iterable[str]) -> None:
    """Small files with the names of pictures: a scan does not open them."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def label(number: int) -> str:
    return CLASSES[number % 2]


def found(layout: Layout) -> dict[str, dict[str, int]]:
    return {split: {name: len(files) for name, files in classes.items()} for split, classes in layout.splits.items()}


NAMES = [f"{number:03}.jpg" for number in range(8)]
BOTH = {"train": {"cat": 4, "dog": 4}}


@pytest.mark.parametrize("table", ["labels.csv", "images.csv", "train.csv", "metadata.csv", "Annotations.CSV"])
@pytest.mark.parametrize("where", ["", "images", "train"])
@pytest.mark.parametrize("heading", ["file,class", "filename,label", "id,breed", "Image Name,Species", ""])
def test_a_table_of_files_and_classes_is_read(tmp_path: Path, table: str, where: str, heading: str) -> None:
    put(tmp_path / where, NAMES)
    rows = [f"{name},{label(number)}" for number, name in enumerate(NAMES)]
    (tmp_path / table).write_text("\n".join([heading, *rows] if heading else rows))
    layout = scan(tmp_path)
    assert found(layout) == BOTH
    assert layout.notes == ()
    assert {path.name for path in layout.splits["train"]["cat"]} == set(NAMES[::2])


@pytest.mark.parametrize("spelled", [
    "{stem}", "{name}", "images/{name}", "./images/{name}", "C:\\data\\set\\images\\{name}", "/content/x/{name}",
])  # fmt: skip
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_files_are_found_however_another_machine_wrote_them(
    tmp_path: Path, spelled: str, separator: str, encoding: str
) -> None:
    put(tmp_path / "images", NAMES)
    rows = [[spelled.format(name=name, stem=name[:-4]), "Bär" if number % 2 else "Fuchs"]
            for number, name in enumerate(NAMES)]  # fmt: skip
    text = "\r\n".join(separator.join(row) for row in [["file", "class"], *rows])
    (tmp_path / "labels.csv").write_bytes(text.encode(encoding))
    assert found(scan(tmp_path)) == {"train": {"Bär": 4, "Fuchs": 4}}


def test_a_column_or_a_folder_or_the_name_of_the_table_says_the_split(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(12)]
    splits = ["train"] * 6 + ["valid"] * 2 + ["test"] * 4
    expected = {"train": {"cat": 3, "dog": 3}, "validation": {"cat": 1, "dog": 1}, "test": {"cat": 2, "dog": 2}}
    pairs = enumerate(zip(names, splits, strict=True))
    column = ["file,split,class", *(f"{name},{split},{label(n)}" for n, (name, split) in pairs)]
    put(tmp_path / "column", names)
    (tmp_path / "column" / "labels.csv").write_text("\n".join(column))
    put(tmp_path / "folder", [f"{split}/{name}" for name, split in zip(names, splits, strict=True)])
    (tmp_path / "folder" / "labels.csv").write_text("\n".join(["id,class", *(f"{n},{label(n)}" for n in range(12))]))
    put(tmp_path / "tables" / "images", names)
    for split in set(splits):
        rows = [f"{name},{label(n)}" for n, name in enumerate(names) if splits[n] == split]
        (tmp_path / "tables" / f"{split}.csv").write_text("\n".join(["image,class", *rows]))
    for split in set(splits):  # as Hugging Face's ImageFolder
        chosen = [(n, name) for n, name in enumerate(names) if splits[n] == split]
        put(tmp_path / "jsonl" / split, [name for _, name in chosen])
        lines = [json.dumps({"file_name": name, "label": label(n), "text": None}) for n, name in chosen]
        (tmp_path / "jsonl" / split / "metadata.jsonl").write_text("\n".join(lines))
    for kind in ("column", "folder", "tables", "jsonl"):
        assert found(scan(tmp_path / kind)) == expected, kind


def test_columns_of_0_and_1_are_classes(tmp_path: Path) -> None:
    put(tmp_path, NAMES)
    rows = [f"{name[:-4]},{float(n % 2 == 0)},{float(n % 2)},0.0" for n, name in enumerate(NAMES)]
    (tmp_path / "truth.csv").write_text("\n".join(["image,cat,dog,owl", *rows]))
    assert found(scan(tmp_path)) == BOTH


def test_a_competition_is_read_without_its_unlabelled_test_pictures(tmp_path: Path) -> None:
    put(tmp_path / "train", NAMES)
    put(tmp_path / "test", [f"9{name}" for name in NAMES])
    (tmp_path / "train.csv").write_text(
        "\n".join(["id,category", *(f"{n[:-4]},{label(k)}" for k, n in enumerate(NAMES))])
    )
    (tmp_path / "test.csv").write_text("\n".join(["id", *(f"9{name[:-4]}" for name in NAMES)]))
    (tmp_path / "sample_submission.csv").write_text("\n".join(["id,category", *(f"9{n[:-4]},cat" for n in NAMES)]))
    layout = scan(tmp_path)
    assert found(layout) == BOTH
    assert any("8 pictures without a class in" in note for note in layout.notes)


def test_folders_are_the_classes_whatever_tables_lie_beside(tmp_path: Path) -> None:
    for name in CLASSES:
        put(tmp_path / name, [f"{name}{file}" for file in NAMES])
    rows = [f"{name}/{name}{file},{number}" for name in CLASSES for number, file in enumerate(NAMES)]
    (tmp_path / "metadata.csv").write_text("\n".join(["file,label", *rows]))
    (tmp_path / "cat" / "notes.csv").write_text("a,b\n1,2\n")
    layout = scan(tmp_path)
    assert found(layout) == {"train": {"cat": 8, "dog": 8}}
    assert layout.notes == ("no pictures, so left out: 2 .csv",)


def test_what_is_wrong_with_a_table_is_said_in_one_round(tmp_path: Path) -> None:
    put(tmp_path, NAMES)
    table = tmp_path / "labels.csv"

    def told(*rows: str) -> str:
        table.write_text("\n".join(rows))
        with pytest.raises(DatasetError) as error:
            scan(tmp_path)
        return str(error.value)

    good = [f"{name},{label(number)}" for number, name in enumerate(NAMES)]
    both = told("file,class", *good, "gone.jpg,cat", "away.jpg,dog", f"{NAMES[0]},dog").splitlines()
    assert both == [
        f"{table}: 2 of 11 rows with a file that is not there, such as 'gone.jpg'",
        f"{table}: 1 file has more than one class: 000.jpg has 'cat' and 'dog'",
    ]
    assert "which column has the classes: colour, mood? Call it 'class'" in told(
        "file,colour,mood", *(f"{name},red{number % 3},m{number % 2}" for number, name in enumerate(NAMES))
    )
    assert "names files, but no classes" in told("file", *NAMES)
    assert "has 8 values for 8 files: too many to be classes" in told("file,caption", *(f"{n},a {n}" for n in NAMES))
    assert "has one class only, 'cat'" in told("file,class", *(f"{name},cat" for name in NAMES))
    assert "class 'dog' has no picture in test" in told(
        "file,class,split", *(f"{row},{'test' if n == 0 else 'train'}" for n, row in enumerate(good))
    )


def test_rows_without_a_class_are_left_out_and_counted(tmp_path: Path) -> None:
    put(tmp_path, NAMES)
    rows = [f"{name},{label(n) if n < 6 else ('', 'NaN')[n % 2]}" for n, name in enumerate(NAMES)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,class", *rows]))
    layout = scan(tmp_path)
    assert found(layout) == {"train": {"cat": 3, "dog": 3}}
    assert layout.notes == (f"2 pictures without a class in {tmp_path / 'labels.csv'}: left out",)


def test_a_labelled_folder_is_loaded_as_if_its_classes_were_folders(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))
    by_name: Mapping[str, str] = {f"{number}.png": label(number) for number in range(20)}
    for number, (name, kind) in enumerate(by_name.items()):
        for file in (tmp_path / "table" / "images" / name, tmp_path / "folders" / kind / name):
            file.parent.mkdir(parents=True, exist_ok=True)
            noise(number).save(file)
    (tmp_path / "table" / "labels.csv").write_text("\n".join(["file,class", *map(",".join, by_name.items())]))
    one, other = (datasets.load(str(tmp_path / kind)) for kind in ("table", "folders"))
    assert (one.classes, one.sizes, one.counts, one.digest) == (other.classes, other.sizes, other.counts, other.digest)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=300), st.lists(st.lists(
    st.sampled_from([*NAMES, "cat", "dog", "file", "class", "1", "0", "", '"', "train", "\0", "é", "\n"]), max_size=4,
), max_size=9).map(lambda rows: "\n".join(map(",".join, rows)).encode())))  # fmt: skip
def test_any_table_is_read_or_refused_in_lines(tmp_path: Path, data: bytes) -> None:
    put(tmp_path, NAMES)
    for name in ("labels.csv", "labels.jsonl"):
        (tmp_path / name).write_bytes(data)
    with suppress(DatasetError):
        assert len(scan(tmp_path).splits["train"]) >= 2
