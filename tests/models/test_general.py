"""The engine of encoders without lesion heads: honest where it knows nothing, exact where it shows something."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fineview.core.errors import RequestProblem, WeightsProblem
from fineview.core.evidence import Method
from fineview.core.labels import WORDS
from fineview.imaging import placement
from fineview.imaging.dar import EdgeMask, key_bias, redistribute
from fineview.models import against_blank, shelf
from fineview.models import device as devices
from fineview.models.attention.rows import capture
from fineview.models.general import GeneralEngine
from fineview.models.pyramid import own_levels
from fineview.models.vision import tiling
from tests.models import tiny_folders

ALL = pytest.mark.parametrize("kind", tiny_folders.KINDS)
_engines: dict[str, GeneralEngine] = {}


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nets")


@pytest.fixture
def engine(kind: str, nets: Path) -> GeneralEngine:
    if kind not in _engines:
        made = shelf.open_encoder(str(tiny_folders.save(kind, nets / kind, seed=3)), (), "cpu")
        assert isinstance(made, GeneralEngine)
        _engines[kind] = made
    return _engines[kind]


def photograph() -> np.ndarray:
    """Bright patch on a dim slope, (300, 500): not square, so that the canvas has a pad."""
    rgb = np.empty((300, 500, 3), np.uint8)
    rgb[:] = np.linspace(40, 90, 500).astype(np.uint8)[None, :, None]
    rgb[60:140, 330:430] = (230, 200, 60)
    return rgb


def blank() -> np.ndarray:
    rgb = np.empty((300, 500, 3), np.uint8)
    rgb[:] = (93, 61, 40)
    return rgb


def spots(rgb: np.ndarray) -> EdgeMask:
    inside = np.zeros(rgb.shape[:2], bool)
    inside[60:140, 330:430] = True
    return EdgeMask(inside, "laplacian", 1.0)


@ALL
def test_what_it_does_not_know_it_says(kind: str, engine: GeneralEngine) -> None:
    seen = engine.encode(photograph())
    assert sum(engine.domain(seen).values()) == pytest.approx(1.0) and len(set(engine.domain(seen).values())) == 1
    assert engine.lesion_maps(seen, WORDS) == {} and engine.layers(seen) == {} and engine.thresholds == {}
    assert engine.region_evidence(seen, np.ones((300, 500), bool)) == dict.fromkeys(WORDS, 0.0)
    assert engine.identity.trained and not engine.identity.heads_trained and len(engine.identity.sha256) == 64
    assert not engine.identity.fusion_trained
    assert engine.identity.fusion == ("untrained" if kind == "fila" else "none")


@ALL
def test_maps_lie_on_the_source_and_a_blank_frame_is_flat(kind: str, engine: GeneralEngine) -> None:
    seen, empty = engine.encode(photograph()), engine.encode(blank())
    text = "a bright spot" if kind == "clip-text" else None
    assert engine.methods[0] is Method.RAW
    for method in engine.methods:
        found = engine.method_map(seen, method, text, 2.0, spots(photograph()))
        flat = engine.method_map(empty, method, text, 2.0, EdgeMask(np.zeros((300, 500), bool), "laplacian", 0.0))
        for values in (found, flat):
            assert values.shape == (300, 500) and values.dtype == np.float32
            assert values.min() >= 0 and values.max() <= 1
        assert found.max() > found.min()
        assert flat.max() - flat.min() < 1e-3, method
    plain = engine.raw_map(seen, text)
    assert np.array_equal(engine.method_map(seen, Method.DAR, text, 3.0, spots(photograph())),
                          redistribute(plain, spots(photograph()), 3.0))
    assert np.array_equal(plain, engine.raw_map(engine.encode(photograph()), text))


@ALL
def test_the_pyramid_has_its_exact_grids_and_follows_the_picture(kind: str, engine: GeneralEngine) -> None:
    seen = engine.encode(photograph())
    where = placement.place(300, 500, placement.FILA_CANVASES)
    strides = engine.strides_px(seen)
    for scale, level in engine.pyramid(seen).items():
        rows, cols = where.cells(scale)
        assert level.dtype == np.float16 and level.shape[0] <= 16
        assert level.shape[1:] == (rows.stop - rows.start, cols.stop - cols.start)
        assert strides[f"mfp_{scale}"] == where.stride_px(scale)
        assert np.isfinite(level.astype(np.float32)).all()
    # The finest level knows the border of the patch, to less than a token: a column apart, across it, differs most.
    fine = engine.pyramid(seen)[4].astype(np.float32)
    step_y, step_x = strides["mfp_4"]
    row = fine[:, int(100 / step_y)]
    jump = np.abs(np.diff(row, axis=1)).mean(0)
    inner = jump[8: int(400 / step_x)]
    assert abs((int(np.argmax(inner)) + 9) * step_x - 330) < 32 * where.stride_px(1)[1]


@pytest.mark.parametrize("kind", ["clip", "resnet"])
def test_a_text_is_refused_where_nobody_reads_it(kind: str, engine: GeneralEngine) -> None:
    seen = engine.encode(photograph())
    assert not engine.knows("lesion")
    with pytest.raises(RequestProblem) as told:
        engine.raw_map(seen, "a spot")
    assert told.value.code == "no-text"
    with pytest.raises(RequestProblem) as told:
        engine.method_map(seen, Method.GRAD_ATT, "a spot", 2.0, spots(photograph()))
    assert told.value.code == "no-method" and "raw, dar" in told.value.remedy


@pytest.mark.parametrize("kind", ["clip-text"])
def test_questions_have_maps_of_their_own(kind: str, engine: GeneralEngine) -> None:
    seen = engine.encode(photograph())
    one, two, none = (engine.raw_map(seen, text) for text in ("a bright spot", "the optic disc", None))
    assert engine.knows("disc") and np.abs(one - two).max() > 0.01 and np.abs(one - none).max() > 0.01
    for method in (Method.REL_ATT, Method.GRAD_ATT):
        assert method in engine.methods
        with pytest.raises(RequestProblem) as told:
            engine.method_map(seen, method, None, 2.0, spots(photograph()))
        assert told.value.code == "no-question"


@pytest.mark.parametrize("kind", ["clip", "vit", "fila"])
def test_inline_gain_in_the_last_layer_is_the_row_bent_by_hand(
        kind: str, engine: GeneralEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """softmax(l + b) = a e^b / sum(a e^b), from the plain rows of every head."""
    rgb, mask = photograph(), spots(photograph())
    monkeypatch.setattr(engine, "_device", devices.Device("cpu", torch.float32))
    monkeypatch.setattr(engine, "_blanks", {})
    seen = engine.encode(rgb)
    grid, side = seen.where.grid, 24 * 24
    fine = torch.from_numpy(seen.canvas).permute(2, 0, 1)[None].float().div(255)
    with torch.inference_mode(), capture(engine._vit, [-1], [0]) as rows:
        engine._encoder(fine, None, grid, whole=False)
    plain = next(iter(rows.values()))[:, :, 0]
    bias = tiling.cut(torch.from_numpy(key_bias(mask, seen.where.cell_edges(32), 4.0))[None, None], grid).flatten(1)
    lifted = plain * torch.cat([torch.ones(len(bias), 1), bias.exp()], 1)[:, None]
    by_hand = (lifted / lifted.sum(-1, keepdim=True))[..., 1:].mean(1) * side
    reference = seen.blank.shares
    values = torch.log2((by_hand + 1) / (reference + 1)).div(3).clamp(0, 1)
    cells = tiling.stitch(values.unsqueeze(-1), grid)[0, 0].numpy()
    found = engine.method_map(seen, Method.DAR_INLINE, None, 4.0, mask)
    assert np.abs(found - placement.back(cells, seen.where, 32)).max() < 1e-5
    inside = found[70:130, 340:420].mean()
    assert inside > engine.raw_map(seen)[70:130, 340:420].mean() + 0.05


def test_blank_references_by_hand() -> None:
    shares, reference = torch.tensor([[1.0, 15.0, 31.0, 0.0]]), torch.tensor([1.0, 1.0, 1.0, 1.0])
    assert torch.allclose(against_blank.attention(shares, reference), torch.tensor([[0.0, 1.0, 1.0, 0.0]]))
    tokens = torch.tensor([[[3.0, 4.0], [0.0, 0.0]]])
    assert torch.allclose(against_blank.energy(tokens, torch.tensor([[[0.0, 5.0], [0.0, 0.0]]])),
                          torch.tensor([[10**0.5 / (10**0.5 + 2.5), 0.0]]))
    assert torch.allclose(against_blank.likeness(torch.tensor([[0.3, 0.1]]), torch.tensor([[0.2, 0.2]]), 10.0),
                          torch.tensor([[2 / (1 + np.exp(-1.0)) - 1, 0.0]], dtype=torch.float32), atol=1e-6)


def test_borders_of_a_blank_tile_reach_the_borders_of_the_canvas() -> None:
    tile = torch.arange(576.0).view(576, 1)
    found = tiling.stitch(against_blank.beside_borders(tile, (2, 1)), (2, 1))[0, 0]
    square = tile.view(24, 24)
    assert torch.equal(found[:12], square[:12]) and torch.equal(found[-12:], square[-12:])
    assert torch.equal(found[20], square[12]) and torch.equal(against_blank.beside_borders(tile, (1, 1))[0], tile)


def test_the_mean_colour_is_shared_by_frames_alike_and_exact_for_one_colour() -> None:
    assert against_blank.colour_of(blank()) == (93, 61, 40)
    rgb = np.full((4, 4, 3), 100, np.uint8)
    rgb[0, 0] = 255
    assert against_blank.colour_of(rgb) == (112, 112, 112)
    bright = np.full((40, 40, 3), 255, np.uint8)
    bright[0, 0] = 250
    assert against_blank.colour_of(bright) == (255, 255, 255)


def test_the_projection_is_orthonormal_and_fixed() -> None:
    rows = own_levels.basis(48, 16)
    assert torch.allclose(rows @ rows.T, torch.eye(16), atol=1e-5)
    own_levels.basis.cache_clear()
    assert torch.equal(own_levels.basis(48, 16), rows)


@pytest.mark.parametrize("kind", ["clip"])
def test_out_of_gpu_memory_goes_on_with_the_cpu_and_says_so(kind: str, nets: Path, monkeypatch: Any) -> None:
    # The one thing a machine without a GPU cannot do for real is to run out of its memory: the error is raised here.
    made = shelf.open_encoder(str(tiny_folders.save(kind, nets / "memory", seed=3)), (), "cpu")
    assert isinstance(made, GeneralEngine)
    through, calls = made._encode, []

    def too_much(rgb: np.ndarray, token: object) -> Any:
        calls.append(1)
        if len(calls) <= 3:
            raise torch.cuda.OutOfMemoryError
        return through(rgb, token)

    monkeypatch.setattr(made, "_encode", too_much)
    seen = made.encode(photograph())
    assert len(calls) == 4 and any("CPU" in note for note in seen.notes) and made.device == "cpu"


@pytest.mark.parametrize("kind", ["clip"])
def test_a_cancelled_job_stops_between_stages_and_the_next_one_runs(kind: str, engine: GeneralEngine) -> None:
    class Stop(Exception):
        pass

    class Token:
        def raise_if_cancelled(self) -> None:
            raise Stop

    with pytest.raises(Stop):
        engine.encode(photograph(), Token())
    done: list[Any] = []
    worker = threading.Thread(target=lambda: done.append(engine.encode(photograph())))
    worker.start()
    worker.join(60)
    assert done


@pytest.mark.parametrize("bad", [np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 3))])
@pytest.mark.parametrize("kind", ["clip"])
def test_refuses_what_is_no_picture(kind: str, engine: GeneralEngine, bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        engine.encode(bad)


def test_a_tokenizer_of_another_model_is_refused(nets: Path, tmp_path: Path) -> None:
    path = tiny_folders.save("clip-text", tmp_path / "a")
    made = tiny_folders.tokenizer()
    made.add_tokens([f"word{number}" for number in range(99)])
    made.save(str(path / "tokenizer.json"))
    engine = shelf.open_encoder(str(path), (), "cpu")
    assert isinstance(engine, GeneralEngine)
    with pytest.raises(WeightsProblem, match="does not belong"):
        engine.raw_map(engine.encode(photograph()), "word98")
    (path / "tokenizer.json").write_text('{"version": "1.0"}')
    with pytest.raises(WeightsProblem) as told:
        shelf.open_encoder(str(path), (), "cpu")
    assert told.value.code == "weights-format"
