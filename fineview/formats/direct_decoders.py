"""openjpeg and rle as pydicom plugins of our own name, without the ``pylibjpeg`` package between.

That package would also load the GPL-3 libjpeg wherever somebody has installed it; ours cannot.
Follows the plugin contract of pydicom 3 (``pydicom.pixels.decoders.base.Decoder.add_plugin``).
"""

from __future__ import annotations

import importlib.util

from pydicom import uid
from pydicom.pixels.common import PhotometricInterpretation
from pydicom.pixels.decoders.base import DecodeRunner, get_decoder

NAME = "direct"
JPEG_2000 = (uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K)
DECODER_DEPENDENCIES = {**dict.fromkeys(JPEG_2000, ("pylibjpeg-openjpeg>=2.4",)),
                        uid.RLELossless: ("pylibjpeg-rle>=2.1",)}
_CONTAINERS = ((8, 8), (16, 16), (32, 32))


def is_available(syntax: str) -> bool:
    return importlib.util.find_spec("rle" if syntax == uid.RLELossless else "openjpeg") is not None


def decode_jpeg_2000(src: bytes, runner: DecodeRunner) -> bytearray:
    """Codestream -> samples; openjpeg undoes the colour transform and sizes its words by the stream's precision."""
    from openjpeg.utils import decode_pixel_data

    frame = decode_pixel_data(src, version=2, **runner.options)
    if runner.photometric_interpretation in (PhotometricInterpretation.YBR_ICT, PhotometricInterpretation.YBR_RCT):
        runner.set_option("photometric_interpretation", PhotometricInterpretation.RGB)
    precision = runner.get_option("j2k_precision", runner.bits_stored)
    for most, container in _CONTAINERS:
        if 0 < precision <= most:
            runner.set_option("bits_allocated", container)
            break
    return bytearray(frame)


def decode_rle(src: bytes, runner: DecodeRunner) -> bytearray:
    """RLE segments -> samples, one colour plane after the other (PS3.5 G)."""
    from rle.utils import decode_pixel_data

    frame = decode_pixel_data(src, version=2, **runner.options)
    runner.set_option("planar_configuration", 1)
    return bytearray(frame)


def register() -> None:
    """Add the plugins to pydicom's decoders; a second call changes nothing."""
    for syntax in (*JPEG_2000, uid.RLELossless):
        decoder = get_decoder(syntax)
        if NAME not in decoder.available_plugins and is_available(syntax):
            decode = "decode_rle" if syntax == uid.RLELossless else "decode_jpeg_2000"
            decoder.add_plugin(NAME, (__name__, decode))
