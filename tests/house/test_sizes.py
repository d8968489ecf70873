"""Budgets that keep files and functions readable."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "fineview").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")])
FILE_LINES, FUNCTION_LINES = 400, 40
TIGHTER = {"fineview/gui/main_window.py": 200}
VAGUE = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_file_and_functions_fit(path: Path) -> None:
    text = path.read_text("utf-8")
    limit = TIGHTER.get(named(path), FILE_LINES)
    assert len(text.splitlines()) <= limit
    long = [f"{node.name} at line {node.lineno}: {(node.end_lineno or 0) - node.lineno + 1} lines"
            for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES]
    assert not long


def test_tests_fit_too() -> None:
    long = [named(path) for path in (ROOT / "tests").rglob("*.py") if len(path.read_text().splitlines()) > FILE_LINES]
    assert not long


def test_names_say_what_is_inside() -> None:
    assert not [named(path) for path in FILES if path.stem in VAGUE or path.parent.name in VAGUE]


def test_the_top_level_is_fixed() -> None:
    allowed = {"pyproject.toml", "fineview", "resources", "plugins", "tests", "packaging", "README.md", "LICENSE"}
    written_by_tools = {"build", "dist", "runs", "fineview-demo", "fineview.egg-info"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - written_by_tools <= allowed
