"""Who may run: bundled or the person's, chosen, changed, broken, incomplete."""

from __future__ import annotations

from pathlib import Path

import pytest

from fineview.core.errors import InputProblem, PluginProblem, StorageProblem
from fineview.core.plugin import PluginEntry
from fineview.core.recording import GuestReader
from fineview.extend.host import PluginHost
from tests.extend.conftest import READS, Kept, Write

HEAD = b"..ACM\0.."


def host(tmp_path: Path, kept: Kept, safe_mode: bool = False) -> PluginHost:
    return PluginHost(tmp_path / "bundled", tmp_path / "own", lambda: kept, safe_mode)


def only(of: PluginHost) -> PluginEntry:
    (entry,) = of.entries()
    return entry


def asked(of: PluginHost, tmp_path: Path, head: bytes = HEAD, name: str = "scan.acme") -> tuple[GuestReader, ...]:
    (tmp_path / name).write_bytes(head)
    return of.guests(str(tmp_path / name))


def refusal(of: PluginHost, tmp_path: Path, head: bytes = HEAD, name: str = "scan.acme") -> InputProblem:
    with pytest.raises(InputProblem) as refused:
        asked(of, tmp_path, head, name)
    assert refused.value.code == "no-reader"
    return refused.value


def test_a_bundled_plugin_is_on_and_reads_its_files(tmp_path: Path, kept: Kept, write: Write) -> None:
    folder = write("bundled")
    found = host(tmp_path, kept)
    assert (only(found).state, only(found).reads) == ("on", ("Acme",))
    assert asked(found, tmp_path, name="whatever.bin") == (GuestReader("acme_reader", str(folder), "acme:Reader"),)
    assert asked(found, tmp_path, b"something else") == ()
    assert found.guests(str(tmp_path / "gone.acme")) == ()


def test_the_persons_own_runs_only_once_enabled(tmp_path: Path, kept: Kept, write: Write) -> None:
    write()
    assert only(host(tmp_path, kept)).state == "off"
    assert "was not enabled yet" in str(refusal(host(tmp_path, kept), tmp_path))
    assert host(tmp_path, kept).enable("acme_reader").state == "on"
    assert asked(host(tmp_path, kept), tmp_path)  # the choice outlives the host


@pytest.mark.parametrize("planted", ["acme.py", "plugin.toml", "numpy.py", "__pycache__/acme.cpython-311.pyc"])
def test_what_was_enabled_are_these_very_files(tmp_path: Path, kept: Kept, write: Write, planted: str) -> None:
    folder = write()
    running = host(tmp_path, kept)
    running.enable("acme_reader")
    assert asked(running, tmp_path)
    (folder / planted).parent.mkdir(exist_ok=True)
    with (folder / planted).open("a", encoding="utf-8") as file:
        file.write("\n# and something new\n")
    assert "not those that were enabled" in refusal(running, tmp_path).what  # found out while it runs
    assert "not those that were enabled" in only(host(tmp_path, kept)).reason
    refusal(host(tmp_path, kept), tmp_path)
    host(tmp_path, kept).enable("acme_reader")
    assert asked(host(tmp_path, kept), tmp_path)


def test_off_stays_off_whatever_the_files(tmp_path: Path, kept: Kept, write: Write) -> None:
    write("bundled")
    host(tmp_path, kept).disable("acme_reader")
    write("bundled", code="class Reader: 'new'\n")
    assert only(host(tmp_path, kept)).state == "off"
    assert "does not run. It was switched off." in refusal(host(tmp_path, kept), tmp_path).what
    assert "fineview plugins enable acme_reader" in refusal(host(tmp_path, kept), tmp_path).remedy


def test_one_that_broke_is_out_and_told_once(tmp_path: Path, kept: Kept, write: Write) -> None:
    write("bundled")
    told: list[PluginProblem] = []
    found = host(tmp_path, kept)
    found.tell = told.append
    assert asked(found, tmp_path)
    problem = found.failed("acme_reader", "reader-died")
    found.failed("acme_reader", "reader-died")
    assert [str(one) for one in told] == [str(problem)] == [
        "The plugin acme_reader was taken out: it crashed. To enable it: fineview plugins enable acme_reader"]
    assert problem.code == "plugin-failed"
    later = host(tmp_path, kept)
    assert (only(later).state, only(later).reason) == ("failed", problem.what)
    assert problem.what.rstrip(".") in refusal(later, tmp_path).what
    assert later.enable("acme_reader").state == "on"


def test_a_bundled_one_that_broke_is_tried_again_after_an_update(tmp_path: Path, kept: Kept, write: Write) -> None:
    write("bundled")
    found = host(tmp_path, kept)
    assert asked(found, tmp_path)
    found.failed("acme_reader", "time")
    write("bundled", version="1.2.1")
    assert only(host(tmp_path, kept)).state == "on"


def test_a_missing_package_is_named_with_the_way_to_it(tmp_path: Path, kept: Kept, write: Write) -> None:
    write("bundled", requires=["numpy>=1", "a-package-that-nobody-has>=3", "pytest<1"])
    entry = only(host(tmp_path, kept))
    assert (entry.state, entry.reason) == ("unusable", "It needs a-package-that-nobody-has>=3, pytest<1.")
    assert entry.chosen and entry.remedy == 'Install it: pip install "a-package-that-nobody-has>=3" "pytest<1"'
    told = refusal(host(tmp_path, kept), tmp_path)
    assert told.what == ("Acme: the plugin acme_reader, which reads such files, does not run. It needs "
                         "a-package-that-nobody-has>=3, pytest<1.")
    assert told.remedy == entry.remedy


def test_safe_mode_runs_nothing_and_keeps_the_choices(tmp_path: Path, kept: Kept, write: Write) -> None:
    write("bundled")
    safe = host(tmp_path, kept, safe_mode=True)
    assert (only(safe).state, only(safe).chosen) == ("off", True)
    assert refusal(safe, tmp_path).remedy == "Start it without --safe-mode."
    assert kept.rows == {} and only(host(tmp_path, kept)).state == "on"
    assert not safe.disable("acme_reader").chosen and only(host(tmp_path, kept)).state == "off"


def test_known_files_that_nobody_reads_are_named(tmp_path: Path, kept: Kept, write: Write) -> None:
    write("bundled", more=READS + '[[names]]\nwords = "Old"\nsuffixes = [".old"]\nremedy = "Export it again."\n')
    told = refusal(host(tmp_path, kept), tmp_path, b"", "a.OLD")
    assert (told.what, told.remedy) == ("Old: no plugin at hand reads it.", "Export it again.")


def test_a_reader_that_may_run_comes_before_one_that_may_not(tmp_path: Path, kept: Kept, write: Write) -> None:
    write("bundled", requires=["a-package-that-nobody-has"])
    write("own", name="better_reader")
    refusal(host(tmp_path, kept), tmp_path)
    host(tmp_path, kept).enable("better_reader")
    assert [one.name for one in asked(host(tmp_path, kept), tmp_path)] == ["better_reader"]


def test_a_bundled_name_cannot_be_taken(tmp_path: Path, kept: Kept, write: Write) -> None:
    theirs = write("bundled")
    write("own", code="class Reader: 'mine'\n")
    found = host(tmp_path, kept)
    assert [(one.bundled, one.state) for one in found.entries()] == [(True, "on"), (False, "unusable")]
    assert [one.folder for one in asked(found, tmp_path)] == [str(theirs)]


def test_a_wrong_manifest_is_listed_and_cannot_be_enabled(tmp_path: Path, kept: Kept, write: Write) -> None:
    write(api=2)
    assert only(host(tmp_path, kept)).state == "unusable"
    with pytest.raises(PluginProblem, match="version 2"):
        host(tmp_path, kept).enable("acme_reader")
    with pytest.raises(PluginProblem) as unknown:
        host(tmp_path, kept).enable("nobody")
    assert unknown.value.code == "plugin-unknown"


def test_links_are_not_followed(tmp_path: Path, kept: Kept, write: Write) -> None:
    folder = write()
    (folder / "more.py").symlink_to(tmp_path / "elsewhere.py")
    assert "is a link" in only(host(tmp_path, kept)).reason


def test_folders_that_are_links_are_not_followed(tmp_path: Path, kept: Kept, write: Write) -> None:
    folder, elsewhere = write(), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "more.py").write_text("changed at will, and no hash would tell")
    (folder / "parts").symlink_to(elsewhere, target_is_directory=True)
    assert "is a link" in only(host(tmp_path, kept)).reason


@pytest.mark.parametrize("text", ["", "[]", "{", '{"acme_reader": "on"}', '{"acme_reader": {"state": "on"}}',
                                  '{"acme_reader": {"state": "yes", "sha256": ""}}'])
def test_settings_that_make_no_sense_enable_nothing(tmp_path: Path, kept: Kept, write: Write, text: str) -> None:
    write()
    kept.rows["plugins"] = text
    assert only(host(tmp_path, kept)).state == "off"


def test_where_nothing_can_be_saved_it_holds_until_the_end(tmp_path: Path, write: Write) -> None:
    class Locked(Kept):
        def set_setting(self, name: str, value: str) -> None:
            raise StorageProblem("Not saved.", "Close the other one.", "store-busy")

    write("bundled")
    found = host(tmp_path, Locked())
    assert asked(found, tmp_path)
    found.failed("acme_reader", "time")
    assert only(found).state == "failed"
    with pytest.raises(StorageProblem):
        found.enable("acme_reader")
