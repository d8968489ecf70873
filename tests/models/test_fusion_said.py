"""What is said of an encoder's fusion: the same in its list entry, its engine, its legend; "none" is not "trained"."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fineview import paths
from fineview.core.study import FrameKey
from fineview.gui.panels.identity import facts
from fineview.models import importing, shelf
from fineview.models.vision.build import KINDS, TINY
from fineview.reports.json_writer import _model
from fineview.services.picture import whose
from tests.gui.scene import MODEL, analysis
from tests.models import tiny_folders
from tests.services.tiny_encoders import tiny_folder

# By hand from each builder: which kinds join two networks.
OWN = {"fila": "trained", "fila-cross": "trained", "fila-add": "trained", "fila-last": "trained",
       "fila-merged": "trained", "unfused": "none", "multi-scale": "none", "concat-hybrid": "trained",
       "plain-convnext": "none", "plain-resnet": "none", "plain-efficientnet": "none", "plain-vit": "none",
       "plain-vit16": "none"}


def test_every_kind_of_our_own_is_told_here() -> None:
    assert set(OWN) == set(KINDS)


@pytest.mark.parametrize(("kind", "fusion"), OWN.items())
def test_own_encoders_say_what_their_structure_is(kind: str, fusion: str, tmp_path: Path) -> None:
    config = TINY.with_encoder(kind=kind, conv_extra=0 if kind.startswith("plain") else 2)
    folder = tiny_folder(tmp_path, "small", 1, config)
    said, engine = shelf.entry(folder), shelf.open_encoder(str(folder), (), "cpu")
    assert said.fusion == engine.identity.fusion == fusion
    assert said.fusion_trained is engine.identity.fusion_trained is (fusion == "trained")


@pytest.mark.parametrize(("kind", "fusion"), [("fila", "untrained"), ("clip", "none"), ("vit", "none"),
                                              ("convnext", "none"), ("resnet", "none")])
def test_only_a_fusion_that_is_there_is_warned_of(kind: str, fusion: str, tmp_path: Path) -> None:
    folder = tiny_folders.save(kind, tmp_path / kind)
    said, engine = shelf.entry(folder), shelf.open_encoder(str(folder), (), "cpu")
    identity = engine.identity
    assert said.fusion == identity.fusion == fusion and not said.fusion_trained and not identity.fusion_trained
    for words in (whose(identity), said.words):
        assert ("untrained fusion" in words) is (fusion == "untrained")
    assert not any("fusion" in engine.layer(method) for method in engine.methods)  # a legend says it once
    report = _model(identity)
    assert (report["fusion"], report["fusion_trained"]) == (fusion, False)


def test_an_import_and_an_older_record_of_one_say_the_same(tmp_path: Path) -> None:
    source, into = tiny_folders.save("resnet", tmp_path / "resnet"), tmp_path / "encoders"
    made = importing.import_encoder(source, into, (into,))
    assert (made.fusion, made.fusion_trained) == ("none", False)
    record = into / "resnet" / shelf.RECORD
    held = json.loads(record.read_text("utf-8"))
    record.write_text(json.dumps(held | {"fusion_trained": True}), "utf-8")  # what earlier versions wrote
    assert shelf.entry(into / "resnet") == made


def test_the_shipped_encoder_is_trained_in_both(tmp_path: Path) -> None:
    said = shelf.entry(paths.weights_dir() / "retina-s")
    assert said.fusion == "trained" and said.fusion_trained


def test_the_evidence_panel_says_it() -> None:
    made = analysis(FrameKey("scan", 0))
    alone = replace(made, model=replace(MODEL, fusion_trained=False, has_fusion=False))
    assert dict(facts(alone))["Fusion"].startswith("none")
    assert dict(facts(replace(made, model=replace(MODEL, fusion_trained=False))))["Fusion"].startswith("untrained")
