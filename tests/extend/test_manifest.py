"""What a plugin may say of itself, and what is refused before anything of it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fineview.core.errors import PluginProblem
from fineview.core.plugin import Signature
from fineview.extend.manifest import read_manifest
from tests.extend.conftest import READS, Write


def test_a_manifest_is_read(write: Write) -> None:
    names = '[[names]]\nwords = "Acme old"\nsuffixes = [".acm"]\nremedy = "Export it again."\n'
    found = read_manifest(write(more=READS + names, requires=["numpy>=1"]))
    assert (found.name, found.version, found.licence, found.module, found.attribute) == (
        "acme_reader", "1.2.0", "MIT", "acme", "Reader")
    assert found.reads == (Signature("Acme", (".acme",), ((2, b"ACM\0"),)),)
    assert found.names == ((Signature("Acme old", (".acm",)), "Export it again."),)
    assert found.requires == ("numpy>=1",)


def test_magic_decides_where_there_is_any_and_else_the_name() -> None:
    by_magic, by_name = Signature("", (".acme",), ((2, b"ACM\0"),)), Signature("", (".acme",))
    assert by_magic.fits(b"..ACM\0..", "scan.dcm") and not by_magic.fits(b"ACM\0....", "scan.acme")
    assert not by_magic.fits(b"..AC", "scan.acme")
    assert by_name.fits(b"", "a/SCAN.ACME") and not by_name.fits(b"", "scan.acme.txt")


@pytest.mark.parametrize("changed", [
    {"name": None}, {"name": "Acme"}, {"name": "../acme"}, {"version": ""}, {"version": "new"}, {"licence": None},
    {"licence": "two\\nlines"}, {"api": "1"}, {"api": True}, {"entry": "acme"}, {"entry": "os:system"},
    {"entry": "../acme:Reader"}, {"entry": "acme.sub:Reader"}, {"hooks": []}, {"hooks": ["overlay"]},
    {"requires": ["acme @ https://example.org/acme.whl"]}, {"requires": ["-r other.txt"]}, {"requires": "numpy"},
    {"colour": "blue"}], ids=str)
def test_what_is_wrong_is_refused(write: Write, changed: dict[str, Any]) -> None:
    folder = write(**{**changed, **({"name": changed["name"]} if "name" in changed else {})})
    with pytest.raises(PluginProblem) as refused:
        read_manifest(folder)
    assert refused.value.code == "plugin-manifest"
    assert refused.value.what.endswith(".") and "\n" not in refused.value.what


@pytest.mark.parametrize("more", [
    "", "[[reads]]\nwords = \"Acme\"\n", "[[reads]]\nwords = \"Acme\"\nsuffixes = [\"acme\"]\n",
    "[[reads]]\nwords = \"Acme\"\nmagic = [{ at = 0, text = \"AC\" }]\n",
    "[[reads]]\nwords = \"Acme\"\nmagic = [{ at = 510, text = \"ACME\" }]\n",
    "[[reads]]\nwords = \"Acme\"\nmagic = [{ at = 0, text = \"\u20ac\u20ac\u20ac\" }]\n",
    READS + "[[names]]\nwords = \"Old\"\nsuffixes = [\".acm\"]\n", READS + "[other]\n", READS + "= nothing\n",
    "x = " + "[" * 2000], ids=range(10))
def test_signatures_are_checked_too(write: Write, more: str) -> None:
    with pytest.raises(PluginProblem) as refused:
        read_manifest(write(more=more))
    assert refused.value.code == "plugin-manifest"


def test_a_folder_must_bear_the_name(write: Write) -> None:
    folder = write()
    with pytest.raises(PluginProblem, match="its folder is \"other\""):
        read_manifest(folder.rename(folder.with_name("other")))


def test_another_plugin_window_is_another_reason(write: Write) -> None:
    with pytest.raises(PluginProblem, match="version 2 of the plugin window; this FineView has 1") as refused:
        read_manifest(write(api=2, hooks=["something_new"], colour="blue"))
    assert refused.value.code == "plugin-version"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "plugin.toml").write_bytes(b"\xff\xfe\0")
    with pytest.raises(PluginProblem):
        read_manifest(tmp_path)
