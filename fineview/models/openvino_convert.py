"""From a torch module to an OpenVINO model that runs, with its intermediate form kept on disk.

OpenVINO (Apache-2.0) is optional and imported when something is converted.  The way: ``torch.export`` with the
shapes of an example, so that nothing is traced through Python twice; one operation that OpenVINO lacks, the
antialiased resize of the tiles, taken apart into two products with its exact weights; ``openvino.convert_model``.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def installed() -> bool:
    """Whether OpenVINO can be imported; it is not imported."""
    return importlib.util.find_spec("openvino") is not None


def version() -> str:
    """OpenVINO's and torch's version: an intermediate form belongs to both."""
    from importlib.metadata import version as of

    return f"{of('openvino')}-{torch.__version__}"


def library() -> Any:
    """OpenVINO without its telemetry, which reports conversions to its maker: nothing leaves this machine."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def converted(module: nn.Module, example: Sequence[Tensor], kept: Path | None = None) -> Any:
    """The OpenVINO model of ``module`` for inputs of these shapes; ``kept`` (``NAME.xml``) is read or written.

    Raises whatever torch or OpenVINO raise where they cannot take it.
    """
    openvino = library()
    if kept is not None and kept.is_file() and kept.with_suffix(".bin").is_file():
        return openvino.Core().read_model(kept)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both libraries warn about each other's coming versions
        with torch.inference_mode(False), torch.no_grad():
            program = torch.export.export(module.eval(), tuple(example))
            program = program.run_decompositions({
                torch.ops.aten._upsample_bilinear2d_aa.default: _resize, torch.ops.aten._upsample_bilinear2d_aa.vec:
                _resize})
        made = openvino.convert_model(program)
    if kept is not None:
        _keep(made, kept)
    return made


def compiled(model: Any, bf16: bool, threads: int, streams: int = 1) -> Any:
    """The model ready to run on this CPU.  ``streams`` requests may run at once, sharing ``threads``."""
    return library().Core().compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32", "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": streams})


def _keep(model: Any, path: Path) -> None:
    """Write beside and move, the graph last: a half-written form is never read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.stem}.{os.getpid()}.xml")
    library().save_model(model, beside, compress_to_fp16=False)
    os.replace(beside.with_suffix(".bin"), path.with_suffix(".bin"))
    os.replace(beside, path)


def _resize(pixels: Tensor, size: Sequence[int], align_corners: bool, *_: Any) -> Tensor:
    """Antialiased bilinear resize (B, C, H, W) -> (B, C, *size) as two products; corners are not aligned here."""
    rows, cols = (_weights(pixels.shape[axis], size[axis + 2]) for axis in (-2, -1))
    return rows @ (pixels @ cols.T)


def _weights(taken: int, given: int) -> Tensor:
    """(given, taken): the triangle as wide as one output pixel, cut at the edge and normalised (torch's and PIL's)."""
    step = taken / given
    centres = (torch.arange(given, dtype=torch.float32) + 0.5) * step
    apart = (torch.arange(taken, dtype=torch.float32) + 0.5)[None] - centres[:, None]
    weight = (1 - apart.abs() / max(step, 1.0)).clamp(min=0)
    return weight / weight.sum(1, keepdim=True)
