"""``fineview info`` tells which picture a volume lies on."""

from __future__ import annotations

from pathlib import Path

from tests.cli.spoken import speak
from tests.formats import made_opt


def test_a_volume_names_its_localizer(tmp_path: Path) -> None:
    made_opt.save(made_opt.volume(), tmp_path / "v.dcm")
    made_opt.save(made_opt.en_face(source=None), tmp_path / "e.dcm")
    (study,) = speak("info", tmp_path, "--json").json["studies"]
    found = {one["modality"]: one for one in study["series"]}
    assert found["OPT"]["localizer_uid"] == found["OPTENF"]["uid"] and found["OPTENF"]["localizer_uid"] is None
    lines = speak("info", tmp_path).out.splitlines()
    assert [line.endswith("with localizer") for line in lines if "OPT" in line] == [True, False]
