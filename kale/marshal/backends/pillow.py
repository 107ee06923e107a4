"""Pillow: images as PNG where that keeps them exactly; opened files with what they told.

Known gap: what pickles leave out of an image that was opened from a file and is no plain data,
such as the open file itself.
"""

from __future__ import annotations

from typing import Any

from ..describe import describe
from ..digest import content
from ..manifest import MarshalError
from ..pickling import reduce
from ..resources import resource_load, resource_save

#: Modes that PNG has too.
_MODES = "1", "L", "LA", "RGB", "RGBA"

#: What an opened image has of its file and its decoder; pickled and loaded, it has none.
_OF_FILE = {"fp", "_fp", "_exclusive_fp", "_close_exclusive_fp_after_loading", "map", "tile"}

_ATOMS = str, int, float, bool, bytes, type(None)


@resource_save.register(r"PIL\.Image\.Image", safe=True)
def save_image(image: Any, path: str, **_: Any) -> Any:
    """Save an image without notes as ``path.png``, compressed a little."""
    known = {"_im", "_mode", "_size", "_readonly", "_exif", "info", "palette"}
    if vars(image).keys() - known or image.info or image._exif is not None:  # noqa: SLF001
        return NotImplemented
    if image.mode not in _MODES or 0 in image.size or image.palette is not None:
        return NotImplemented
    image.save(f"{path}.png", compress_level=1)
    return f"{path}.png"


@resource_load.register(r".*\.png", safe=True)
def load_image(uri: str, **_: Any) -> Any:
    """The image in a PNG file, as a plain one."""
    from PIL import Image

    with Image.open(uri) as opened:
        return opened.copy()


@reduce.register(r"PIL\.Image\.Image", subclasses=True)
def reduce_image(image: Any, pickler: Any) -> Any:  # noqa: ARG001 -- as all of these functions
    """An image as Pillow has it, with the attributes that Pillow leaves out.

    Raises:
        MarshalError: it has several frames, of which Pillow would keep one.
    """
    if getattr(image, "n_frames", 1) != 1:
        raise MarshalError(
            f"an image of {image.n_frames} frames would come back with one; keep its file, or "
            "copies of its frames"
        )
    make, arguments, state, *_ = image.__reduce_ex__(5)
    return make, arguments, (state, _attributes(image)), None, None, fill_image


def _attributes(image: Any) -> dict[str, Any]:
    known = {"_im", "_mode", "_size", "_readonly", "info", "palette", "filename"} | _OF_FILE
    attributes = vars(image).items()
    return {k: v for k, v in attributes if k not in known and (_is_data(v) or k == "_exif")}


@content.register(r"PIL\.Image\.Image", subclasses=True)
def image_content(image: Any) -> Any:
    """What makes an image, without what saving it, or asking for its notes, leaves behind."""
    *_, state = image.__reduce_ex__(5)[:3]
    left = {"_exif", "encoderinfo", "encoderconfig", "_default_encoderinfo"}
    kept = {k: v for k, v in _attributes(image).items() if k not in left}
    return state, sorted(image.getexif().items()), kept


def _is_data(value: Any) -> bool:
    """Whether ``value`` is made of builtin types alone."""
    kind = type(value)
    if kind is dict:
        return _is_data(list(value.items()))
    return kind in _ATOMS or (kind in (list, tuple) and all(map(_is_data, value)))


def fill_image(image: Any, state: Any) -> None:
    """Give an image its pixels and its other attributes."""
    image.__setstate__(state[0])
    vars(image).update(state[1])


@describe.register(r"PIL\.Image\.Image", subclasses=True)
def describe_image(image: Any) -> tuple[str, str]:
    """Size and mode, and the format of the file it comes from."""
    width, height = image.size
    came = f", from {image.format}" if image.format else ""
    return f"{width} x {height} pixels, {image.mode}{came}", ""
