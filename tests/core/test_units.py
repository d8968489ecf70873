"""Units: codes in files, signs on screen, and one spelling of each in everything a person reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import fineview
from fineview.core.units import with_unit, written

READ = ("gui", "cli", "reports", "services", "core")
# A code of UCUM behind a number or a word: "412 um", " mm2".
CODE = re.compile(r"(^|[\d ])\s(um|mm2|mm3|px2|deg)\b")


@pytest.mark.parametrize(("unit", "sign"), [("um", "\u00b5m"), ("mm2", "mm\u00b2"), ("deg", "\u00b0"), ("HU", "HU")])
def test_codes_and_signs(unit: str, sign: str) -> None:
    assert written(unit) == sign


def test_degrees_stand_close() -> None:
    assert (with_unit("37.2", "deg"), with_unit("412", "um"), with_unit("3", "")) == ("37.2\u00b0", "412 \u00b5m", "3")


def texts(source: str) -> Iterator[tuple[int, str]]:
    """String constants of a module that are no docstrings."""
    tree = ast.parse(source)
    told = {id(node.body[0].value) for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
            and isinstance(node.body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def test_the_search_sees_a_code() -> None:
    source = 'def f():\n    "412 um"\n    return f"{x:.0f} um" if x else "40 mm2 of um"'
    assert [text for _, text in texts(source) if CODE.search(text)] == ["40 mm2 of um", " um"]


def test_no_code_of_a_unit_is_shown_to_a_person() -> None:
    root = Path(fineview.__file__).parent
    found = [f"{path.relative_to(root)}:{line}: {text[:60]!r}" for room in READ for path in (root / room).rglob("*.py")
             for line, text in texts(path.read_text("utf-8")) if CODE.search(text)]
    assert found == []
