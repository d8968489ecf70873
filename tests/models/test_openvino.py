"""OpenVINO in torch's place: the same numbers, the row included; and who is chosen when."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from fineview.core.errors import DeviceProblem
from fineview.models import backend_choice, openvino_convert
from fineview.models.device import Device
from fineview.models.inputs import prepare
from fineview.models.network import TorchNetwork
from fineview.models.openvino_backend import OpenVinoNetwork
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY

needs_openvino = pytest.mark.skipif(not openvino_convert.installed(), reason="openvino is not installed")
PICTURE = np.random.default_rng(2).integers(0, 255, (300, 620, 3)).astype(np.uint8)  # a grid of 1 x 2 tiles


@pytest.mark.parametrize(("taken", "given"), [((1536, 768), (672, 336)), ((672, 1008), (336, 336)),
                                              ((40, 40), (40, 90))])
def test_the_resize_as_products_is_torchs(taken: tuple[int, int], given: tuple[int, int]) -> None:
    pixels = torch.rand(1, 3, *taken, generator=torch.Generator().manual_seed(1))
    expected = functional.interpolate(pixels, size=given, mode="bilinear", antialias=True)
    assert torch.allclose(openvino_convert._resize(pixels, given, False), expected, atol=1e-5)


@needs_openvino
def test_every_output_in_fp32_is_torchs_and_the_form_is_kept(tmp_path: Path) -> None:
    predictor, ready = Predictor.untrained(TINY, seed=3), prepare(PICTURE)
    plain = TorchNetwork(predictor._model, Device("cpu", torch.float32))
    inputs = (ready.fine, ready.extra, ready.where.grid, ready.inside)
    expected = plain(*inputs)
    for _ in range(2):  # converted, then read back from the folder
        network = OpenVinoNetwork(predictor._model, "ab" * 32, False, plain, tmp_path)
        found = network(*inputs)
        assert network.trouble is None and network.dtype == "fp32"
        assert torch.equal(network(*inputs).logits, found.logits)
        for ours, theirs in zip((found.tokens, found.domain, found.logits, found.lines, *found.levels, found.rows),
                                (expected.tokens, expected.domain, expected.logits, expected.lines, *expected.levels,
                                 expected.rows), strict=True):
            assert ours.shape == theirs.shape and torch.allclose(ours, theirs, atol=2e-3)
        assert found.rows is not None
        assert torch.allclose(found.rows.sum(-1), torch.ones(()), atol=1e-5)
        (kept,) = tmp_path.glob("*.xml")
        written = kept.stat().st_mtime_ns
    assert sys.modules["openvino_telemetry"] is None  # nothing is reported to anybody
    assert kept.name.startswith("abab") and kept.stat().st_mtime_ns == written


@needs_openvino
def test_a_predictor_encodes_by_it_and_answers_as_before() -> None:
    predictor = Predictor.untrained(TINY, seed=3)
    before = predictor.encode(PICTURE)
    predictor.use_openvino()
    after = predictor.encode(PICTURE)
    assert predictor.backend == "openvino" and after.notes == ()
    assert np.abs(predictor.raw_map(before, "disc") - predictor.raw_map(after, "disc")).max() < 0.05
    assert np.allclose(before.logits, after.logits, atol=0.1) and np.allclose(before.cls_row, after.cls_row, atol=0.05)


@needs_openvino
@pytest.mark.logs("Unable to find user code")
def test_what_it_cannot_take_torch_takes_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = Predictor.untrained(TINY, seed=3)
    predictor.use_openvino()
    encoder = predictor._model.encoder
    whole = encoder.stages
    # data-dependent: torch.export refuses to fix such a branch
    monkeypatch.setattr(encoder, "stages", lambda fine, extra: whole(fine, extra) if fine.sum() > -1e30 else None)
    seen = predictor.encode(PICTURE)
    assert any("torch was used" in note for note in seen.notes)
    assert np.isfinite(seen.logits).all()


def test_who_computes_is_said_by_the_variable_or_by_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    sha = "12" * 32
    monkeypatch.delenv(backend_choice.VARIABLE, raising=False)
    assert backend_choice.backend(sha) == "torch"
    monkeypatch.setenv(backend_choice.VARIABLE, "torch")
    assert backend_choice.backend(sha) == "torch"
    monkeypatch.setenv(backend_choice.VARIABLE, "onnx")
    with pytest.raises(DeviceProblem, match="onnx"):
        backend_choice.backend(sha)


@pytest.mark.skipif(openvino_convert.installed(), reason="openvino is installed")
def test_asked_for_by_name_and_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(backend_choice.VARIABLE, "openvino")
    with pytest.raises(DeviceProblem) as told:
        backend_choice.backend("12" * 32)
    assert told.value.code == "backend"


@needs_openvino
@pytest.mark.parametrize(("faster", "drift", "chosen"), [(1.6, 0.002, "openvino"), (1.05, 0.002, "torch"),
                                                         (3.0, 0.02, "torch")])
def test_a_verdict_counts_for_these_weights_only(monkeypatch: pytest.MonkeyPatch, faster: float, drift: float,
                                                 chosen: str) -> None:
    monkeypatch.delenv(backend_choice.VARIABLE, raising=False)
    backend_choice.keep_verdict("34" * 32, faster, drift)
    assert backend_choice.backend("34" * 32) == chosen
    assert backend_choice.backend("56" * 32) == "torch"
