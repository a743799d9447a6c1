"""The way in: registry, options, cache folder, error tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spaces import SPACES, Space, load_space
from spaces.cache import cache_folder
from spaces.errors import InputError, SpaceError


@pytest.mark.parametrize("name", sorted(SPACES))
def test_every_registered_space_keeps_the_contract(name: str) -> None:
    space = load_space(name)
    assert isinstance(space, Space)
    assert space.name == name
    rng = np.random.default_rng(0)
    encodings = space.sample(20, rng)
    assert encodings.shape == (20, space.columns)
    assert (space.unrank(space.rank(encodings)) == encodings).all()
    for found in space.architectures(encodings):
        assert space.parse(found.text) == space.parse(str(found.index)) == found
    allowed = [space.operation_allowed(row[: space.path_length]) for row in encodings]
    assert allowed[0].shape == (space.layers, len(space.operations))
    for path in space.typical_paths():
        assert (space.parse_path(space.path_text(path)) == path).all()
        assert space.operation_macs(path).shape == (space.layers, len(space.operations))
    for moved in (
        space.mutate(encodings, rng),
        space.crossover(encodings, encodings[::-1], rng),
        space.neighbours(encodings[0]),
    ):
        assert space.is_valid(moved).all()
    for view in space.encoding_names:
        points = space.named_encoding(view).encode(encodings)
        assert (space.named_encoding(view).decode(points)[0] == encodings).all()
    assert (space.macs(encodings) >= space.min_macs()).all()
    assert (space.macs(encodings) <= space.max_macs()).all()
    assert (space.params(encodings) > 0).all()


def test_settings_rebuild_a_space() -> None:
    space = load_space(
        "autostr", strict=True, layers=6, downsampling_a=1, downsampling_b=1, stem_width=8
    )
    again = load_space("autostr", **space.settings())
    assert again.settings() == space.settings()
    assert again.count() == space.count()
    assert "layers=6" in repr(space)
    assert space.settings()["widths"] == [8, 16]


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(SpaceError, match="unknown space 'autostar', did you mean 'autostr'"):
        load_space("autostar")
    with pytest.raises(SpaceError, match="unknown option of space autostr 'stric', did you mean"):
        load_space("autostr", stric=True)
    with pytest.raises(SpaceError, match="unknown space 'zzz'; known: autostr"):
        load_space("zzz")


def test_errors_can_be_caught_as_value_errors() -> None:
    assert issubclass(SpaceError, InputError)
    assert issubclass(InputError, ValueError)


def test_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STRNAS_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    assert cache_folder() == tmp_path / "own"
    assert not cache_folder().exists()
    monkeypatch.setenv("STRNAS_CACHE", "")
    assert cache_folder() == tmp_path / "shared" / "strnas-bench"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "strnas-bench"


def test_describing_a_space_needs_no_torch() -> None:
    code = (
        "import sys, spaces; spaces.load_space('autostr').parse('ABABB-555555555555555');"
        "sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
