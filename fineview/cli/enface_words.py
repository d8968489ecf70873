"""The words of ``fineview enface``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fineview.services.slab import Edge

_DEPTH = re.compile(r"(\d+(?:\.\d+)?)(um|px)")
_LINE = re.compile(r"([^\W\d_][^+\-]*)(?:([+-]\d+(?:\.\d+)?)(um|px))?")


def add_words(commands: argparse._SubParsersAction[argparse.ArgumentParser],
              parents: Sequence[argparse.ArgumentParser]) -> None:
    """The grammar of this command."""
    made = commands.add_parser("enface", parents=parents, help="a slab of an OCT volume from the front")
    made.add_argument("path", type=Path)
    made.add_argument("--out", type=Path, required=True, metavar="FILE", help="PNG")
    made.add_argument("--from", dest="upper", type=parse_edge, required=True, metavar="EDGE",
                      help="a layer line, a depth, or a place beside a line: ILM, 300um, 80px, RPE-20um")
    made.add_argument("--to", dest="lower", type=parse_edge, required=True, metavar="EDGE")
    made.add_argument("--mode", choices=("mean", "max"), default="mean")
    made.add_argument("--series", metavar="UID", help="default: the first volume of B-scans")
    made.add_argument("--lines", choices=("auto", "file", "model"), default="auto",
                      help="whose layer lines; auto: the file's, else the model's")


def parse_edge(text: str) -> Edge:
    """"ILM", "ILM+20um", "120px".  Raises ``argparse.ArgumentTypeError``."""
    from fineview.services.slab import TOP, Edge

    depth, line = _DEPTH.fullmatch(text), _LINE.fullmatch(text)
    if depth is not None:
        return Edge(TOP, float(depth[1]), "px" if depth[2] == "px" else "um")
    if line is None:
        raise argparse.ArgumentTypeError(f"\"{text}\" is no edge, such as ILM, RPE-20um, 300um or 80px")
    return Edge(line[1], float(line[2] or 0.0), "px" if line[3] == "px" else "um")
