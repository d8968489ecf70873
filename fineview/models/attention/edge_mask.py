"""The edge mask of DAR in torch, where the encoder is: the same grey levels and the same mask as :mod:`imaging.dar`.

Step two of the user's DAR document (a mask where an edge measure exceeds its 95th percentile) without leaving the
device.  Pictures (H, W) uint8 in, measures (H, W) float32 in grey levels out.  OpenCV's arithmetic is reproduced, not
approximated: its Gaussian on 8 and 16 bit pictures is whole-number fixed point (kernels whose rounding error is carried
from tap to tap, one rounding at the end), its border mirrors without repeating the last pixel, and its morphology sees
nothing beyond the border.  So the values are equal and the masks are identical, on every device.

Shrinking to the working size stays with OpenCV (``dar.working_grey``): it happens once, on bytes that lie in memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fineview.core.evidence import DarSettings
from fineview.imaging import dar, edges


def edge_mask(rgb: NDArray[np.uint8], anatomy: str, settings: DarSettings | None = None, text: str | None = None,
              device: torch.device | str = "cpu") -> dar.EdgeMask:
    """What :func:`imaging.dar.edge_mask` returns, computed on ``device``.  Same errors."""
    settings = settings or DarSettings()
    name = dar.measure_for(anatomy, settings.edges, text)
    grey = torch.from_numpy(np.array(dar.working_grey(rgb))).to(device)
    seen = foreground(grey, anatomy)
    if not bool(seen.any()):
        return dar.EdgeMask(np.zeros(rgb.shape[:2], np.bool_), name, 0.0)
    values = measure(name, grey, dar.reach_px(tuple(grey.shape)))
    inside_values = values[seen]
    rank = dar.rank_of(dar.percentile_for(name, settings.percentile), inside_values.numel())
    cut = inside_values.kthvalue(rank + 1).values
    inside: NDArray[Any] = ((values > cut) & seen).cpu().numpy()
    return dar.EdgeMask(dar.on_source(inside, rgb.shape), name, float(cut))


def measure(name: edges.Measure, grey: Tensor, reach_px: int = edges.REACH_PX) -> Tensor:
    """:func:`imaging.edges.measure` of a picture (H, W) uint8: float32 (H, W) >= 0, in grey levels."""
    if name == "laplacian":
        return _laplacian(grey.int()).abs().float()
    fine = grey.long() << edges.FINE_BITS
    if name == "denoised":
        return _laplacian(_gaussian(fine, edges.DENOISE_SIGMA_PX, 16)).abs().float() / (1 << edges.FINE_BITS)
    if name not in edges.MEASURES:
        raise ValueError(f"unknown edge measure {name!r}; known: {', '.join(edges.MEASURES)}")
    dark, bright = _vessel_free(_gaussian(fine, edges.SPOT_SIGMA_PX, 16).int(), reach_px, name)
    strongest = {"dark": dark, "bright": bright}.get(name, torch.maximum(dark, bright))
    return strongest.float() / (1 << edges.FINE_BITS)


def foreground(grey: Tensor, anatomy: str) -> Tensor:
    """:func:`imaging.dar.foreground` of a picture (H, W) uint8: bool (H, W)."""
    smooth = _gaussian(grey.long(), 3.0, 8)
    if anatomy == "oct":
        tissue = ~_padding(grey >= dar.WHITE_GREY)
        counts = torch.bincount(smooth[tissue & (smooth < dar.WHITE_GREY)], minlength=256).tolist()
        return (smooth > max(dar.BACKGROUND_GREY, int(0.8 * _otsu(counts)))) & tissue
    seen = smooth > dar.BACKGROUND_GREY
    return _box(seen, 9, True, torch.minimum) if anatomy == "fundus" else seen


def _padding(white: Tensor) -> Tensor:
    """The white runs that begin at a side which is white along a good part of it, with a rim: bool (H, W)."""
    found = torch.zeros_like(white)
    for turns in range(4):
        side = torch.rot90(white, turns)
        if int(side[0].sum()) >= dar.PADDING_SHARE * side.shape[1]:
            found |= torch.rot90(side.int().cumprod(0).bool(), -turns)
    return _box(found, dar.PADDING_RIM_PX, False, torch.maximum)


def _box(grey: Tensor, side: int, beyond: int, join: Any) -> Tensor:
    """Greatest or least value in a square around each pixel: along the rows, then along the columns."""
    line = [[int(row == side // 2) for _ in range(side)] for row in range(side)]
    across = _slide(grey, line, beyond, join)
    return _slide(across, [list(column) for column in zip(*line, strict=True)], beyond, join)


def _mirrored(length: int, reach: int, device: torch.device) -> Tensor:
    """Where the pixels of a border of ``reach`` lie: OpenCV's BORDER_REFLECT_101, for pictures of any size."""
    places = torch.arange(-reach, length + reach, device=device)
    if length == 1:
        return torch.zeros_like(places)
    around = places.remainder(2 * (length - 1))
    return torch.minimum(around, 2 * (length - 1) - around)


def _taps(sigma_px: float, bits: int) -> list[int]:
    """OpenCV's fixed-point Gaussian: ``bits`` fractional bits, rounding errors carried on, the rest in the middle."""
    reach = 3 if bits == 8 else 4
    size = round(sigma_px * reach * 2 + 1) | 1
    places = np.arange(size) - size // 2
    share = np.exp(-(places**2) / (2 * sigma_px * sigma_px))
    share /= share.sum()
    taps, error = [], 0.0
    for wanted in share[: size // 2] * (1 << bits):
        taps.append(round(wanted + error))
        error += wanted - taps[-1]
    return [*taps, (1 << bits) - 2 * sum(taps), *taps[::-1]]


def _gaussian(grey: Tensor, sigma_px: float, bits: int) -> Tensor:
    """int64 (H, W), rounded once after both directions."""
    taps = _taps(sigma_px, bits)
    height, width = grey.shape
    across = grey[:, _mirrored(width, len(taps) // 2, grey.device)]
    rows = sum(tap * across[:, place:place + width] for place, tap in enumerate(taps))
    assert isinstance(rows, Tensor)
    down = rows[_mirrored(height, len(taps) // 2, grey.device)]
    total = sum(tap * down[place:place + height] for place, tap in enumerate(taps))
    assert isinstance(total, Tensor)
    return (total + (1 << (2 * bits - 1))) >> (2 * bits)


def _laplacian(grey: Tensor) -> Tensor:
    height, width = grey.shape
    wide = grey[_mirrored(height, 1, grey.device)][:, _mirrored(width, 1, grey.device)]
    return (wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]) - 4 * grey


def _slide(grey: Tensor, kernel: list[list[int]], beyond: int, join: Any) -> Tensor:
    """Greatest or least value under the ones of ``kernel``, ``beyond`` outside the picture."""
    half = len(kernel) // 2
    height, width = grey.shape
    wide = grey.new_full((height + 2 * half, width + 2 * half), beyond)
    wide[half:half + height, half:half + width] = grey
    found = grey
    for row, line in enumerate(kernel):
        for column, one in enumerate(line):
            if one:
                found = join(found, wide[row:row + height, column:column + width])
    return found


def _vessel_free(smooth: Tensor, reach_px: int, name: str) -> tuple[Tensor, Tensor]:
    """:func:`imaging.edges.vessel_free` after its Gaussian: dark and bright spots, int32 (H, W)."""
    top = (1 << 16) - 1
    filled, opened = torch.full_like(smooth, top), torch.zeros_like(smooth)
    for line in edges.lines(reach_px):
        kernel = line.tolist()
        if name != "bright":
            closed = _slide(_slide(smooth, kernel, 0, torch.maximum), kernel, top, torch.minimum)
            filled = torch.minimum(filled, closed)
        if name != "dark":
            open_ = _slide(_slide(smooth, kernel, top, torch.minimum), kernel, 0, torch.maximum)
            opened = torch.maximum(opened, open_)
    return filled - smooth, smooth - opened


def _otsu(counts: list[int]) -> int:
    """Otsu's threshold of 256 counts, the first of equals, as ``cv2.threshold`` finds it."""
    total = max(sum(counts), 1)
    mean = sum(level * count for level, count in enumerate(counts)) / total
    share = below = best = 0.0
    found = 0
    for level, count in enumerate(counts):
        part = count / total
        below = below * share
        share += part
        rest = 1.0 - share
        if min(share, rest) < 1.1920929e-07 or max(share, rest) > 1.0 - 1.1920929e-07:
            continue
        below = (below + level * part) / share
        above = (mean - share * below) / rest
        between = share * rest * (below - above) ** 2
        if between > best:
            best, found = between, level
    return found
