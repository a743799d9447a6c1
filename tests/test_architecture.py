"""The house rules that a machine can check: layers, packages, versions."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

import bench

ROOT = Path(__file__).parents[1]
PACKAGES = ("bench", "searchers", "spaces", "trainers")
ROOMS = [file.parent for name in PACKAGES for file in sorted((ROOT / name).rglob("__init__.py"))]
#: A line of the list in a room's docstring: ``file`` or ``room/``, then what it is for.
ENTRY = re.compile(r"^``(\w+/?)`` {2,}\S", re.MULTILINE)


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_imports_run_one_way():
    code = "import sys, importlinter.cli as c; sys.exit(c.lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_package_is_shipped(project):
    found = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for name in PACKAGES
        for file in (ROOT / name).rglob("*.py")
    }
    assert found == set(project["tool"]["setuptools"]["packages"])


def test_every_package_has_an_init_and_types(project):
    for package in project["tool"]["setuptools"]["packages"]:
        assert (ROOT / package.replace(".", "/") / "__init__.py").is_file(), package
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").is_file(), package


def test_every_other_file_in_a_package_is_shipped(project):
    data = project["tool"]["setuptools"]["package-data"]
    shipped = {
        file
        for package, patterns in data.items()
        for pattern in patterns
        for file in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    ignored = {".py", ".pyc"}
    for name in PACKAGES:
        for file in (ROOT / name).rglob("*"):
            if file.is_file() and file.suffix not in ignored:
                assert file in shipped, file.relative_to(ROOT)


def test_changelog_knows_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{bench.__version__}]" in changelog


def test_every_dependency_is_pinned(project):
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0] for line in lines if line and not line.startswith("#")}
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["test"],
    ]
    names = {line.split(">")[0].lower() for line in wanted}
    assert names <= pinned


def test_no_files_import_each_other_in_a_circle():
    """Not by a detour either, nor for types only."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    names = sorted(graph.modules)
    place = {name: index for index, name in enumerate(names)}
    pairs = [
        (place[name], place[other])
        for name in names
        for other in graph.find_modules_directly_imported_by(name)
    ]
    links = coo_matrix((np.ones(len(pairs)), tuple(zip(*pairs, strict=True))), (len(names),) * 2)
    count, circle = connected_components(links, directed=True, connection="strong")
    largest = np.bincount(circle, minlength=count).argmax()
    assert count == len(names), [n for n, of in zip(names, circle, strict=True) if of == largest]


def test_every_room_of_bench_is_in_the_layers(project):
    contracts = {each["name"]: each for each in project["tool"]["importlinter"]["contracts"]}
    rooms = contracts["Rooms of bench: what is above may import what is below"]
    named = {room for layer in rooms["layers"] for room in layer.split(" | ")}
    found = {
        path.stem
        for path in (ROOT / "bench").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert found - {"__init__", "__main__"} == named


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(ROOT).as_posix())
def test_every_room_says_what_each_of_its_files_is_for(room):
    code = (room / "__init__.py").read_text(encoding="utf-8")
    said = ENTRY.findall(ast.get_docstring(ast.parse(code)) or "")
    found = [file.stem for file in room.glob("*.py") if not file.name.startswith("_")]
    found += [f"{inner.parent.name}/" for inner in room.glob("*/__init__.py")]
    assert sorted(said) == sorted(found)
