"""A plugin for tests.  Its files are b"..ACM", a zero, one letter for what to do, and 6 pixels."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from fineview.api import FrameInfo, InputProblem, Laterality, Recording, ScaleSource, Spacing


class Reader:
    def claims(self, head: bytes, path: Path) -> bool:
        return head[2:6] == b"ACM\0"

    def recordings(self, path: Path) -> object:
        letter = path.read_bytes()[6:7]
        if letter == b"C":
            os.abort()
        if letter == b"H":
            while True:
                pass
        if letter == b"M":
            _ = [bytearray(1 << 24) for _ in range(1000)]
        if letter == b"N":
            return ["nonsense", 7]
        if letter == b"D":
            raise InputProblem("The Acme file is damaged.", "Copy it again.", "damaged")
        frame = FrameInfo(str(path), rows=2, cols=3, spacing=Spacing(0.5, 0.5, None, ScaleSource.ASSUMED))
        return (Recording("OP", (frame,), laterality=Laterality("L", "header")),)

    def pixels(self, path: Path, frame: int) -> object:
        return np.frombuffer(path.read_bytes()[7:13], np.uint8).reshape(2, 3)

    def layers(self, path: Path, frame: int) -> tuple[object, ...]:
        return ()
