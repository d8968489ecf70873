"""openjpeg, rle, CharLS and gdcm as pydicom plugins of our own name.

openjpeg and rle without the ``pylibjpeg`` package between: it would also load the GPL-3 libjpeg wherever somebody has
installed it; ours cannot.  gdcm for 12-bit JPEG alone, which pydicom's own plugin refuses to ask it for.  CharLS
behind a check of the stream's end: it reads on past the end of one that was cut, for seconds.
Follows the plugin contract of pydicom 3 (``pydicom.pixels.decoders.base.Decoder.add_plugin``).
"""

from __future__ import annotations

import importlib.util

from pydicom import uid
from pydicom.pixels.common import PhotometricInterpretation
from pydicom.pixels.decoders.base import DecodeRunner, get_decoder

NAME = "direct"
JPEG_2000 = (uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K)
JPEG_LS = (uid.JPEGLSLossless, uid.JPEGLSNearLossless)
DECODER_DEPENDENCIES = {**dict.fromkeys(JPEG_2000, ("pylibjpeg-openjpeg>=2.4",)),
                        uid.RLELossless: ("pylibjpeg-rle>=2.1",), uid.JPEGExtended12Bit: ("python-gdcm>=3.2",),
                        **dict.fromkeys(JPEG_LS, ("pyjpegls>=1.5",))}
_MODULES = {uid.RLELossless: "rle", uid.JPEGExtended12Bit: "gdcm", **dict.fromkeys(JPEG_LS, "jpeg_ls")}
_DECODERS = {uid.RLELossless: "decode_rle", uid.JPEGExtended12Bit: "decode_jpeg_extended",
             **dict.fromkeys(JPEG_LS, "decode_jpeg_ls")}
_END_OF_IMAGE = b"\xff\xd9"
_CONTAINERS = ((8, 8), (16, 16), (32, 32))


def is_available(syntax: str) -> bool:
    return importlib.util.find_spec(_MODULES.get(uid.UID(syntax), "openjpeg")) is not None


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

    try:
        frame = decode_pixel_data(src, version=2, **runner.options)
    except BaseException as error:
        # A panic of its Rust code is no Exception, and would end the process.
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError("the RLE segments cannot be decoded") from error
    runner.set_option("planar_configuration", 1)
    return bytearray(frame)


def decode_jpeg_ls(src: bytes, runner: DecodeRunner) -> bytearray:
    """Samples; as planes where the stream is not interleaved (ISO 14495-1 C.2.3)."""
    import jpeg_ls

    if not src.rstrip(b"\0").endswith(_END_OF_IMAGE):
        raise ValueError("the code stream ends early")
    frame, told = jpeg_ls.decode_pixel_data(src)
    if told["components"] > 1:
        runner.set_option("planar_configuration", int(told["interleave_mode"] == 0))
    runner.set_option("bits_allocated", 8 if told["bits_per_sample"] <= 8 else 16)
    return bytearray(frame)


def decode_jpeg_extended(src: bytes, runner: DecodeRunner) -> bytes:
    """JPEG Process 2 and 4 of 8 or 12 bits -> samples, colours as they are stored (PS3.5 8.2.1)."""
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(src)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((runner.columns, runner.rows, 1))
    image.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation.GetPIType(runner.photometric_interpretation)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    if runner.samples_per_pixel > 1:
        image.SetPlanarConfiguration(runner.planar_configuration)
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str.__str__(runner.transfer_syntax))))
    image.SetPixelFormat(gdcm.PixelFormat(runner.samples_per_pixel, runner.bits_allocated, runner.bits_stored,
                                          runner.bits_stored - 1, runner.pixel_representation))
    frame = image.GetBuffer()
    if frame is None:
        raise ValueError("the code stream cannot be decoded")
    # gdcm's binding gives bytes as text.
    return bytes(frame.encode("utf-8", "surrogateescape"))


def register() -> None:
    """Add the plugins to pydicom's decoders; a second call changes nothing."""
    for syntax in DECODER_DEPENDENCIES:
        decoder = get_decoder(syntax)
        if NAME not in decoder.available_plugins and is_available(syntax):
            decoder.add_plugin(NAME, (__name__, _DECODERS.get(syntax, "decode_jpeg_2000")))
