"""Orientation markers: what lies beyond each edge of the picture, from the header alone, "?" where it is silent.

Letters are DICOM Patient Orientation (PS3.3 C.7.6.1.1.1): R, L, A, P, H, F, and combinations such as "AF".  For an eye
whose side is known, left and right of the patient become N (nasal) and T (temporal): a right eye has its nose on
the patient's left.
"""

from __future__ import annotations

from dataclasses import dataclass

_OPPOSITE = {"R": "L", "L": "R", "A": "P", "P": "A", "H": "F", "F": "H", "N": "T", "T": "N"}
_SILENT = "?"


def opposite(letters: str) -> str:
    """The direction against ``letters``, letter by letter; "?" stays "?"."""
    return "".join(_OPPOSITE.get(letter, _SILENT) for letter in letters) or _SILENT


def for_eye(letters: str, laterality: str | None) -> str:
    """Replace R and L by N and T where the eye is known to be one of "R", "L"."""
    if laterality not in ("R", "L"):
        return letters
    nasal = "L" if laterality == "R" else "R"
    return "".join("N" if c == nasal else "T" if c == opposite(nasal) else c for c in letters)


@dataclass(frozen=True, slots=True)
class Orientation:
    """Directions of increasing column (``along_row``) and of increasing row (``along_column``); "" where unknown."""

    along_row: str = ""
    along_column: str = ""

    def edges(self) -> tuple[str, str, str, str]:
        """Markers of the untransformed picture: left, top, right, bottom."""
        return (opposite(self.along_row), opposite(self.along_column),
                self.along_row or _SILENT, self.along_column or _SILENT)


@dataclass(frozen=True, slots=True)
class ViewTransform:
    """How the picture lies on screen: first mirrored left to right, then turned clockwise by quarter turns.

    The two fields give all eight placements of a rectangle (the dihedral group D4), each exactly once.
    """

    mirrored: bool = False
    quarter_turns: int = 0

    def flip_horizontal(self) -> ViewTransform:
        # A mirror after a turn equals the opposite turn after a mirror.
        return ViewTransform(not self.mirrored, -self.quarter_turns % 4)

    def flip_vertical(self) -> ViewTransform:
        return self.flip_horizontal().rotate(2)

    def rotate(self, turns: int = 1) -> ViewTransform:
        return ViewTransform(self.mirrored, (self.quarter_turns + turns) % 4)

    def markers(self, orientation: Orientation) -> tuple[str, str, str, str]:
        """Markers of the picture on screen: left, top, right, bottom."""
        left, top, right, bottom = orientation.edges()
        if self.mirrored:
            left, right = right, left
        for _ in range(self.quarter_turns % 4):
            # Turning clockwise brings the left edge to the top.
            left, top, right, bottom = bottom, left, top, right
        return left, top, right, bottom
