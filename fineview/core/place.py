"""Where a frame lies in the patient, and the way between its pixels and patient coordinates (PS3.3 C.7.6.2.1.1).

Patient coordinates are DICOM's: x to the patient's left, y to the back, z to the head, in mm.
"""

from __future__ import annotations

from dataclasses import dataclass

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """``corner_mm``: centre of the first pixel.  ``right``, ``down``: unit vectors of rising column and row.

    Distances between pixels are the frame's ``Spacing``.
    """

    corner_mm: Vector
    right: Vector
    down: Vector

    @property
    def normal(self) -> Vector:
        """right x down: the direction along which frames are ordered."""
        (a, b, c), (d, e, f) = self.right, self.down
        return (b * f - c * e, c * d - a * f, a * e - b * d)
