"""Which decoder reads which transfer syntax: the fastest that is exact, and never a GPL one.

pydicom's own ``pylibjpeg`` plugin appears nowhere below, because it would take in the GPL-3 libjpeg; ``direct`` is
ours for openjpeg, rle, CharLS and gdcm (``formats.direct_decoders``).
"""

from __future__ import annotations

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from fineview.core.errors import InputProblem
from fineview.formats import jpeg_xl
from fineview.formats.direct_decoders import register

_JPEG = ("pillow", "gdcm")
_JPEG_LS = ("direct", "gdcm")
_JPEG_2000 = ("direct", "gdcm", "pillow")
_DIRECT = {"1.2.840.10008.1.2.4.51": "python-gdcm", "1.2.840.10008.1.2.5": "pylibjpeg-rle",
           "1.2.840.10008.1.2.4.80": "pyjpegls", "1.2.840.10008.1.2.4.81": "pyjpegls"}
PLUGINS: dict[str, tuple[str, ...]] = {
    "1.2.840.10008.1.2.4.50": _JPEG,
    "1.2.840.10008.1.2.4.51": ("direct", "pillow"),
    "1.2.840.10008.1.2.4.57": ("gdcm",),
    "1.2.840.10008.1.2.4.70": ("gdcm",),
    "1.2.840.10008.1.2.4.80": _JPEG_LS,
    "1.2.840.10008.1.2.4.81": _JPEG_LS,
    "1.2.840.10008.1.2.4.90": _JPEG_2000,
    "1.2.840.10008.1.2.4.91": _JPEG_2000,
    "1.2.840.10008.1.2.4.201": ("direct",),
    "1.2.840.10008.1.2.4.202": ("direct",),
    "1.2.840.10008.1.2.4.203": ("direct",),
    "1.2.840.10008.1.2.5": ("direct", "pydicom"),
    **dict.fromkeys(jpeg_xl.SYNTAXES, (jpeg_xl.PLUGIN,)),
}
_PACKAGES = {"gdcm": "python-gdcm", "pillow": "Pillow", jpeg_xl.PLUGIN: "imagecodecs"}
NATIVE = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.98",
                    "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.8.1"})
_NAMES = {**jpeg_xl.SYNTAXES, "1.2.840.10008.1.2.8.1": "Deflated Image Frame Compression"}
_VIDEO = "1.2.840.10008.1.2.4.10"


def package_of(plugin: str, syntax: str) -> str:
    """Name of the package a person would install for this plugin and syntax."""
    if plugin == "direct":
        return _DIRECT.get(syntax, "pylibjpeg-openjpeg")
    return _PACKAGES.get(plugin, "pydicom")


def available(syntax: str) -> tuple[str, ...]:
    """Plugins that are installed for this syntax, best first; () for native and deflated pixels.

    Raises ``InputProblem`` ``no-decoder``, which names the package to install or the syntax nobody decodes.
    """
    if syntax in NATIVE:
        return ()
    wanted = PLUGINS.get(syntax)
    if wanted is None:
        raise InputProblem(f"The pixels are stored in {title(syntax)}, which is not read here.",
                           "Ask for the file in another transfer syntax, such as Explicit VR Little Endian.",
                           "no-decoder")
    there = _installed(syntax)
    found = tuple(plugin for plugin in wanted if plugin in there)
    if not found:
        raise InputProblem(f"No decoder for {title(syntax)} is installed.",
                           f"Install the Python package {package_of(wanted[0], syntax)}.", "no-decoder")
    return found


def is_video(syntax: str) -> bool:
    """MPEG-2, MPEG-4 and HEVC, fragmentable or not (PS3.5 A.4): one stream instead of frames."""
    return syntax.startswith(_VIDEO) and syntax[len(_VIDEO):][:1].isdigit()


def title(syntax: str) -> str:
    """A transfer syntax in words, with its UID."""
    name = _NAMES.get(syntax) or UID(syntax).name
    return f"{name} ({syntax})" if name != syntax else f"transfer syntax {syntax}"


def _installed(syntax: str) -> tuple[str, ...]:
    if syntax in jpeg_xl.SYNTAXES:
        return (jpeg_xl.PLUGIN,) if jpeg_xl.is_available() else ()
    register()
    return tuple(get_decoder(UID(syntax)).available_plugins)
