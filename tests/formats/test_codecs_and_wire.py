"""Which decoder is chosen, what is said where there is none, and what the pipe lets through."""

from __future__ import annotations

import pytest
from pydicom import uid

from fineview.core.errors import InputProblem
from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.study import FrameInfo, Laterality
from fineview.formats import codecs, direct_decoders, wire
from fineview.formats.record import FileRecord


def test_no_syntax_can_reach_the_gpl_decoder() -> None:
    assert all("pylibjpeg" not in plugins for plugins in codecs.PLUGINS.values())


@pytest.mark.parametrize("syntax", sorted(codecs.PLUGINS))
def test_every_syntax_has_its_first_choice_here(syntax: str) -> None:
    assert codecs.available(syntax)[0] == codecs.PLUGINS[syntax][0]


def test_an_unknown_syntax_and_a_missing_package_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputProblem, match="MPEG2 Main Profile"):
        codecs.available("1.2.840.10008.1.2.4.100")
    monkeypatch.setitem(codecs.PLUGINS, uid.HTJ2K, ("absent",))
    monkeypatch.setitem(codecs._PACKAGES, "absent", "some-package")
    with pytest.raises(InputProblem) as caught:
        codecs.available(uid.HTJ2K)
    assert caught.value.code == "no-decoder" and caught.value.remedy == "Install the Python package some-package."
    assert direct_decoders.is_available(uid.RLELossless)


def test_values_cross_the_pipe_unchanged() -> None:
    frame = FrameInfo("a\udcff", 3, "1.2", None, 4, 5, Spacing(0.1, 0.2, None, ScaleSource.PROJECTED),
                      position_mm=-1.5, scan_line=((0.0, 1.0), (2.0, 3.5)))
    record = FileRecord("a\udcff", "image", laterality=Laterality("L", "file-name"), frames=(frame,), rows=4)
    import json

    plain = json.loads(json.dumps(wire.to_plain(record)))
    assert wire.from_plain(FileRecord, plain) == record


@pytest.mark.parametrize("spoil", [
    lambda p: p[:-1], lambda p: [*p, 1], lambda p: ["a", "virus", *p[2:]], lambda p: [7, *p[1:]], lambda p: "x",
    lambda p: [*p[:2], ["__reduce__"], *p[3:]]])
def test_other_shapes_do_not_cross(spoil: object) -> None:
    plain = wire.to_plain(FileRecord("a", "image"))
    with pytest.raises(ValueError):
        wire.from_plain(FileRecord, spoil(plain))  # type: ignore[operator]
