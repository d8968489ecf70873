"""Structure and arithmetic of the vision bench: operations against a hand count, shares and verdicts; never a time."""

from __future__ import annotations

import pytest
import torch
from transformers import CLIPVisionConfig, ConvNextConfig

from fineview.app import App
from fineview.core.errors import WrongWords
from fineview.lab import bench_vision, bench_vision_full_size, bench_vision_gpu, bench_vision_rows, bench_vision_volume
from fineview.lab import full_size_model as full
from fineview.lab.operations import operations
from fineview.lab.timing import interleaved, pairs, speedup
from fineview.models.attention.rows import IMPLEMENTATION
from fineview.models.full_size import FUSION_HIDDEN


def tiny() -> full.FullSize:
    clip = CLIPVisionConfig(hidden_size=32, intermediate_size=48, num_hidden_layers=12, num_attention_heads=2,
                            image_size=336, patch_size=14, attn_implementation=IMPLEMENTATION)
    return full.build("meta", clip, ConvNextConfig(num_channels=3, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1]))


def by_hand(views: int, side: int) -> tuple[int, int]:
    """Operations (CLIP, ConvNeXt) of :func:`tiny`, from the published structures and no module of ours."""
    width, mlp, patches = 32, 48, 576
    length = patches + 1
    layer = 2 * length * width * width * 4 + 2 * length * width * mlp * 2 + 2 * 2 * length * length * width
    clip = views * (2 * patches * width * 3 * 14 * 14 + 12 * layer)
    conv, before = 0, 3
    for number, (channels, depth) in enumerate(zip((8, 16, 24, 32), (1, 1, 2, 1), strict=True)):
        cells = (side // (4 * 2**number)) ** 2
        kernel = 4 if number == 0 else 2
        conv += 2 * cells * channels * before * kernel * kernel
        conv += depth * 2 * cells * (channels * 7 * 7 + 2 * channels * 4 * channels)
        before = channels
    return clip, conv


def test_operations_are_those_counted_by_hand() -> None:
    made, fine = tiny(), full.canvas("meta")
    clip, conv = by_hand(5, 1536)
    with torch.inference_mode():
        plain = operations(made.unfused, lambda: made.unfused(fine, None, (2, 2)))
        fused = operations(made.fused, lambda: made.fused(fine, None, (2, 2)))
    assert plain == clip + conv
    one_token = sum(2 * (32 + 2 * stage) * FUSION_HIDDEN + 2 * FUSION_HIDDEN * 32 for stage in (8, 16, 24, 32))
    assert fused - plain == 5 * 576 * one_token


def test_the_full_size_is_the_published_one_and_its_fusion_is_cheap() -> None:
    made = full.build("meta")
    count = sum(one.numel() for one in made.unfused.parameters())
    assert 495e6 < count < 505e6  # CLIP-L/336 303.5 M + ConvNeXt-L 196.2 M
    figure = bench_vision_full_size.added_operations()
    assert figure.value is not None and 0 < figure.value <= 0.03 and figure.met
    fused, plain = figure.baselines["fused_gflop"], figure.baselines["unfused_gflop"]
    assert fused is not None and plain is not None
    assert fused / plain - 1 == pytest.approx(figure.value, rel=0.02)


def test_verdicts_of_the_full_size_rows() -> None:
    stock = bench_vision_full_size.STOCK
    found = {stock: [30.0, 33.0, 36.0], "torch bf16": [10.0, 10.0, 10.0], "unfused": [10.0, 10.0, 9.0]}
    faster = bench_vision_full_size.faster(found, "torch bf16")
    assert faster.value == 3.3 and faster.interval == (3.0, 3.6) and faster.met and faster.n == 3
    assert not bench_vision_full_size.faster({**found, stock: [20.0, 20.0, 20.0]}, "torch bf16").met
    assert bench_vision_full_size.added_time([10.0, 10.2, 11.0], [10.0, 10.0, 10.0]).met
    assert not bench_vision_full_size.added_time([11.0, 11.2, 11.0], [10.0, 10.0, 10.0]).met


def test_the_row_is_one_of_as_many_as_there_are_keys() -> None:
    made = tiny()
    figure = bench_vision_rows.row_memory(made.fused.vit, 5)
    assert figure.value == pytest.approx(1 / 577, abs=1e-5) and figure.met
    assert figure.baselines == {"rows_bytes": 5 * 2 * 577 * 4, "maps_bytes": 5 * 2 * 577 * 577 * 4}


def test_memory_that_grows_with_the_volume_is_seen() -> None:
    flat, growing = [500.0] * 100, [500.0 + number for number in range(100)]
    assert bench_vision_volume.memory_growth(flat).met
    seen = bench_vision_volume.memory_growth([10 * one for one in growing])
    assert seen.met is False and seen.value == pytest.approx(500, abs=20)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_without_a_gpu_the_figure_is_empty_and_says_so() -> None:
    (figure,) = bench_vision_gpu.run(App())
    assert figure.value is None and figure.met is None and "no GPU" in figure.name and figure.goal == 0.4


def test_an_unknown_part_is_told_with_those_there_are() -> None:
    with pytest.raises(WrongWords) as told:
        bench_vision.run(App(), ("speed",))
    assert all(name in told.value.remedy for name in bench_vision.PARTS)


def test_rounds_are_interleaved_and_ratios_are_of_neighbours() -> None:
    order: list[str] = []
    found = interleaved((lambda: order.append("a"), lambda: order.append("b")), 4)
    assert order == ["b", "a", "a", "b", "b", "a", "a", "b"]
    assert [len(one) for one in found] == [4, 4]
    figure = pairs("x", lambda: None, lambda: None, 10.0, count=3)
    assert figure.n == 3 and figure.interval is not None and figure.value is not None
    assert figure.interval[0] <= figure.value <= figure.interval[1]
    assert speedup("x", lambda: None, lambda: None, 0.0, count=3).met
