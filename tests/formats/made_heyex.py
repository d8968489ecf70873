"""HEYEX files built byte by byte from the published layout, for tests that need known truth or a certain lie."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROWS, COLS, SCANS, SLO = 20, 16, 5, 30
SLO_MM, ACROSS_MM, DEPTH_MM, STEP_MM = 0.01, 0.0115, 0.003872, 0.03
NOTHING = np.float32(3.4028235e38)


def reflectivity(seed: int = 3) -> NDArray[np.float32]:
    """(SCANS, ROWS, COLS) in [0, 1], with one pixel that has no value."""
    made = np.random.default_rng(seed).random((SCANS, ROWS, COLS)).astype(np.float32) ** 4
    made[1, 2, 3] = NOTHING
    return made


def localizer() -> NDArray[np.uint8]:
    return np.arange(SLO * SLO, dtype=np.uint16).reshape(SLO, SLO).astype(np.uint8)


def drawn() -> NDArray[np.float32]:
    """(SCANS, 3 lines, COLS): ILM with a gap, an empty BM, and one line that leaves the picture."""
    rows = np.full((SCANS, 3, COLS), NOTHING, np.float32)
    rows[:, 0] = 4.25 + np.arange(SCANS)[:, None]
    rows[:, 0, 5] = NOTHING
    rows[:, 2] = 12.5
    rows[:, 2, 0], rows[:, 2, 1] = -1e9, ROWS + 1
    return rows


def line_mm(scan: int) -> tuple[float, float, float, float]:
    """Horizontal, from below upwards as the instrument scans; x0, y0, x1, y1."""
    return 0.05, 0.2 - STEP_MM * scan, 0.05 + COLS * ACROSS_MM, 0.2 - STEP_MM * scan


def vol(pixels: NDArray[np.float32] | None = None, lines: NDArray[np.float32] | None = None, eye: bytes = b"OS",
        pattern: int = 3, version: bytes = b"HSF-OCT-103", places: Sequence[tuple[float, ...]] = (),
        **lies: int) -> bytes:
    """A VOL file; ``lies`` replace counts and sizes of the header."""
    pixels = reflectivity() if pixels is None else pixels
    lines = drawn() if lines is None else lines
    claims = {"cols": COLS, "scans": SCANS, "rows": ROWS, "slo_cols": SLO, "slo_rows": SLO} | lies
    own = 256 + lines[0].nbytes + 44
    head = struct.pack("<12s3I3d2I2dId4sQ2I16s16sI21s3xdI24sd",
                       version, claims["cols"], claims["scans"], claims["rows"], ACROSS_MM, STEP_MM, DEPTH_MM,
                       claims["slo_cols"], claims["slo_rows"], SLO_MM, SLO_MM, 30, -1.5, eye, 0, pattern, own, b"2390",
                       b"", 17, b"P-7", 25569.0, 4, b"", 45000.0)
    out = head.ljust(2048, b"\0") + localizer().tobytes()
    for n in range(SCANS):
        place = places[n] if places else line_mm(n)
        scan = struct.pack("<12sI4d2If", version, lies.get("own", own), *place, lies.get("drawn", lines.shape[1]),
                           lies.get("offset", 256), 25.0)
        out += scan.ljust(256, b"\0") + lines[n].tobytes() + b"\0" * 44 + pixels[n].tobytes()
    return out


def grey(seed: int = 5) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (SCANS, ROWS, COLS), np.uint8)


def _image(number: int, kind: str, rows: int, cols: int, across: float, down: float, file: str, more: str = "",
           segmentation: str = "") -> str:
    return f"""<Image><ID>{number}</ID><ImageType><Type>{kind}</Type></ImageType>
<OphthalmicAcquisitionContext><Width>{cols}</Width><Height>{rows}</Height><ScaleX>{across}</ScaleX>
<ScaleY>{down}</ScaleY>{more}</OphthalmicAcquisitionContext>
<ImageData><ExamURL>file:///\\\\server\\share\\{file}</ExamURL></ImageData>{segmentation}</Image>"""


def _line(name: str, values: Sequence[float], manual: bool = False, enabled: bool = True) -> str:
    words = " ".join("3e+038" if v >= 3e38 else f"{v:.6g}" for v in values)
    return (f"<SegLine><Name>{name}</Name><Enabled>{str(enabled).lower()}</Enabled><Manual>{str(manual).lower()}"
            f"</Manual><Array n=\"{len(values)}\" type=\"real\">{words}</Array></SegLine>")


def series(eye: str = "R", prefix: str = "", uid: str = "HE-1.2") -> str:
    """One examination; its pictures are called ``prefix`` and a number."""
    images = [_image(0, "LOCALIZER", SLO, SLO, SLO_MM, SLO_MM, f"{prefix}NIR.tif")]
    for n in range(SCANS):
        x0, y0, x1, y1 = line_mm(n)
        ends = (f"<Start><Coord><X>{x0}</X><Y>{y0:.3f}</Y></Coord></Start>"
                f"<End><Coord><X>{x1}</X><Y>{y1:.3f}</Y></Coord></End>")
        lines = (_line("ILM", drawn()[n, 0]) + _line("RPE", [12.5] * COLS, manual=True)
                 + _line("OPL", [9.0] * COLS, enabled=False))
        images.append(_image(n + 1, "OCT", ROWS, COLS, ACROSS_MM, DEPTH_MM, f"{prefix}B{n}.tif", ends,
                             f"<Segmentation>{lines}</Segmentation>"))
    return (f"<Series><SeriesUID>{uid}{eye}</SeriesUID><Type>Volume</Type><Laterality>{eye}</Laterality>"
            f"{''.join(images)}</Series>")


def description(*every: str, front: str = "", name: str = "Doe") -> str:
    date = "<Date><Year>2021</Year><Month>03</Month><Day>09</Day></Date>"
    return (f"{front}<HEDX><BODY><SWVersion><Name>Viewer</Name><Version>6.9</Version></SWVersion><Patient>"
            f"<PatientID>P-7</PatientID><LastName>{name}</LastName><FirstNames>Jane</FirstNames>"
            f"<Birthdate><Date><Year>1960</Year><Month>2</Month><Day>1</Day></Date></Birthdate><Sex>F</Sex>"
            f"<Study><StudyUID>1.2.3.4</StudyUID><StudyDate>{date}</StudyDate>{''.join(every)}</Study></Patient>"
            f"</BODY></HEDX>")


def write_pictures(folder: Path, prefix: str = "", seed: int = 5) -> None:
    Image.fromarray(localizer()).save(folder / f"{prefix}NIR.tif")
    for n, one in enumerate(grey(seed)):
        # As the instrument's program writes them: grey, three times over.
        Image.fromarray(np.repeat(one[..., None], 3, axis=2)).save(folder / f"{prefix}B{n}.tif")
