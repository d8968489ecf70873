"""Recommended colours of an object, as sRGB (PS3.3 C.10.7.1.1)."""

from __future__ import annotations

import math

from pydicom.dataset import Dataset

from fineview.core.companion import Colour
from fineview.formats.values import numbers

# Away from the yellow of a person's marks and the green-blue of a model's.
_PALETTE: tuple[Colour, ...] = ((190, 160, 255), (86, 170, 255), (255, 130, 180), (150, 220, 90), (255, 140, 70),
                                (230, 120, 255), (205, 205, 205), (255, 110, 110))
# CIE XYZ of the ICC profile connection space's white, D50, and linear sRGB from it (Bradford adapted, ICC sRGB v4).
_D50 = (0.9642, 1.0, 0.8249)
_TO_RGB = ((3.1338561, -1.6168667, -0.4906146), (-0.9787684, 1.9161415, 0.0334540), (0.0719453, -0.2289914, 1.4052427))


def by_number(number: int) -> Colour:
    """A colour of our own where the object recommends none."""
    return _PALETTE[(number - 1) % len(_PALETTE)]


def recommended(item: Dataset, keyword: str, number: int) -> Colour:
    """The CIELab value of ``keyword`` as sRGB, else a colour by ``number``."""
    scaled = numbers(item, keyword)
    if len(scaled) != 3 or not all(0 <= one <= 65535 for one in scaled):
        return by_number(number)
    return from_lab(scaled[0] / 65535 * 100, scaled[1] / 65535 * 255 - 128, scaled[2] / 65535 * 255 - 128)


def from_lab(lightness: float, a: float, b: float) -> Colour:
    """CIELab (D50) -> sRGB, 8 bits, clipped to what a screen shows (CIE 15, IEC 61966-2-1)."""
    middle = (lightness + 16) / 116
    xyz = [white * _unbend(value) for white, value in zip(_D50, (middle + a / 500, middle, middle - b / 200),
                                                          strict=True)]
    linear = (sum(weight * value for weight, value in zip(row, xyz, strict=True)) for row in _TO_RGB)
    red, green, blue = (round(255 * _gamma(min(max(one, 0.0), 1.0))) for one in linear)
    return red, green, blue


def _unbend(value: float) -> float:
    return value**3 if value > 6 / 29 else 3 * (6 / 29) ** 2 * (value - 4 / 29)


def _gamma(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * math.pow(value, 1 / 2.4) - 0.055
