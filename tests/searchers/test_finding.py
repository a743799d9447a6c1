"""From a name to a searcher: registry, families, a class of any module, entry points."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.cli import run
from bench.presets import load_preset, searcher_settings
from bench.records.errors import PresetError, RecordError
from bench.run import Run
from bench.running.problem import Caps, Chosen
from searchers import FAMILIES, SEARCHERS
from searchers.errors import SearcherError
from searchers.finding import GROUP, find_searcher, plugins
from searchers.random_search import RandomSearch

SOURCE = '''
from dataclasses import dataclass

from searchers.black_box import BlackBox, BlackBoxSettings


@dataclass(frozen=True)
class Settings(BlackBoxSettings):
    temperature: float = 1.0


class Mine(BlackBox):
    """One of somebody else's."""

    Settings = Settings

    def _propose(self, n):
        return self._draw(n)

    def _learn(self, architecture, score):
        pass


number = 7
'''


@pytest.fixture(autouse=True)
def modules_as_before(tmp_path: Path) -> Iterator[None]:
    """What a test imported from its own folder is forgotten."""
    yield
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in str(getattr(module, "__file__", None)):
            del sys.modules[name]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory that is on no path, as for an installed ``bench``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", ".")])
    return tmp_path


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """``offer("name = module:Class")`` installs a package with such an entry point."""

    def install(line: str) -> None:
        site = tmp_path / "site"
        info = site / "annealing-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: annealing\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{line}\n")
        (site / "offered.py").write_text(SOURCE)
        monkeypatch.syspath_prepend(site)

    return install


def refusal(name: str) -> str:
    """The one line that says why there is no such searcher."""
    with pytest.raises(SearcherError) as caught:
        find_searcher(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- what is found --------------------------------------------------------------------------


def test_a_name_of_the_registry() -> None:
    found = find_searcher("random")
    assert (found.name, found.kind, found.given) == ("random", RandomSearch, {})
    assert found.setting_names() == ["training_share"]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_member_of_a_family_brings_its_setting(family: str) -> None:
    field = FAMILIES[family][1]
    found = find_searcher(f"{family}:Something")
    assert found.given == {field: "Something"}
    assert field not in found.setting_names()


def test_a_class_of_a_file_in_the_working_directory(here: Path) -> None:
    (here / "of_here.py").write_text(SOURCE)
    found = find_searcher("of_here:Mine")
    assert (found.kind.__module__, found.kind.__name__) == ("of_here", "Mine")
    assert found.setting_names() == ["training_share", "temperature"]
    assert str(here) not in sys.path


def test_a_class_of_a_package_on_the_path(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = here / "elsewhere" / "some_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "inside.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(here / "elsewhere")
    assert find_searcher("some_package.inside:Mine").kind.__module__ == "some_package.inside"


def test_an_entry_point(offer: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    offer("annealing = offered:Mine")
    assert list(plugins()) == ["annealing"]
    assert find_searcher("annealing").kind.__name__ == "Mine"
    assert "did you mean 'annealing'" in refusal("anealing")
    assert run(["list"]) == 0
    assert "One of somebody else's." in capsys.readouterr().out


def test_an_entry_point_cannot_take_over_a_name_of_the_registry(
    offer: Callable[[str], None],
) -> None:
    offer("random = offered:Mine")
    assert plugins() == {}
    assert find_searcher("random").kind is RandomSearch


def test_an_entry_point_that_cannot_be_used_is_listed_with_the_reason(
    offer: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    offer("annealing = offered:number")
    assert "searcher annealing is 7, expected a subclass" in refusal("annealing")
    assert run(["list"]) == 0
    assert "not usable" in capsys.readouterr().out


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("randm", "unknown searcher 'randm', did you mean 'random'?"),
        ("optuna", "did you mean 'optuna:NAME'?"),
        ("nowhere:Mine", "there is no module 'nowhere' to import from here: give module:Class"),
        ("nowhere.inside:Mine", "there is no module 'nowhere' to import from here"),
        ("mine.inside:Mine", "there is no module 'mine.inside' to import from here"),
        ("mine:Min", "unknown class of module mine 'Min', did you mean 'Mine'? known: BlackBox, M"),
        ("mine:number", "searcher mine:number is 7, expected a subclass of searchers.base.Searche"),
        ("mine:Settings", "expected a subclass of searchers.base.Searcher"),
        ("searchers.base:Searcher", "does not define _load_state, _state, ask, recommend, tell"),
        ("mine:", "searcher 'mine:': expected a name of `bench list`, or module:Class"),
        (":Mine", "searcher ':Mine': expected a name of `bench list`, or module:Class"),
        ("..mine:Mine", "searcher '..mine:Mine': expected a name of `bench list`"),
        ("unset:NoSettings", "searcher unset:NoSettings has no frozen Settings"),
        ("unset:Thawed", "searcher unset:Thawed has no frozen Settings"),
    ],
)
def test_what_is_no_searcher_is_refused_in_one_line(here: Path, name: str, message: str) -> None:
    (here / "mine.py").write_text(SOURCE)
    (here / "unset.py").write_text(
        f"{SOURCE}\n\nclass NoSettings(Mine):\n    Settings = None\n\n\n"
        "@dataclass\nclass Loose:\n    training_share: float = 0.5\n\n\n"
        "class Thawed(Mine):\n    Settings = Loose\n"
    )
    assert message in refusal(name)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\ny = 1 / 0\n", "ZeroDivisionError: division by zero at broken.py, line 2"),
        ("import json\n\njson.loads('{')\n", "at broken.py, line 3"),
        ("import broken_too\n", "ValueError: first second at broken_too.py, line 2"),
        ("import brok\n", "ModuleNotFoundError: No module named 'brok' at broken.py, line 1"),
        ("def f(:\n", "SyntaxError: invalid syntax (broken.py, line 1)"),
        ("import sys\n\nsys.exit('bye')\n", "SystemExit: bye at broken.py, line 3"),
    ],
)
def test_a_module_that_cannot_be_imported_names_file_and_line(
    here: Path, capsys: pytest.CaptureFixture[str], source: str, message: str
) -> None:
    (here / "broken.py").write_text(source)
    (here / "broken_too.py").write_text("\nraise ValueError('first\\nsecond')\n")
    assert run(["doctor", "--searcher", "broken:Mine"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("bench: searcher broken:Mine cannot be imported")
    assert error.count("\n") == 1
    assert message in error


# ---- settings of plug-ins -------------------------------------------------------------------


def test_settings_are_keys_of_presets(here: Path) -> None:
    (here / "mine.py").write_text(SOURCE)
    found = find_searcher("mine:Mine")
    preset = load_preset("tiny", ["searcher.mine:Mine.temperature=0.25"], found)
    assert searcher_settings(preset, found).temperature == 0.25
    with pytest.raises(PresetError, match=r"did you mean 'searcher\.mine:Mine\.temperature'"):
        load_preset("tiny", ["searcher.mine:Mine.temprature=0.25"], found)
    preset = load_preset("tiny", ["searcher.mine:Mine.temperature=hot"], found)
    with pytest.raises(PresetError, match="searcher mine:Mine: temperature: Expected `float`"):
        searcher_settings(preset, found)


def test_settings_are_a_section_of_a_preset_file(here: Path) -> None:
    (here / "mine.py").write_text(SOURCE)
    file = here / "own.toml"
    file.write_text('description = "own"\n[searcher."mine:Mine"]\ntemperature = 0.125\n')
    found = find_searcher("mine:Mine")
    assert searcher_settings(load_preset("own.toml", [], found), found).temperature == 0.125
    # Another searcher may run with the same preset.
    load_preset("own.toml", [], find_searcher("random"))
    file.write_text('description = "own"\n[searcher."mine:Mine"]\ntemprature = 0.125\n')
    with pytest.raises(PresetError, match=r"did you mean 'searcher\.mine:Mine\.temperature'"):
        load_preset("own.toml", [], found)
    file.write_text('description = "own"\n[searcher.mine:Mine]\ntemperature = 0.125\n')
    with pytest.raises(PresetError, match=r"own.toml is not TOML"):
        load_preset("own.toml", [], found)


def test_settings_of_an_entry_point(offer: Callable[[str], None], here: Path) -> None:
    offer("annealing = offered:Mine")
    found = find_searcher("annealing")
    preset = load_preset("tiny", ["searcher.annealing.temperature=0.5"], found)
    assert searcher_settings(preset, found).temperature == 0.5
    Path("own.toml").write_text('description = "own"\n[searcher.annealing]\ntemperatur = 0.5\n')
    with pytest.raises(PresetError, match=r"did you mean 'searcher\.annealing\.temperature'"):
        load_preset("own.toml", [], found)


# ---- other code is another run --------------------------------------------------------------


def test_the_source_is_part_of_what_a_run_is(here: Path) -> None:
    preset = load_preset("tiny", ["run.evaluator=synthetic", "run.budget_images=200"])

    def start(source: str) -> Run:
        (here / "mine.py").write_text(source)
        sys.modules.pop("mine", None)
        return Run("mine:Mine", "tiny", preset, 0)

    first = start(SOURCE)
    result = first.execute(here / "run")
    assert first.manifest.identity["searcher_source"]
    assert start(SOURCE).execute(here / "run") == result
    # Of another size: else a module changed within a second is not compiled again.
    other = start(SOURCE.replace("number = 7", "number = 77"))
    assert other.manifest.identity_hash != first.manifest.identity_hash
    with pytest.raises(RecordError, match=r"holds another run .searcher_source is"):
        other.execute(here / "run")


def test_a_plug_in_may_be_called_like_a_searcher_of_ours(here: Path) -> None:
    (here / "searchers_of_mine.py").write_text(SOURCE)
    preset = load_preset("tiny")
    assert Chosen.of("searchers_of_mine:Mine", preset).source_hash()
    for name in SEARCHERS:
        assert Chosen.of(name, preset).source_hash() is None
    assert Chosen.of("searchers.random_search:RandomSearch", preset).source_hash() is None


def test_a_plug_in_keeps_the_cap_it_is_given(here: Path) -> None:
    (here / "mine.py").write_text(SOURCE)
    preset = load_preset("tiny", ["run.evaluator=synthetic"])
    run_ = Run("mine:Mine", "tiny", preset, 0, Caps(max_macs=100_000_000))
    assert run_.execute(here / "run").recommendation.macs <= 100_000_000
