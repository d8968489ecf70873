"""Sizes from a stranger's model.json: the right ones build the right encoder, odd ones are told, none takes memory."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from fineview.core.errors import WeightsProblem
from fineview.models import weights
from fineview.models.predictor import Predictor
from fineview.models.vision.build import KINDS, RETINA_S, TINY, TRAINED, build_retina
from fineview.models.vision.read_config import build_for, read_config

GOOD = {**TINY.with_encoder(kind="multi-scale").as_dict()}


def changed(where: str, value: Any) -> dict[str, Any]:
    held = copy.deepcopy(GOOD)
    part = held["encoder"] if where.startswith("encoder.") else held
    part[where.removeprefix("encoder.")] = value
    return {"config": held}


def test_what_was_written_is_what_is_read() -> None:
    assert read_config({"config": GOOD}) == TINY.with_encoder(kind="multi-scale")
    assert read_config({}) == RETINA_S
    for config, _ in TRAINED.values():
        assert read_config({"config": config.as_dict()}) == config


ODD = (("encoder.kind", "os.system"), ("encoder.kind", ["fila"]), ("encoder.vit_width", 10**9),
       ("encoder.vit_width", 0),
       ("encoder.vit_width", True), ("encoder.vit_width", 32.0), ("encoder.vit_heads", 3), ("encoder.conv_dims", [8]),
       ("encoder.conv_dims", [8, 8, 8, 10**7]), ("encoder.conv_depths", "1111"), ("encoder.conv_extra", -1),
       ("encoder.layer_scale", float("nan")), ("encoder.auto_map", "x"), ("encoder", None), ("encoder", []),
       ("text_heads", 7), ("text_layers", 10**6), ("device_map", "auto"), ("decoder_width", None),
       ("encoder.name", "x" * 10**6))


@pytest.mark.parametrize(("where", "value"), ODD, ids=[f"{where}-{number}" for number, (where, _) in enumerate(ODD)])
def test_odd_sizes_are_a_problem_with_weights(where: str, value: Any) -> None:
    with pytest.raises(WeightsProblem) as told:
        read_config(changed(where, value))
    assert told.value.code == "weights-format"


@pytest.mark.parametrize("held", [7, "x", [], {"encoder": {}}, {}])
def test_a_config_that_is_none_is_a_problem_with_weights(held: Any) -> None:
    with pytest.raises(WeightsProblem):
        read_config({"config": held})


def test_a_small_file_cannot_ask_for_a_giant_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes at their bounds with a handful of tensors: refused after a build without memory, before a real one."""
    giant = changed("encoder.conv_dims", [2048] * 4)
    giant["config"]["encoder"]["conv_depths"] = [24] * 4
    made: list[str] = []

    def building(config: Any) -> Any:
        model = build_retina(config)
        made.extend({value.device.type for value in model.parameters()})
        return model

    monkeypatch.setattr("fineview.models.vision.read_config.build_retina", building)
    with pytest.raises(WeightsProblem):
        build_for(giant, {"a": torch.zeros(1)})
    assert set(made) == {"meta"}


@pytest.mark.parametrize("kind", ["multi-scale", "fila-cross", "plain-vit"])
def test_a_folder_of_another_kind_loads_as_that_kind(kind: str, tmp_path: Path) -> None:
    config = TINY.with_encoder(kind=kind)
    torch.manual_seed(6)
    model = build_retina(config)
    facts = {"name": kind, "version": "1", "licence": "none", "trained_steps": 1, "config": config.as_dict()}
    weights.save(model.state_dict(), tmp_path, facts)
    loaded = Predictor.load(tmp_path, "cpu")
    assert type(loaded._model.encoder) is type(model.encoder) and kind in KINDS
    assert all(torch.equal(value, loaded._model.state_dict()[name]) for name, value in model.state_dict().items())
    with pytest.raises(WeightsProblem):
        build_for({}, weights.load(tmp_path)[0])
