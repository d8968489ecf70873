"""The handbook hangs together, and no file speaks of the machine it was written on."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "resources" / "handbook"
TERMS = ("B-scan", "en face", "laterality", "finding", "suggestion", "region", "heat map", "raw map", "attention row",
         "DAR", "MFP", "CVFM", "scale source", "cannot tell", "domain", "journal", "weights")


def records(folder: str) -> list[Path]:
    return sorted((BOOK / folder).glob("*.md"))


def test_every_note_is_linked_from_the_handbook() -> None:
    index = (BOOK / "README.md").read_text("utf-8")
    for path in [*BOOK.glob("*.md"), *records("decisions"), *records("refused")]:
        if path != BOOK / "README.md":
            assert f"({path.relative_to(BOOK).as_posix()})" in index, path.name


def test_links_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *BOOK.rglob("*.md"), *(ROOT / "packaging").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
            assert "://" in target or (path.parent / target).exists(), f"{path.relative_to(ROOT)} -> {target}"


def test_decisions_are_numbered_and_say_why() -> None:
    numbers = [int(path.name[:4]) for path in records("decisions")]
    assert numbers == list(range(1, len(numbers) + 1))
    for path in records("decisions"):
        text = path.read_text("utf-8")
        for part in ("Status:", "## Why", "## Decision", "## What follows"):
            assert part in text, f"{path.name} lacks {part}"


def glossary() -> dict[str, str]:
    rows = re.findall(r"^\| \*\*(.+?)\*\* \|(.+)$", (BOOK / "GLOSSARY.md").read_text("utf-8"), re.M)
    return dict(rows)


@pytest.mark.parametrize("term", TERMS)
def test_the_glossary_has(term: str) -> None:
    assert term in glossary()


def test_names_of_code_in_the_glossary_exist() -> None:
    for term, row in glossary().items():
        for dotted in re.findall(r"`((?:core|imaging)\.[\w.]+)`", row):
            module, _, name = f"fineview.{dotted}".rpartition(".")
            assert hasattr(importlib.import_module(module), name), f"{term}: {dotted}"


def test_no_file_speaks_of_a_machine() -> None:
    # Put together from pieces, so that this file does not find itself.
    places = "|".join(f"/{one}/" for one in ("wor" + "k", "tm" + "p", "hom" + "e", "roo" + "t"))
    hosts = "|".join(("pypi" + r"\.", "pythonhost" + "ed", r"download\.pyt" + "orch", "extra-inde" + "x-url"))
    spoken = re.compile(rf"(?<![\w.$}}{{*-])(?:{places})|{hosts}|\bAI assist" + "ant|language model assist" + "ant")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.decode().split("\0")):
        data = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in data[:8000] and not name.endswith((".svg", ".ttf")):
            found = spoken.search(data.decode("utf-8", "replace"))
            assert not found, f"{name} mentions {found.group() if found else ''}"
