"""Weights held in bf16 give under autocast what autocast makes of fp32 weights, bit for bit."""

from __future__ import annotations

import torch

from fineview.models.lean import lean
from fineview.models.vision.build import TINY, build_encoder


def test_the_same_numbers_in_half_the_memory() -> None:
    torch.manual_seed(2)
    encoder = build_encoder(TINY.encoder).eval().requires_grad_(False)
    made = torch.Generator().manual_seed(0)
    fine, extra = torch.rand(1, 3, 768, 768, generator=made), torch.rand(1, 2, 768, 768, generator=made)
    before = sum(one.nbytes for one in encoder.parameters())
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        expected = encoder(fine, extra, (1, 1))
        assert lean(encoder, torch.float32) is encoder
        found = lean(encoder, torch.bfloat16)(fine, extra, (1, 1))
    assert torch.equal(found.tokens, expected.tokens) and torch.equal(found.cls, expected.cls)
    assert all(torch.equal(a, b) for a, b in zip(found.stages, expected.stages, strict=True))
    assert sum(one.nbytes for one in encoder.parameters()) < 0.7 * before
