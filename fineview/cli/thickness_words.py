"""The words of ``fineview thickness``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path


def add_words(commands: argparse._SubParsersAction[argparse.ArgumentParser],
              parents: Sequence[argparse.ArgumentParser]) -> None:
    """The grammar of this command."""
    made = commands.add_parser("thickness", parents=parents, help="thickness and ETDRS grid of an OCT volume")
    made.add_argument("path", type=Path)
    made.add_argument("--series", metavar="UID", help="default: the first volume of B-scans")
    made.add_argument("--lines", choices=("auto", "file", "model"), default="auto",
                      help="whose layer lines; auto: the file's, else the model's")
    made.add_argument("--layers", type=parse_pair, metavar="UPPER-LOWER", help="default: the whole retina")
    made.add_argument("--against", type=Path, metavar="PATH",
                      help="an earlier volume of the same eye, for what has changed in each field")
    made.add_argument("--centre", type=parse_place, metavar="FRAME,COLUMN",
                      help="the A-scan in the middle of the grid, both from 0; default: the middle of the scan")


def parse_pair(text: str) -> tuple[str, str]:
    """"ILM-BM".  Raises ``argparse.ArgumentTypeError``."""
    parts = text.split("-")
    if len(parts) != 2 or not all(parts) or parts[0] == parts[1]:
        raise argparse.ArgumentTypeError(f"\"{text}\" is not UPPER-LOWER, such as ILM-BM")
    return parts[0], parts[1]


def parse_place(text: str) -> tuple[int, float]:
    """"12,256".  Raises ``argparse.ArgumentTypeError``."""
    frame, _, column = text.partition(",")
    try:
        if int(frame) < 0 or float(column) < 0:
            raise ValueError
        return int(frame), float(column)
    except ValueError:
        raise argparse.ArgumentTypeError(f"\"{text}\" is not FRAME,COLUMN, both from 0") from None
