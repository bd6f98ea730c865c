"""Files of strangers, changed in any way: an answer or one line, never a traceback, a crash or a hang.

`make fuzz` tries 100,000 of each kind. The faults that it has found have tests of their own. What Hypothesis seeks in
documents that are sound, value by value, is in test_damage.
"""

from __future__ import annotations

import io
import json
import random
import secrets
import shutil
import sqlite3
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.trial import FrozenTrial, TrialState
from PIL import Image

from suite.cli.fronts import print_front
from suite.core import answers, cells, classes
from suite.core.errors import NothingTrainedError, StoreError, TableError
from suite.core.trial import Trial
from suite.export import folder as exports
from suite.pictures.viewing import PIXELS, PictureError, view
from suite.report import results
from suite.search import database, folder, record
from suite.search.past import Past
from suite.search.space import distributions, encoded
from suite.studyfile.binding import drawn
from tests import studies
from tests.fuzzing import COUNT, Kind
from tests.test_damage import STUDY
from tests.test_damage import read as read_study

ROOT = Path(__file__).parents[1]
STUDIES = [STUDY.read_bytes(), *(file.read_bytes() for file in sorted((ROOT / "studies").rglob("*.toml"))[:8])]
TOML = [
    b"[", b"]", b"[[", b"]]", b"=", b'"', b"'", b'"""', b"#", b"\n", b",", b".", b"{", b"}", b"nan", b"-inf", b"1e999",
    b"true", b"1979-05-27", b"0x", b"_", b"\\u0000", b"\xff", b"choice", b"range", b"log", b"step", b"name", b"space",
    b"objectives", b"..", b"/", b"~", b"<script>", b"$(x)", b"resnet/50", b"digits", b"-1", b"0", b"99999999999",
]  # fmt: skip
TABLE = b"""# device: laptop
model,accuracy,latency,latency_low,latency_high,parameters,state
resnet/50,76.1,12.5,12.1,12.9,25557032,complete
"vgg, 16",71.6,40,,,"138,357,544",complete
mobilenet,70.4,3.1,3.0,3.3,4200000,failed
"""
COSTS = b"""# device: laptop
# threads: 2
model,image,batch,path,precision,state,parameters,macs,latency,rest,reference,ratio,measured,block_times
resnet/50,224x224x3,1,saved_model,float32,measured,25557032,4089184256,40.2,1.5,small,26.8,2026-01-01 00:00:00,1.0 1.1
vgg/16,224x224x3,8,saved_model,float32,failed,,,,,,,2026-01-01 00:00:00,
"""
TIMM = b"""model,infer_samples_per_sec,infer_step_time,infer_batch_size,infer_img_size,param_count
resnet50,100,10,1,224,25
"""
CELLS = [
    b",", b";", b"\t", b'"', b"\n", b"\r", b"#", b"nan", b"inf", b"-inf", b"1e308", b"1e-320", b"-1", b"0", b"\x00",
    b"9" * 400, b"failed", b"=cmd()", b"<b>",
    b"accuracy", b"latency", b"parameters", b"batch", b"model", b"\xef\xbb\xbf", b"\xff", b"x" * 200,
    "\u0661".encode(), "\u2028".encode(), b"1_0", b"infinity", b"1,000", b"x" * 140_000,
]  # fmt: skip
SIZES = [
    b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00", b"\x00\x01\x00\x00", b"\xff\xff", b"\x80\x00",
    b"IHDR", b"IDAT", b"IEND", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"\xff\xd8", b"\xff\xc0", b"\xff\xe1", b"GIF89a",
]  # fmt: skip


def picture(form: str, mode: str = "RGB", **how: object) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (23, 31, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(buffer, form, **how)
    return buffer.getvalue()


def pictures() -> list[bytes]:
    return [
        picture("PNG"), picture("PNG", "P"), picture("PNG", "LA"), picture("PNG", "1"), picture("JPEG"),
        picture("JPEG", "CMYK"), picture("JPEG", progressive=True), picture("GIF", "P"), picture("BMP"),
        picture("WEBP"), picture("TIFF"), picture("TIFF", compression="tiff_lzw"), picture("PPM"), picture("TGA"),
        picture("PCX"), picture("ICO", sizes=[(16, 16)]), picture("JPEG2000"), picture("AVIF"),
    ]  # fmt: skip


def archive() -> bytes:
    """Return the answers of a network, as a run keeps them."""
    buffer = io.BytesIO()
    four = np.ones(4, np.float32)
    whole = {"labels": np.zeros(4, np.int32), "named": np.zeros(4, np.int32), "said": four, "of_label": four}
    np.savez(buffer, **whole, tempered=four, temperature=np.ones(()))
    return buffer.getvalue()


def front(file: Path) -> None:
    try:
        print_front([results.read(file)], (), "csv")
    except NothingTrainedError as error:  # the reasons are below, a line for each
        _, *reasons = str(error).split("\n")
        assert all(reason.startswith("  ") for reason in reasons)


def table_of_costs(file: Path) -> None:
    assert all(cell.summary for cell in cells.read(file).cells)


def shown(file: Path) -> None:
    with warnings.catch_warnings(action="ignore"):
        seen = view(file)
    assert seen.pixels.dtype == np.uint8
    assert seen.image.width * seen.image.height <= PIXELS


def class_names(file: Path) -> None:
    shutil.copy(file, file.with_name("classes.json"))
    assert all(isinstance(name, str) for name in classes.read(file.parent))


def card(file: Path) -> None:
    extra = file.parent / "export" / "assets.extra"
    extra.mkdir(parents=True, exist_ok=True)
    (extra.parent / "saved_model.pb").touch()
    shutil.copy(file, extra / "card.json")
    assert all(isinstance(name, str) for name in exports.card(extra.parent)["classes"])


def records(file: Path) -> None:
    """Read a trial with this record, as it is when the database has been opened."""
    attributes = {"started": "2026-01-01T00:00:00+00:00", "step": {"continues": None, "until": None}}
    with database.guarded(file.parent), database.legible():
        attributes["record"] = json.loads(file.read_text("utf-8", errors="replace"))
        parameters = encoded(SMALL, drawn(SMALL, random.Random(0)))
        frozen = replaced(parameters, attributes)
        Past(file.parent, SMALL).trial(frozen)


def replaced(parameters: dict[str, Any], attributes: dict[str, Any]) -> FrozenTrial:
    """Return an ended row of the database."""
    frozen = record.running(parameters, distributions(SMALL), attributes)
    frozen.number, frozen.state, frozen.values = 0, TrialState.COMPLETE, [90.0, 900.0]
    return frozen


SMALL = studies.study()
RECORD = (
    rb'"{\"state\": \"complete\", \"measures\": {\"parameters\": 900.0, \"accuracy\": 90.0}, \"reason\": \"\", '
    rb"\"traceback\": \"\", \"curve\": [{\"epoch\": 1, \"time\": 1.0, \"val_accuracy\": 90.0}], \"surroundings\": {}, "
    rb'\"finished\": \"2026-01-01T00:00:00+00:00\", \"continues\": null, \"until\": null, \"stopped\": false}"'
)
JSON = [
    b"[", b"]", b"null", b"{}", b"{", b"}", b"1", b'"', b'\\"', b"\\ud800", b"NaN", b"Infinity", b"-1", b"true", b":",
    b",", b"classes", b"0001-01-01T00:00:00+00:00", b"9" * 400, b"[" * 3000,
]  # fmt: skip
NUMPY = [
    b"PK\x03\x04",
    b"\x93NUMPY",
    b"|O",
    b"<f4",
    b"(4,)",
    b"(999999999999,)",
    b"'descr'",
    b"PK\x05\x06",
    b"\xff" * 4,
]
KINDS = {
    "study": lambda: Kind(STUDIES, TOML, read_study),
    "table": lambda: Kind([TABLE, TABLE.replace(b",", b"\t"), TABLE.replace(b",", b";"), COSTS, TIMM], CELLS, front),
    "costs": lambda: Kind([COSTS, TIMM], CELLS, table_of_costs),
    "picture": lambda: Kind(pictures(), SIZES, shown, (PictureError,)),
    "classes": lambda: Kind([b'["cat", "dog"]'], JSON, class_names),
    "card": lambda: Kind([b'{"classes": ["cat", "dog"], "background": "white", "study": "s"}'], JSON, card),
    "answers": lambda: Kind([archive()], NUMPY, answers.read),
    "record": lambda: Kind([RECORD], JSON, records),
}
USUAL = {"study": 60, "table": 400}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.filterwarnings("ignore")
def test_a_file_that_was_changed_in_any_way_is_read_or_refused_in_one_line(tmp_path: Path, name: str) -> None:
    kind, first = KINDS[name](), secrets.randbits(48) if COUNT else 0
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        faults = kind.faults(range(first, first + (COUNT or USUAL.get(name, 300))), tmp_path / "file")
    for place, (content, error) in faults.items():
        print(f"{place}: {error}\n{content[:1500]!r}\n")
    assert not list(faults)


# ---- faults that were found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"model,batch,parameters\nresnet/50,1,inf\n", "row 1 (resnet/50) cannot be read: 'inf' is no number"),
        (b"model,batch\n" + b'"' + b"x" * 200_000 + b'",1\n', "is no CSV file (field larger than field limit"),
        (b"model,batch,latency\nresnet/50,1,nan\n", "'nan' is no number"),
        (TIMM.replace(b"25\n", b"1e308\n"), "'1e308' is no number"),  # in millions
        (TIMM.replace(b",1,", b"," + b"9" * 400 + b","), "row 1 (resnet50) cannot be read: '9999"),
    ],
)
def test_a_table_of_costs_with_a_number_that_is_none_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "costs.csv").write_bytes(content)
    with pytest.raises(TableError) as error:
        cells.read(tmp_path / "costs.csv")
    assert said in str(error.value)


def test_a_latency_of_zero_has_no_rate(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_bytes(TIMM.replace(b",10,", b",0,"))
    (cell,) = cells.read(tmp_path / "costs.csv").cells
    assert cell.rate is None


def test_a_table_without_any_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("model,latency,parameters\nresnet/50,,\n")
    with pytest.raises(TableError, match="no row has a number for any of latency, parameters"):
        results.read(tmp_path / "table.csv")


def test_a_table_of_which_a_row_knows_nothing_has_a_front(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "table.csv").write_text("model,batch,state,parameters,latency\nresnet/50,1,m,25,40.2\nvgg,8,f,,\n")
    front(tmp_path / "table.csv")
    assert "resnet/50" in capsys.readouterr().out


def test_a_cell_with_a_line_end_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(TABLE.replace(b"138,357", b"138\n357"))
    with pytest.raises(TableError) as error:
        results.read(tmp_path / "table.csv")
    assert "\n" not in str(error.value)


def test_costs_that_do_not_say_when_they_were_measured_are_read(tmp_path: Path) -> None:
    rows = ["a,1,o,float32,8x8x3,stable,9,1.5,small,", "b,1,o,float32,8x8x3,stable,9,1.4,small,2026-01-01 00:00:00"]
    text = "\n".join(["model,batch,path,precision,image,state,latency,rest,reference,measured", *rows])
    (tmp_path / "costs.csv").write_text(text)
    assert [cell.model for cell in cells.read(tmp_path / "costs.csv").cells] == ["a", "b"]


def test_an_archive_that_says_it_is_encrypted_is_damaged(tmp_path: Path) -> None:
    content = bytearray(archive())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag of its first member, in the directory
    (tmp_path / "0.npz").write_bytes(content)
    with pytest.raises(StoreError, match="cannot be read"):
        answers.read(tmp_path / "0.npz")


def test_a_measure_that_no_float_can_hold_is_damage() -> None:
    trial = Trial(number=0, state="complete", configuration={}, measures={"accuracy": 10**400})
    with pytest.raises(ValueError, match="`measures` is"):
        record.sound(trial)


def test_a_record_that_is_nested_too_deeply_is_damaged(tmp_path: Path) -> None:
    home = tmp_path / "run"
    with folder.opened(home, studies.study()) as store:
        store.finish(studies.complete(store.ask()))
    with sqlite3.connect(home / "trials.db") as trials:
        deep = "[" * 20_000
        trials.execute("UPDATE trial_user_attributes SET value_json = ? WHERE key = 'record'", (deep,))
    trials.close()
    with pytest.raises(StoreError, match="damaged: RecursionError"):
        folder.read(home)
