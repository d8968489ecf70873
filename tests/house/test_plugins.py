"""Bundled plugins keep the rules that everybody's plugins are told: valid manifests, one window, named packages."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from fineview import api
from fineview.extend.hooks import HOOKS
from fineview.extend.manifest import FILE, Manifest, read_manifest
from tests.house.test_imports import HEAVY, loaded_after

PLUGINS = sorted(path.parent for path in (Path(__file__).parents[2] / "plugins").glob(f"*/{FILE}"))
EVERYBODY = {"numpy", "fineview"}


@pytest.fixture(params=PLUGINS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def imports(folder: Path) -> set[tuple[str, str]]:
    """(module, name) pairs, the name "" for a plain import."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {(one.name, "") for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {(node.module or "", one.name) for one in node.names}
    return found


def test_its_manifest_is_valid_and_says_a_free_licence(folder: Path) -> None:
    assert read_manifest(folder).licence in ("Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause")


def test_it_uses_names_of_the_window_alone(folder: Path) -> None:
    used = {name for module, name in imports(folder) if module == "fineview.api"}
    assert used and used <= set(api.__all__)
    assert not {module for module, _ in imports(folder)} & {"importlib", "builtins", "ctypes", "subprocess", "socket"}


def test_every_package_it_imports_is_named(folder: Path) -> None:
    own = {path.stem for path in folder.glob("*.py")}
    named = {Requirement(one).name.replace("-", "_").lower() for one in read_manifest(folder).requires}
    tops = {module.split(".")[0] for module, _ in imports(folder)} - own
    assert tops - set(sys.stdlib_module_names) <= EVERYBODY | named


def test_its_class_has_the_methods_of_its_hooks(folder: Path) -> None:
    made: Manifest = read_manifest(folder)
    tree = ast.parse((folder / f"{made.module}.py").read_text("utf-8"))
    (entry,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == made.attribute]
    methods = {node.name for node in entry.body if isinstance(node, ast.FunctionDef)}
    assert methods >= {method for hook in made.hooks for method in HOOKS[hook]}


def test_the_wheel_brings_it_along(folder: Path) -> None:
    project = tomllib.loads((folder.parents[1] / "pyproject.toml").read_text("utf-8"))
    taken = project["tool"]["setuptools"]["data-files"][f"share/fineview/plugins/{folder.name}"]
    found = {path for pattern in taken for path in folder.parents[1].glob(pattern)}
    assert found == {path for path in folder.iterdir() if path.is_file()}


def test_no_hook_without_a_user() -> None:
    assert PLUGINS
    assert {hook for folder in PLUGINS for hook in read_manifest(folder).hooks} == set(HOOKS)


def test_the_window_names_what_it_has_and_stays_bare() -> None:
    assert all(hasattr(api, name) for name in api.__all__)
    assert not loaded_after("import fineview.api") & (HEAVY | {"cv2", "PIL", "platformdirs", "packaging"})
