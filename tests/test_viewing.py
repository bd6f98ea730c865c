"""Does training see what a viewer shows, of every kind of picture that people have, and does `suite predict` too?"""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from suite import datasets
from suite.core.errors import DatasetError
from suite.core.preparation import Preparation
from suite.datasets.dataset import Dataset
from suite.pictures import viewing
from suite.pictures.viewing import PIXELS, PictureError, view
from tests.pictures import encoded, fill, noise

COLOUR = noise(1, (60, 40))
GREY = noise(2, (60, 40), "L")


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))


def written(picture: Image.Image, form: str, **how: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **how)
    return buffer.getvalue()


def shown(data: bytes, background: str = "white") -> np.ndarray:
    return view(data, background).pixels.astype(int)


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture).reshape(picture.height, picture.width, -1).astype(int)


# ---- kinds


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM", "TGA", "PCX", "JPEG2000"])
@pytest.mark.parametrize("picture", [COLOUR, GREY], ids=["colour", "grey"])
def test_a_format_that_loses_nothing_shows_its_picture(form: str, picture: Image.Image) -> None:
    assert np.array_equal(shown(written(picture, form)), pixels(picture))


@pytest.mark.parametrize(("form", "how"), [("WEBP", {"lossless": True}), ("AVIF", {"quality": 100}), ("GIF", {})])
def test_other_formats_show_it_as_well_as_they_can(form: str, how: dict) -> None:
    flat = Image.new("RGB", (60, 40), (200, 30, 90))
    assert np.abs(shown(written(flat, form, **how)) - pixels(flat)).max() <= 3


def test_pictures_of_telephones_are_shown_upright() -> None:
    import pillow_heif

    exif, half = Image.Exif(), Image.new("RGB", (64, 32), "white")
    half.paste("black", (0, 0, 32, 32))
    exif[0x0112] = 6  # its top is on the right
    buffer = io.BytesIO()
    pillow_heif.from_pillow(half).save(buffer, quality=-1, exif=exif.tobytes())
    seen = shown(buffer.getvalue())
    assert seen.shape == (64, 32, 3)
    assert seen[:30].max() < 20
    assert seen[34:].min() > 235


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_turn_that_a_camera_noted_is_applied(turn: int, form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    data = written(COLOUR, form, exif=exif)
    with Image.open(io.BytesIO(data)) as opened:
        expected = pixels(ImageOps.exif_transpose(opened).convert("RGB"))
    assert np.array_equal(shown(data), expected)


@pytest.mark.parametrize("background", ["white", "black", "#ff8800"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_transparency_is_laid_on_the_background(mode: str, background: str, form: str) -> None:
    clear, grey = noise(3, (60, 40), "L"), mode == "LA"
    picture = (GREY if grey else COLOUR).copy()
    picture.putalpha(clear)
    share, below = pixels(clear) / 255, np.array(viewing.colour(background))
    expected = pixels(GREY if grey else COLOUR) * share + below * (1 - share)
    assert np.abs(shown(written(picture, form), background) - expected).max() <= 1


def test_a_colour_that_is_declared_transparent_is_so() -> None:
    drawing = Image.new("RGB", (60, 40), (1, 2, 3))
    drawing.paste((200, 0, 0), (10, 10, 30, 30))
    on_white = drawing.copy()
    on_white.paste((255, 255, 255), mask=Image.eval(drawing.getchannel("R"), lambda red: 255 * (red == 1)))
    assert np.array_equal(shown(written(drawing, "PNG", transparency=(1, 2, 3))), pixels(on_white))
    palette = drawing.quantize(2)
    assert np.array_equal(shown(written(palette, "PNG", transparency=palette.getpixel((0, 0)))), pixels(on_white))


@pytest.mark.parametrize("form", ["PNG", "BMP", "GIF", "TIFF"])
def test_palettes_and_one_bit_show_their_colours(form: str) -> None:
    palette = COLOUR.quantize(16)
    assert np.array_equal(shown(written(palette, form)), pixels(palette.convert("RGB")))
    bits = GREY.convert("1")
    assert np.abs(shown(written(bits, form)) - pixels(bits.convert("L"))).max() <= 1


@pytest.mark.parametrize(("dtype", "form"), [
    (np.uint16, "PNG"), (np.uint16, "TIFF"), (">u2", "TIFF"), (np.int32, "TIFF"), (np.float32, "TIFF"),
])  # fmt: skip
@pytest.mark.parametrize("most", [255, 4095, 60000])
def test_more_than_8_bits_are_scaled_by_the_files_own_range(dtype: str, form: str, most: int) -> None:
    values = np.random.default_rng(0).integers(100, most, (40, 60))
    expected = (values - values.min()) / (values.max() - values.min()) * 255
    assert np.abs(shown(written(Image.fromarray(values.astype(dtype)), form))[..., 0] - expected).max() <= 0.5


def test_colours_of_16_bits_are_shown_and_it_is_said_what_is_lost() -> None:
    assert view(_png_of_16_bits()).lost == viewing.LOWER_BITS
    assert view(written(COLOUR, "PNG")).lost == ""


def _png_of_16_bits() -> bytes:
    """Return a PNG of 16 bits a channel, written by hand: Pillow does not write one."""
    import zlib

    values = np.random.default_rng(0).integers(0, 65536, (4, 5, 3)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 5, 4, 16, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_is_shown_in_its_colours(form: str) -> None:
    ink = Image.new("CMYK", (60, 40), (0, 255, 255, 0))
    assert np.abs(shown(written(ink, form)) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_colour_profile_is_heeded(mode: str) -> None:
    """Of a device whose red is our blue."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    head, rest = profile[:128], profile[128:]
    swapped = head + rest.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    for encoding in ("utf-16-be", "ascii"):
        swapped = swapped.replace("sRGB".encode(encoding), "swap".encode(encoding))
    red = Image.new(mode, (60, 40), (255, 0, 0, 255)[: len(mode)])
    assert np.abs(shown(written(red, "PNG", icc_profile=swapped)) - [0, 0, 255]).max() <= 8
    assert np.array_equal(shown(written(red, "PNG", icc_profile=profile))[0, 0], [255, 0, 0])
    assert np.array_equal(shown(written(red, "PNG", icc_profile=b"no profile"))[0, 0], [255, 0, 0])


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_shown(form: str) -> None:
    first, second = (Image.new("RGB", (60, 40), colour) for colour in ((200, 0, 0), (0, 0, 200)))
    data = written(first, form, save_all=True, append_images=[second])
    assert np.abs(shown(data) - [200, 0, 0]).max() <= 5


# ---- large ones


@pytest.mark.parametrize(
    ("mode", "form"), [("RGB", "JPEG"), ("L", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("1", "TIFF")]
)
def test_a_scan_is_reduced_and_every_part_stays_where_it_was(mode: str, form: str) -> None:
    """A scan of 24 megapixels in four colours."""
    scan = Image.new("RGB", (6000, 4000), "black")
    scan.paste("white", (3000, 0, 6000, 2000))
    scan.paste((255, 0, 0) if mode not in ("L", "1") else "white", (0, 2000, 3000, 4000))
    small = view(written(scan.convert(mode), form)).image
    assert PIXELS / 1.01 < small.width * small.height <= PIXELS
    assert small.width / small.height == pytest.approx(1.5, rel=2e-3)
    for at in ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        seen = small.convert("RGB").getpixel((int(at[0] * small.width), int(at[1] * small.height)))
        there = scan.getpixel((int(at[0] * 6000), int(at[1] * 4000)))
        assert np.abs(np.subtract(seen, there)).max() <= 6


def test_what_the_memory_cannot_hold_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "free_memory", lambda: 1_000_000)
    view(written(COLOUR, "PNG"))
    with pytest.raises(PictureError, match="too large for the memory"):
        view(written(Image.new("RGB", (1000, 1000)), "PNG"))


# ---- what is no picture


def test_a_scan_that_lacks_rows_is_damaged_and_not_black_below() -> None:
    data = written(noise(3, (30, 40)), "TIFF")
    entry = struct.pack("<HHI", 257, 4, 1) + struct.pack("<I", 40)  # tag, kind, count and value of its height
    assert entry in data
    with pytest.raises(PictureError, match="damaged or cut short"):
        view(data.replace(entry, entry[:8] + struct.pack("<I", 4_000_000)))
    assert shown(data).shape == (40, 30, 3)


@pytest.mark.parametrize(("data", "kind"), [
    (b"", "empty"), (b"\0" * 500, "empty"), (b"<html>no such page</html>", "no picture inside"),
    (encoded(COLOUR, "JPEG")[:900], "damaged or cut short"), (encoded(COLOUR, "PNG")[:900], "damaged or cut short"),
])  # fmt: skip
def test_what_has_no_picture_says_of_which_kind_it_is(data: bytes, kind: str) -> None:
    with pytest.raises(PictureError, match=f"^{kind}$"):
        view(data)


@settings(max_examples=300)
@given(
    st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "TGA", "PPM", "ICO", "PCX"]),
    st.lists(st.tuples(st.integers(0, 5000), st.binary(max_size=6)), max_size=8),
    st.integers(0, 5000),
)
def test_a_file_with_any_bytes_changed_is_shown_or_refused(
    form: str, changes: list[tuple[int, bytes]], cut: int
) -> None:
    data = bytearray(encoded(noise(1, (9, 7)), form))
    for place, bytes_ in changes:
        data[place % len(data) : place % len(data) + len(bytes_)] = bytes_
    with_end = bytes(data if cut > 4000 else data[: cut % len(data)])
    with suppress(PictureError):
        assert view(with_end).image.mode in ("L", "RGB")


# ---- folders


def kinds(root: Path) -> None:
    """Fill a folder with pictures of two classes that are odd in many ways."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for number, name in enumerate(("red", "blue")):
        folder = root / name
        fill(folder, range(100 * number, 100 * number + 6))
        colour = ((250, 20, 30), (20, 30, 250))[number]
        flat = Image.new("RGB", (50, 40), colour)
        flat.save(folder / "turned.jpg", exif=exif)
        flat.save(folder / "plain.jpg", quality=95)
        flat.quantize(4).save(folder / "palette.bmp")
        flat.convert("CMYK").save(folder / "ink.jpg")
        flat.save(folder / "web.webp")
        flat.save(folder / "scan.tiff")
        junk = (folder / "plain.jpg").read_bytes()
        (folder / "junk.jpg").write_bytes(junk[:-2] + b"\1\2\3\4\5" * 4 + junk[-2:])
        (folder / "odd.jpg").write_bytes(junk.replace(b"JFIF\0\1\1", b"JFIF\0\7\1"))
        clear = flat.copy()
        clear.putalpha(Image.linear_gradient("L").resize(flat.size))
        clear.save(folder / "clear.png")


def test_training_reads_what_a_viewer_shows_and_hears_of_no_oddity(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kinds(tmp_path / "set")
    data = datasets.load(str(tmp_path / "set"), (16, 16, 3))
    read = {picture.tobytes() for part in ("train", "validation", "test") for picture, _ in data.samples(part, 99)}
    for file in (tmp_path / "set").glob("*/*"):
        assert view(file).pixels.tobytes() in read, file
    list(data.train(batch_size=8, seed=0))
    assert "JPEG" not in capfd.readouterr().err


def test_a_plain_photo_is_kept_as_it_is_and_what_reads_otherwise_is_not(tmp_path: Path) -> None:
    kinds(tmp_path / "set")
    data = datasets.load(str(tmp_path / "set"), (16, 16, 3))
    records = {
        record
        for part in ("train", "validation", "test")
        for record, _ in data.reader.source.records(part).as_numpy_iterator()
    }
    for name in ("red", "blue"):
        folder = tmp_path / "set" / name
        assert (folder / "plain.jpg").read_bytes() in records
        for odd in ("turned.jpg", "junk.jpg", "odd.jpg", "palette.bmp"):
            assert (folder / odd).read_bytes() not in records


def test_icons_that_are_black_below_their_transparency_are_told_apart(tmp_path: Path) -> None:
    """As keras-preprocessing#343: without its transparency each of these is one black picture."""
    for name, box in (("lying", (4, 12, 28, 20)), ("standing", (12, 4, 20, 28))):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(6):
            clear = Image.new("L", (32, 32), number)
            clear.paste(255, box)
            icon = Image.new("RGB", (32, 32), "black")
            icon.putalpha(clear)
            icon.save(tmp_path / "set" / name / f"{number}.png")
    lying, standing = _means(datasets.load(str(tmp_path / "set")))
    assert np.abs(lying - standing).max() > 200
    with pytest.raises(DatasetError, match="look the same"):
        datasets.load(str(tmp_path / "set"), preparation=Preparation(background="black"))


def _means(data: Dataset) -> list[np.ndarray]:
    seen = data.samples("train", 99)
    return [np.mean([picture for picture, one in seen if one == label], axis=0) for label in (0, 1)]


def test_pictures_or_classes_that_all_look_the_same_are_refused(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(6):
            data = written(Image.new("RGB", (20, 20)), "PNG") + f"{name}{number}".encode()
            (tmp_path / "set" / name / f"{number}.png").write_bytes(data)
    with pytest.raises(DatasetError, match="all 12 pictures look the same, though their files differ"):
        datasets.load(str(tmp_path / "set"))
    fill(tmp_path / "set" / "owl", range(6), size=(20, 20))
    with pytest.raises(
        DatasetError, match="too small to be split: it needs at least 3 different pictures, and has 1 in 6 files"
    ):
        datasets.load(str(tmp_path / "set"))


def test_what_pictures_lose_is_said_once_for_all(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(tmp_path / "set" / "a", range(5), size=(5, 4))
    fill(tmp_path / "set" / "b", range(9, 14), size=(5, 4))
    (tmp_path / "set" / "a" / "deep.png").write_bytes(_png_of_16_bits())
    datasets.load(str(tmp_path / "set"))
    assert "1 of its pictures have colours of 16 bits: the lower 8 are lost" in caplog.text
