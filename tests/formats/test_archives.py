"""Studies inside ZIP archives: what members are called, how they are found again, what is left on the disk."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.core.errors import InputProblem
from fineview.core.finding import Finding, Origin, State
from fineview.core.region import Region, RegionKind
from fineview.core.study import Catalogue, FrameKey
from fineview.formats.archive import FileArchive
from fineview.formats.unpacked import Unpacked
from fineview.services.spool import Spool
from fineview.services.whereabouts import relocated
from fineview.store.cellar import Cellar
from tests.formats.conftest import last
from tests.formats.made import as_bytes, image
from tests.formats.real_files import shared
from tests.formats.test_hostile import _is_zombie


def nameless(**values: object) -> bytes:
    """A DICOM image that says of no study, series or instance which it is."""
    dataset = image(**values)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        del dataset[keyword]
    dataset.file_meta.MediaStorageSOPInstanceUID = ""
    out = as_bytes_loosely(dataset)
    assert b"1.2.3.4" not in out
    return out


def as_bytes_loosely(dataset: object) -> bytes:
    import io

    out = io.BytesIO()
    dataset.save_as(out, implicit_vr=False, little_endian=True)  # type: ignore[attr-defined]
    return out.getvalue()


def packed(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return path


def picture(folder: Path, grey: int) -> bytes:
    Image.fromarray(np.full((8, 9), grey, np.uint8)).save(folder / "scratch.png")
    data = (folder / "scratch.png").read_bytes()
    (folder / "scratch.png").unlink()
    return data


@pytest.fixture
def fresh() -> Iterator[FileArchive]:
    made = FileArchive()
    yield made
    made.close()


def identities(found: Catalogue) -> list[tuple[str, str, tuple[tuple[str | None, str], ...]]]:
    return [(study.uid, series.uid, tuple((frame.sop_uid, frame.stamp) for frame in series.frames))
            for study in found.studies for series in study.series]


def test_a_member_is_known_by_archive_and_name(archive: FileArchive, tmp_path: Path) -> None:
    path = packed(tmp_path / "study.zip", a__one=as_bytes(image()), note=b"words", b__copy=as_bytes(image()))
    found = last(archive, path)
    assert {one.path: one.verdict for one in found.files} == {
        f"{path}/a/one": "image", f"{path}/note": "problem", f"{path}/b/copy": "duplicate"}
    assert [one.same_as for one in found.files if one.same_as] == [f"{path}/a/one"]
    assert [one.path for one in found.problems] == [f"{path}/note"]
    (frame,) = found.studies[0].series[0].frames
    assert frame.path == f"{path}/a/one" and np.array_equal(archive.read_frame(frame).pixels.ravel(), np.arange(24))
    assert ("(0010,0020)", "PatientID", "1") in archive.header(frame)
    assert tempfile.gettempdir() not in str(found).replace(str(tmp_path), "")


def test_a_member_or_a_folder_of_them_can_be_chosen_by_that_name(archive: FileArchive, tmp_path: Path) -> None:
    path = packed(tmp_path / "study.zip", a__one=as_bytes(image()), a__two=as_bytes(image(sop="1.2.3.5")),
                  b=as_bytes(image(sop="1.2.3.6")))
    for chosen, members in (("a/one", ["a/one"]), ("a", ["a/one", "a/two"]), ("b", ["b"])):
        assert [one.path for one in last(archive, path / chosen).files] == [f"{path}/{one}" for one in members]
    (tmp_path / "plain").write_bytes(as_bytes(image()))
    for nothing in (path / "c", path / "a" / "on", tmp_path / "plain" / "x"):
        with pytest.raises(InputProblem) as caught:
            last(archive, nothing)
        assert caught.value.code == "not-found"


def test_a_refused_member_is_named_the_same_way(archive: FileArchive, tmp_path: Path) -> None:
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("../escaped", as_bytes(image()))
        made.writestr("good", as_bytes(image()))
    assert [one.path for one in last(archive, path).problems] == [f"{path}/../escaped"]


@pytest.mark.parametrize("kind", ["picture", "nameless"])
def test_what_has_no_identity_keeps_the_same_at_every_opening_and_place(fresh: FileArchive, tmp_path: Path,
                                                                         kind: str) -> None:
    """So that findings are found again: in another run, after the archive was moved, and after it was unpacked."""
    data = picture(tmp_path, 77) if kind == "picture" else nameless()
    other = picture(tmp_path, 78) if kind == "picture" else nameless(InstanceNumber=2)
    (tmp_path / "moved").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "m").write_bytes(data)
    here = packed(tmp_path / "study.zip", m=data)
    there = packed(tmp_path / "moved" / "other.zip", a=other, deep__m=data)
    known = identities(last(fresh, here))
    again = FileArchive()
    try:
        assert identities(last(again, here)) == known
    finally:
        again.close()
    moved = identities(last(fresh, there))
    assert known[0] in moved and len(moved) == 2
    assert identities(last(fresh, tmp_path / "folder")) == known
    assert known[0][0].startswith("2.25.") and (kind == "picture" or known[0][2][0][1].startswith("2.25."))


def test_a_mark_on_a_picture_in_an_archive_is_found_after_it_was_moved(tmp_path: Path) -> None:
    """Another program run, another place of the archive, another picture before it: the same pixels keep the mark."""
    data, spot = picture(tmp_path, 77), Region(RegionKind.POINT, ((3.0, 4.0),))
    (tmp_path / "moved").mkdir()
    store = Cellar(tmp_path / "store")
    for path in (packed(tmp_path / "a.zip", b__m_dot_png=data),
                 packed(tmp_path / "moved" / "b.zip", a=picture(tmp_path, 78), z__n=data)):
        archive = FileArchive()
        found = last(archive, path)
        studies = {study.uid: relocated(store.findings(study.uid), study) for study in found.studies}
        archive.close()
        if path.name == "a.zip":
            (study,) = found.studies
            mark = Finding("p-1", study.uid, FrameKey(study.series[0].uid, 0), spot, "drusen", Origin.PERSON,
                           State.ACCEPTED)
            store.record("add", None, mark, "2026-03-04T10:00:00+01:00")
    store.close()
    ((uid, (again,)),) = ((uid, marks) for uid, marks in studies.items() if marks)
    shown = next(study for study in found.studies if study.uid == uid).series[0]
    assert again.frame == FrameKey(shown.uid, 0) and shown.frames[0].path == f"{tmp_path}/moved/b.zip/z/n"


def test_a_gzipped_nameless_file_is_the_same_as_the_file(fresh: FileArchive, tmp_path: Path) -> None:
    data = nameless()
    (tmp_path / "a.dcm").write_bytes(data)
    (tmp_path / "b.dcm.gz").write_bytes(gzip.compress(data))
    one, two = (last(fresh, tmp_path / name) for name in ("a.dcm", "b.dcm.gz"))
    assert identities(one) == identities(two)
    assert sorted(file.verdict for file in last(fresh, tmp_path).files) == ["duplicate", "image"]


def test_an_object_in_an_archive_is_drawn_on_its_image(archive: FileArchive, tmp_path: Path) -> None:
    folder = shared("C_dicom/ct_3slice_with_seg")
    path = tmp_path / "ct.zip"
    with zipfile.ZipFile(path, "w") as made:
        for file in sorted(folder.iterdir()):
            made.write(file, f"in/{file.name}")
    inside, outside = (_drawn(archive, where) for where in (path, folder))
    assert inside == outside and sum(inside) > 0


def _drawn(archive: FileArchive, where: Path) -> list[int]:
    found = last(archive, where)
    (companion,) = found.companions
    frames = next(s for study in found.studies for s in study.series if s.modality == "CT").frames
    return [sum(int(np.count_nonzero(mask.values)) for mask in archive.draw(companion, frame).masks)
            for frame in frames]


def test_an_instruments_export_in_an_archive_opens(archive: FileArchive, tmp_path: Path) -> None:
    folder = shared("A_ophthalmic/heyex_xml")
    path = tmp_path / "eye.zip"
    with zipfile.ZipFile(path, "w") as made:
        for file in sorted(folder.iterdir()):
            made.write(file, file.name)
    found = last(archive, path)
    assert identities(found) == identities(last(archive, folder))
    study = found.studies[0]
    assert archive.read_frame(study.series[0].frames[3]).rows == 40


def test_a_member_can_be_put_into_the_outbox(archive: FileArchive, tmp_path: Path) -> None:
    path = packed(tmp_path / "study.zip", m=as_bytes(image()))
    (file,) = last(archive, path).files
    held = Spool(tmp_path / "spool", archive.plain).keep(Path(file.path), "batch", "1.2.3.4")
    assert held.read_bytes() == as_bytes(image())


def test_after_the_archive_is_closed_a_member_is_gone(fresh: FileArchive, tmp_path: Path) -> None:
    path = packed(tmp_path / "study.zip", m=as_bytes(image()))
    (frame,) = last(fresh, path).studies[0].series[0].frames
    other = FileArchive()
    try:
        with pytest.raises(InputProblem) as caught:
            other.read_frame(frame)
        assert caught.value.code == "gone"
    finally:
        other.close()


def test_an_archive_that_was_changed_is_unpacked_anew(fresh: FileArchive, tmp_path: Path) -> None:
    path = packed(tmp_path / "study.zip", m=as_bytes(image()))
    (frame,) = last(fresh, path).studies[0].series[0].frames
    packed(path, m=as_bytes(image(sop="1.2.3.77")))
    assert last(fresh, path).files[0].sop_uid == "1.2.3.77"
    with pytest.raises(InputProblem) as caught:
        fresh.read_frame(frame)
    assert caught.value.code == "changed"


@pytest.mark.parametrize("end", ["exit", "kill"])
def test_unpacked_files_go_with_the_program_or_at_the_next_start(tmp_path: Path, end: str) -> None:
    path = packed(tmp_path / "study.zip", m=as_bytes(image()))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    code = ("import sys, time\nfrom pathlib import Path\nfrom fineview.formats.archive import FileArchive\n"
            "from fineview.services.jobs import Token\na = FileArchive()\n"
            f"list(a.scan([Path({str(path)!r})], Token()))\nprint('open', flush=True)\n"
            "sys.stdin.readline()\n")
    run = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                           env={**os.environ, "TMPDIR": str(temporary)})
    assert run.stdin is not None and run.stdout is not None
    assert run.stdout.readline() == "open\n"
    (unpacked,) = temporary.iterdir()
    assert list(unpacked.rglob("m"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        FileArchive().close()
        assert list(unpacked.rglob("m")), "of a program that runs nothing is taken"
        if end == "kill":
            run.send_signal(signal.SIGKILL)
        run.communicate("\n" if end == "exit" else None)
        assert _is_zombie(run.pid)
        assert unpacked.exists() == (end == "kill")
        FileArchive().close()
    assert not unpacked.exists()


def test_archives_can_be_unpacked_while_members_of_others_are_looked_up(tmp_path: Path) -> None:
    class Slow(str):
        """A path that is still being compared when the next archive has been unpacked."""

        def startswith(self, *args: object) -> bool:
            unpacked.remember(packed(tmp_path / f"{next(more)}.zip"), tmp_path / "new")
            return super().startswith(*args)  # type: ignore[arg-type]

    unpacked, more = Unpacked(), iter(range(9))
    for name in ("a", "b"):
        unpacked.remember(packed(tmp_path / f"{name}.zip"), tmp_path / name)
    assert unpacked.plain(Slow(tmp_path / "b.zip/IM1")) == str(tmp_path / "b/IM1")
    unpacked.close()
