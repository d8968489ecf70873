"""The optic disc of a phantom eye: where the outer layers end, fibres turn inwards and a cup may open.

Round numbers of healthy and glaucomatous discs: an opening of Bruch's membrane 1.4 to 2.0 mm across, a rim of nerve
fibres that thickens towards it and is lost where the cup is wide, a cup that may reach far below the membrane.
In the opening there is neither pigment epithelium nor membrane, so those lines are unknown there; the inner surface
goes on into the cup.  Coordinates as in :mod:`oct_eye`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.float64]
BORDER = 0.06  # of the radius: how soft the edge of the opening is


@dataclass(frozen=True, slots=True)
class Disc:
    """Opening of ``radius`` mm at ``(x, z)``; ``cup`` its share that is cup; ``cup_px`` how far the cup's floor lies
    below Bruch's membrane (above it where negative); ``rim_px`` how much the fibres lift the retina at the edge."""

    x: float
    z: float
    radius: float
    cup: float
    cup_px: float
    rim_px: float

    def share(self, x: Row, z: float) -> Row:
        """How far each column lies in the opening: 0 outside, 1 inside."""
        return np.clip((1 - self._away(x, z)) / BORDER + 0.5, 0, 1)

    def carve(self, lines: dict[str, Row], x: Row, z: float, axial: float) -> Row:
        """Lift the fibres around the disc and sink the cup, in place; returns :meth:`share`."""
        away = self._away(x, z)
        lift = self.rim_px * axial * np.exp(-np.clip(away - 1, 0, None) / 0.6)
        lines["ILM"] = lines["ILM"] - lift
        lines["GCL"] = lines["GCL"] - 0.15 * lift
        # one smooth step from the rim's height to the floor; the inner layers dip before the edge, fibres bend down
        floor = lines["BM"] + self.cup_px * axial
        edge = np.clip(self.cup, 0.05, 0.95)
        sunk = 1 / (1 + np.exp(np.clip((away - edge) / (0.05 + 0.12 * edge), -40, 40)))
        lines["ILM"] = lines["ILM"] + sunk * np.clip(floor - lines["ILM"], 0, None)
        return self.share(x, z)

    def _away(self, x: Row, z: float) -> Row:
        return np.asarray(np.hypot(x - self.x, z - self.z) / self.radius)
