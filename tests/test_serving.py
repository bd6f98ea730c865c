"""A real server, asked as its clients ask: are the answers those of the export, and is nonsense refused in a line?"""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import keras
import numpy as np
import pytest
import requests
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from suite import datasets
from suite.datasets.folder import COMPLAINT
from suite.export import exporting
from suite.serving import asked, inference, predict
from suite.serving.asked import MOST, Question, RequestError, parsed
from tests.once import once

ENCODED = {"signature_name": "encoded"}
NAME = "a<b>&'\" ü%2F"  # a folder may be called so


@dataclass(frozen=True, kw_only=True)
class Served:
    url: str
    folder: Path
    log: Path

    def post(self, path: str, told: Any) -> requests.Response:
        return requests.post(f"{self.url}{path}", json=told, timeout=60)

    @property
    def model(self) -> str:
        return f"/v1/models/{quote(NAME, safe='')}"

    @property
    def second(self) -> str:
        return f"/v2/models/{quote(NAME, safe='')}"


def exported(into: Path) -> None:
    digits = datasets.load("digits")
    pixels = keras.Input(digits.task.image)
    model = keras.Model(pixels, keras.layers.Dense(10)(keras.layers.Flatten()(pixels)))
    exporting.export(model, digits, into / NAME, {"classes": ["<script>", *"bcdefghi", "ü" * 300]})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home, root = once(tmp_path_factory, "served", exported) / NAME, tmp_path_factory.mktemp("served")
    with (root / "log").open("w") as log:
        command = [sys.executable, "-m", "suite", "serve", str(home), "--port", "0"]
        server = subprocess.Popen(command, stderr=log)
        try:
            while not (found := re.search(r"(http://127\.0\.0\.1:\d+) shows a page", (root / "log").read_text())):
                assert server.poll() is None, (root / "log").read_text()
            yield Served(url=found[1], folder=home / "1", log=root / "log")
        finally:
            server.terminate()
            assert server.wait(300) == 130
            assert (root / "log").read_text().endswith("suite: no longer served.\n")


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 20, 30, 1), np.uint8)


@pytest.fixture(scope="module")
def wanted(served: Served, pictures: np.ndarray) -> np.ndarray:
    signature = tf.saved_model.load(str(served.folder)).signatures["images"]
    return signature(images=tf.constant(pictures))["probabilities"].numpy()


def png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture.squeeze(-1)).save(buffer, "PNG")
    return buffer.getvalue()


def written(file: bytes) -> str:
    return base64.b64encode(file).decode()


def test_rows_of_tensorflow_serving(served: Served, pictures: np.ndarray, wanted: np.ndarray) -> None:
    for body in ({"instances": pictures.tolist()}, {"instances": [{"images": one.tolist()} for one in pictures]}):
        rows = served.post(f"{served.model}:predict", body).json()["predictions"]
        np.testing.assert_allclose([row["probabilities"] for row in rows], wanted, atol=1e-6)
        assert all(isinstance(row["label"], str) for row in rows)


def test_columns_and_files_and_pixels_of_tensorflow_serving(
    served: Served, pictures: np.ndarray, wanted: np.ndarray
) -> None:
    columns = served.post(f"{served.model}/versions/1:predict", {"inputs": {"images": pictures.tolist()}}).json()
    np.testing.assert_allclose(columns["outputs"]["probabilities"], wanted, atol=1e-6)
    files = [{"b64": written(png(one))} for one in pictures]
    rows = served.post(f"{served.model}:predict", {"signature_name": "encoded", "instances": files}).json()
    np.testing.assert_allclose([row["probabilities"] for row in rows["predictions"]], wanted, atol=1e-6)
    pixels = np.zeros((2, 32, 32, 1)).tolist()
    alone = served.post(f"{served.model}:predict", {"signature_name": "pixels", "instances": pixels}).json()
    assert np.shape(alone["predictions"]) == (2, 10)  # a single output has no name


def test_the_open_inference_protocol(served: Served, pictures: np.ndarray, wanted: np.ndarray) -> None:
    for way in ("/v2/health/live", "/v2/health/ready", f"{served.second}/ready", "/v2"):
        assert requests.get(served.url + way, timeout=60).status_code == 200
    told = requests.get(served.url + served.second, timeout=60).json()
    (takes,), gives = told["inputs"], {one["name"]: one for one in told["outputs"]}
    assert (told["name"], told["versions"], takes["shape"]) == (NAME, ["1"], [-1, -1, -1, 1])
    tensor = {"name": takes["name"], "datatype": takes["datatype"], "shape": [*pictures.shape]}
    for data in (pictures.ravel().tolist(), pictures.tolist()):
        answer = served.post(f"{served.second}/infer", {"id": "7", "inputs": [{**tensor, "data": data}]}).json()
        found = {one["name"]: one for one in answer["outputs"]}
        assert (answer["id"], answer["model_name"], set(found)) == ("7", NAME, set(gives))
        np.testing.assert_allclose(np.reshape(found["probabilities"]["data"], (3, 10)), wanted, atol=1e-6)
        assert found["label"]["shape"] == [3]
    files = {"name": "encoded", "datatype": "BYTES", "shape": [1], "data": [written(png(pictures[0]))]}
    body = {"inputs": [files], "outputs": [{"name": "probabilities"}]}
    (alone,) = served.post(f"{served.second}/infer", body).json()["outputs"]
    np.testing.assert_allclose(alone["data"], wanted[0], atol=1e-6)


def test_the_status_is_that_of_tensorflow_serving(served: Served) -> None:
    (state,) = requests.get(served.url + served.model, timeout=60).json()["model_version_status"]
    assert state == {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}


def test_the_page_answers_for_a_file_of_any_kind_and_runs_nothing_of_a_name(served: Served) -> None:
    page = requests.get(served.url, timeout=60)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page.text.replace('<script src="page.js" defer>', "")
    for name in re.findall(r'(?:src|href)="([^":]+)"', page.text):
        assert requests.get(f"{served.url}/{name}", timeout=60).status_code == 200
    buffer = io.BytesIO()
    Image.new("RGBA", (40, 30), (9, 9, 9, 128)).save(buffer, "WEBP")
    answer = requests.post(f"{served.url}/page/ask", data=buffer.getvalue(), timeout=60).json()
    assert len(answer["classes"]) == 5
    assert answer["milliseconds"] >= answer["signature_milliseconds"] > 0
    assert requests.get(f"{served.url}/page.json", timeout=60).json()["name"] == NAME


def test_what_libjpeg_says_of_odd_and_damaged_pictures_reaches_nobody(served: Served) -> None:
    whole = io.BytesIO()
    Image.new("L", (64, 48), 90).save(whole, "JPEG")
    head, scan, rest = whole.getvalue().partition(b"\xff\xda")
    odd, cut = head + b"junk" + scan + rest, head + scan + rest[: len(rest) // 2]
    before = served.log.read_text()
    codes = [
        served.post(f"{served.model}:predict", {"inputs": {"b64": base64.b64encode(file).decode()}, **ENCODED})
        for file in (odd, cut)
    ]
    assert [answer.status_code for answer in codes] == [200, 400]
    assert not COMPLAINT.search(served.log.read_text().removeprefix(before))


def test_the_page_opens_nothing_for_which_another_program_is_started(served: Served) -> None:
    buffer = io.BytesIO()
    Image.new("L", (9, 9)).save(buffer, "EPS")
    answer = requests.post(f"{served.url}/page/ask", data=buffer.getvalue(), timeout=60)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("EPS is not opened here")


def flat(width: int, height: int) -> bytes:
    """A picture of one colour: a small file, whatever its size."""
    buffer = io.BytesIO()
    Image.new("1", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


BAD: dict[str, tuple[int, Any]] = {
    "no JSON": (400, b"{"),
    "no text": (400, b"\xff\x00"),
    "deep": (400, b'{"instances":' + b"[" * 200_000),
    "a list": (400, []),
    "nothing": (400, {}),
    "both": (400, {"instances": [], "inputs": []}),
    "no picture": (400, {"instances": []}),
    "text": (400, {"instances": ["a"]}),
    "ragged": (400, {"instances": [[[[1], [2]], [[3]]]]}),
    "a flat list": (400, {"instances": [1, 2, 3]}),
    "above 255": (400, {"instances": [[[[256]]]]}),
    "below 0": (400, {"instances": [[[[-1]]]]}),
    "fractions": (400, {"instances": [[[[0.5]]]]}),
    "huge": (400, {"instances": [[[[10**400]]]]}),
    "truth": (400, {"instances": [[[[True]]]]}),
    "a truth among numbers": (400, {"instances": [[[[1], [True]]]]}),
    "a long text among short ones": (400, {"instances": ["a" * 10**6, *[""] * 10**6]}),  # 4 TB as an array of NumPy
    "nothing inside": (400, {"instances": [[[[None]]]]}),
    "three channels": (400, {"instances": [[[[1, 2, 3]]]]}),
    "not a number": (400, b'{"signature_name": "pixels", "instances": [[[[NaN]]]]}'),
    "infinite": (400, b'{"signature_name": "pixels", "instances": [[[[1e999]]]]}'),
    "another size": (400, {"signature_name": "pixels", "instances": [[[[1.0]]]]}),
    "no base64": (400, {"signature_name": "encoded", "instances": [{"b64": "?"}]}),
    "no file": (400, {"signature_name": "encoded", "instances": [{"b64": "AAAA"}]}),
    "cut": (
        400,
        {"signature_name": "encoded", "instances": [{"b64": written(png(np.ones((9, 9, 1), np.uint8))[:60])}]},
    ),
    "bomb": (413, {"signature_name": "encoded", "instances": [{"b64": written(flat(30_000, 30_000))}]}),
    "many": (413, {"signature_name": "encoded", "instances": [{"b64": ""}] * (MOST + 1)}),
    "a name that is no text": (400, {"signature_name": 7, "instances": [1]}),
    "another signature": (404, {"signature_name": "other", "instances": [1]}),
    "large": (413, b" " * (33 * 2**20)),
}


def test_files_in_the_place_of_numbers_are_told_their_signature() -> None:
    with pytest.raises(RequestError, match=r"needed, not objects\. Files in base64 are for the signature `encoded`"):
        asked.numbers("images", [{"b64": "AAAA"}])


@pytest.mark.parametrize("what", BAD)
def test_a_bad_request_is_refused_in_one_line_of_json_and_the_server_goes_on(served: Served, what: str) -> None:
    code, body = BAD[what]
    data = body if isinstance(body, bytes) else json.dumps(body)
    answer = requests.post(f"{served.url}{served.model}:predict", data=data, timeout=60)
    assert answer.status_code == code, answer.text
    said = answer.json()["error"]
    assert 5 < len(said) < 400
    assert "Traceback" not in said
    assert requests.get(served.url + "/v2/health/ready", timeout=60).status_code == 200
    assert "fault of the suite" not in served.log.read_text()


@pytest.mark.parametrize("path", ["/v1/models/other:predict", "/v2/models/other/infer", "/v9", "/../../etc/passwd"])
def test_what_is_not_there_is_said_in_json(served: Served, path: str) -> None:
    answer = served.post(path, {"instances": []})
    assert answer.status_code == 404
    assert answer.json()["error"]


def test_another_host_name_is_not_answered(served: Served) -> None:
    """So that no page of the web reaches it under a name of its own."""
    assert requests.get(served.url, headers={"Host": "evil.example"}, timeout=60).status_code == 400


def test_a_hundred_clients_at_once_all_get_their_answer(served: Served) -> None:
    def ask(number: int) -> bool:
        picture = np.full((1, 9, 9, 1), number, np.uint8)
        answer = served.post(f"{served.model}:predict", {"instances": picture.tolist()})
        return answer.status_code == 200 and len(answer.json()["predictions"]) == 1

    with ThreadPoolExecutor(100) as clients:
        assert all(clients.map(ask, range(200)))


def test_a_line_of_the_log_has_the_latency_beside_that_of_the_bare_signature(served: Served) -> None:
    served.post(f"{served.model}:predict", {"instances": [[[[1]]]]})
    line = served.log.read_text().splitlines()[-1]
    assert re.search(
        r"^POST .+:predict 200 in [\d.]+ ms, [\d.]+ ms in the model \(bare, one picture: [\d.]+ ms\)$", line
    )


@pytest.mark.browser
def test_the_page_in_a_browser_shows_names_as_text_and_everyone_can_use_it(served: Served, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    from tests.browser import chromium

    Image.new("RGB", (300, 200), "red").save(tmp_path / "red.png")
    page, said = chromium().new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: pytest.fail("a name ran"))
    page.goto(served.url)
    page.set_input_files("#file", tmp_path / "red.png")
    page.wait_for_selector("table")
    assert page.locator("h1").inner_text() == NAME
    assert page.locator("tr").count() == 5
    assert page.locator("script").count() == 1
    assert Axe().run(page).response["violations"] == []
    (tmp_path / "text.png").write_text("no picture")
    page.set_input_files("#file", tmp_path / "text.png")
    page.get_by_text("no picture inside").wait_for()
    page.set_viewport_size({"width": 320, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert [line for line in said if "400" not in line] == []  # Chromium tells the status of a refusal
    page.close()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
keys = st.sampled_from(
    ["instances", "inputs", "signature_name", "outputs", "b64", "images", "encoded", "pixels", "shape"]
)
bodies = st.dictionaries(keys, values | st.dictionaries(keys, values, max_size=3), max_size=4)


@given(bodies)
def test_any_body_is_understood_or_refused(told: dict[str, Any]) -> None:
    for question in (predict.question, inference.question):
        with suppress(RequestError):
            assert isinstance(question(told), Question)


tensors = st.fixed_dictionaries({
    "name": st.sampled_from(["images", "encoded", "pixels"]), "datatype": st.sampled_from(["UINT8", "BYTES", "FP32"]),
    "shape": st.lists(st.integers(-1, 10**20), max_size=5), "data": st.lists(values, max_size=4),
})  # fmt: skip


@given(tensors)
def test_any_tensor_is_understood_or_refused(tensor: dict[str, Any]) -> None:
    with suppress(RequestError):
        assert isinstance(inference.question({"inputs": [tensor]}), Question)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    with suppress(RequestError):
        assert isinstance(parsed(body), dict)
