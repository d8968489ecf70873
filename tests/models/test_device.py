"""Choosing a device: what is asked for and not there is refused with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fineview.core.errors import DeviceProblem
from fineview.models import device


def test_cpu_and_auto_work_everywhere() -> None:
    assert device.choose("cpu").name == "cpu"
    assert device.choose("auto").name == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device.choose("cpu").dtype_word in {"fp32", "bf16"}
    assert device.choose("cpu") == device.choose("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_cuda_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeviceProblem) as caught:
        device.choose("cuda")
    assert caught.value.code == "device-missing" and "cpu" in caught.value.remedy


def test_the_number_format_is_read_off_the_processor() -> None:
    flags = Path("/proc/cpuinfo")
    if not flags.is_file():
        pytest.skip("no /proc/cpuinfo to compare with")
    words = set(flags.read_text().split())
    assert (device.cpu_dtype() == torch.bfloat16) == bool(words & {"avx512_bf16", "amx_tile"})
