"""Pictures as every viewer shows them: the one door by which files come in, for training and for `suite predict`.

The turn that a camera noted is applied. Transparency is laid on a background. Colour profiles, CMYK and palettes become
sRGB. Grey of more than 8 bits is scaled from its own darkest and lightest value. An animation gives its first frame. A
large picture is reduced to a million pixels, while it is decoded where its format allows that.
"""

from __future__ import annotations

import io
import math
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageColor, UnidentifiedImageError

from suite.machine.capacity import free_memory

ENDINGS = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".avif", ".heic",
    ".heif", ".jp2", ".j2k", ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".pcx", ".ico",
})  # fmt: skip
PIXELS = 2**20  # that a picture has at most; a larger one is reduced
ROWS = 256  # of the reduced picture, that are made at a time
BLOCK = 64  # pictures that are viewed side by side
LARGE = 2**25  # pixels above which pictures are decoded one at a time
WHITE = "white"
TURN = 0x0112  # the EXIF tag
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
NO_PICTURE = "no picture inside"
EMPTY = "empty"
DAMAGED = "damaged or cut short"
TOO_LARGE = "too large for the memory of this machine"
UNREADABLE = "not readable"
LOWER_BITS = "colours of 16 bits: the lower 8 are lost"

Image.MAX_IMAGE_PIXELS = None  # Pillow refuses sound scans; what a picture may need is decided here, by the memory
_one_large = threading.Lock()


class PictureError(Exception):
    """A file that cannot be viewed. `kind` says why, in words that many files share."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, kw_only=True)
class View:
    """A picture as a viewer shows it."""

    image: Image.Image  # of mode L or RGB
    form: str  # of the file: `JPEG`, `PNG`
    lost: str = ""  # what of the file it does not show

    @property
    def pixels(self) -> np.ndarray:
        """The picture as uint8 [h, w, c]; c is 1 for grey."""
        return np.asarray(self.image).reshape(self.image.height, self.image.width, -1)

    @property
    def png(self) -> bytes:
        """The picture as a PNG file."""
        buffer = io.BytesIO()
        self.image.save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()


def colour(name: str) -> tuple[int, int, int]:
    """Return red, green and blue of a colour: `white`, `#ff8800`, `rgb(0, 0, 0)`. Raises ValueError."""
    return ImageColor.getrgb(name)[:3]


def is_known(file: Path) -> bool:
    """Whether a file begins as a picture does; no more of it is read."""
    _with_plugins()
    try:
        with Image.open(file):
            return True
    except Exception:  # Pillow's readers raise what they like
        return False


def view(file: Path | bytes, background: str = WHITE) -> View:
    """Return the picture in a file, or in bytes, as a viewer shows it. Raises PictureError."""
    try:
        if isinstance(file, Path) and file.stat().st_size > free_memory() / 2:
            raise PictureError(TOO_LARGE)
        data = file if isinstance(file, bytes) else file.read_bytes()
    except OSError as error:
        raise PictureError(f"{UNREADABLE} ({error.strerror})") from error
    if not data.strip(b"\0"):
        raise PictureError(EMPTY)
    _with_plugins()
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _viewed(image, colour(background))
    except UnidentifiedImageError as error:
        raise PictureError(NO_PICTURE) from error
    except MemoryError as error:
        raise PictureError(TOO_LARGE) from error
    except PictureError:
        raise
    except Exception as error:  # Pillow's readers raise what they like: OSError, SyntaxError, struct.error
        raise PictureError(DAMAGED) from error


def views(files: Sequence[Path], background: str = WHITE) -> Iterator[View | PictureError]:
    """Yield the view of each file, or why it has none; some are made side by side. Pillow's warnings are not heard."""

    def one(file: Path) -> View | PictureError:
        try:
            return view(file, background)
        except PictureError as error:
            return error

    for start in range(0, len(files), BLOCK):
        with warnings.catch_warnings(action="ignore"), ThreadPoolExecutor() as pool:
            block = list(pool.map(one, files[start : start + BLOCK]))
        yield from block


@cache
def _with_plugins() -> None:
    """Let Pillow read HEIC, if its plugin is there (the extra `heic`)."""
    with suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()


def _viewed(image: Image.Image, background: tuple[int, int, int]) -> View:
    pixels = image.width * image.height
    if not _is_covered(image):
        raise PictureError(DAMAGED)
    needed, free = pixels * (4 if image.mode not in ("1", "L", "P") else 1), free_memory()
    if needed > free / 2:
        raise PictureError(TOO_LARGE)
    lost = LOWER_BITS if image.mode.startswith(("RGB", "LA")) and _has_16_bits(image) else ""
    profile = image.info.get("icc_profile")
    with _one_large if pixels > LARGE else nullcontext():
        if image.format == "JPEG" and pixels > PIXELS:
            image.draft(image.mode, _reduced(image.size))
        small = _eight_bits(image)
    turn = _turn(image)  # not before it is decoded: some readers of Pillow apply it themselves
    shown = _turned(_laid(_in_srgb(small, profile), background), turn)
    fitting = shown.resize(_reduced(shown.size), Image.Resampling.LANCZOS)
    return View(image=fitting, form=image.format or "", lost=lost)


def _is_covered(image: Image.Image) -> bool:
    """Whether a TIFF file has data for all its rows; Pillow would show those that it has, and black below."""
    tiles = getattr(image, "tile", ()) if image.format == "TIFF" else ()
    across, down = (max((tile[1][side] for tile in tiles), default=0) for side in (2, 3))
    return not tiles or across * down >= image.width * image.height  # a size may be given as it is once turned


def _has_16_bits(image: Image.Image) -> bool:
    """Whether the file has 16 bits a channel, by the raw mode of its reader: `RGB;16B`."""
    return any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))


def _turn(image: Image.Image) -> int:
    """Return how the camera was held, 1 to 8; 1 if that is not known."""
    try:
        return int(image.getexif().get(TURN, 1))
    except Exception:  # damaged EXIF: the picture itself may be sound
        return 1


def _reduced(size: tuple[int, int]) -> tuple[int, int]:
    """Return a size of the same shape with PIXELS at the most."""
    share = min(1.0, math.sqrt(PIXELS / (size[0] * size[1])))
    return max(1, int(size[0] * share)), max(1, int(size[1] * share))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return a picture with 8 bits a channel and no palette; a large one reduced, some rows at a time."""
    ends = _ends(image)
    factor = int(math.sqrt(image.width * image.height / PIXELS))
    if factor < 2:
        return _converted(image, ends)
    parts = [
        _converted(image.crop((0, top, image.width, min(top + ROWS * factor, image.height))), ends).reduce(factor)
        for top in range(0, image.height, ROWS * factor)
    ]
    whole = Image.new(parts[0].mode, (parts[0].width, sum(part.height for part in parts)))
    for number, part in enumerate(parts):
        whole.paste(part, (0, ROWS * number))
    return whole


def _ends(image: Image.Image) -> tuple[float, float] | None:
    """Return the darkest and the lightest value of a picture that has more than 8 bits; None for another."""
    image.load()
    if not image.mode.startswith(("I", "F")):
        return None
    values = np.asarray(image)
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _converted(image: Image.Image, ends: tuple[float, float] | None) -> Image.Image:
    """Return a picture in a mode of 8 bits a channel; its transparency is a channel."""
    if ends is not None:
        low, high = ends
        values = np.nan_to_num(np.asarray(image, np.float64), nan=low, posinf=high, neginf=low)
        grey = (values - low) * (255 / (high - low)) if high > low else np.clip(values, 0, 255)
        return Image.fromarray(np.rint(grey).astype(np.uint8))
    if image.mode in ("P", "PA") or "transparency" in image.info:
        clear = image.mode == "PA" or "transparency" in image.info
        return image.convert("RGBA" if clear else "RGB")
    return image.convert({"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB"}.get(image.mode, image.mode))


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a picture in L, LA, RGB or RGBA whose colours are those of sRGB."""
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    bare = image.convert(image.mode[:-1]) if alpha else image
    if profile:
        bare = _by_profile(bare, profile)
    if bare.mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        bare = ImageCms.profileToProfile(bare, lab, ImageCms.createProfile("sRGB"), outputMode="RGB") or bare
    shown = bare if bare.mode in ("L", "RGB") else bare.convert("RGB")
    if alpha:
        shown.putalpha(alpha)
    return shown


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """Return a picture in sRGB; the picture as it is if its profile is none, or is of another kind of picture."""
    with suppress(ImageCms.PyCMSError, OSError, ValueError):
        known = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" not in ImageCms.getProfileDescription(known).lower():
            found = ImageCms.profileToProfile(image, known, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if found:
                return found.convert("L") if image.mode == "L" else found
    return image


def _laid(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    """Return a picture without transparency: laid on a background."""
    if image.mode not in ("LA", "RGBA"):
        return image
    grey = image.mode == "LA" and len(set(background)) == 1
    below = Image.new("RGBA", image.size, (*background, 255))
    laid = Image.alpha_composite(below, image.convert("RGBA"))
    return laid.convert("RGB").getchannel("R") if grey else laid.convert("RGB")


def _turned(image: Image.Image, turn: int) -> Image.Image:
    return image.transpose(TURNS[turn]) if turn in TURNS else image
