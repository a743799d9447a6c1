"""``bench``, ``bench --help``, ``bench list``, unknown names, and what waits for torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench import __version__
from bench.cli import COMMANDS
from searchers import SEARCHERS
from spaces import SPACES

RUN = ["run", "--quiet"]


def test_help_lists_every_command_with_a_line(bench):
    answer = bench("--help")
    assert answer.code == 0
    for name, (_, line) in COMMANDS.items():
        assert name in answer.out
        assert line.split()[0] in answer.out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(bench, name):
    answer = bench(name, "--help")
    assert answer.code == 0
    assert f"Usage: bench {name}" in answer.out


def test_no_arguments_shows_help_and_is_an_error(bench):
    assert bench().code == 2


def test_version(bench):
    assert __version__ in bench("--version").out


def test_list_as_json(bench):
    listed = bench("list", "--json").json
    assert listed["searchers"] == sorted(SEARCHERS)
    assert listed["spaces"] == sorted(SPACES)
    assert {"tiny", "cpu", "gpu", "paper"} <= set(listed["presets"])


def test_list_for_people_names_the_same(bench):
    listed, text = bench("list", "--json").json, bench("list").out
    for names in listed.values():
        for name in names:
            assert name in text


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["spce"], "space"),
        ([*RUN, "--searcher", "proxylss", "--preset", "tiny"], "proxyless"),
        ([*RUN, "--searcher", "random", "--preset", "tinny"], "tiny"),
        (
            [*RUN, "--searcher", "random", "--preset", "tiny", "--set", "run.budget_image=1"],
            "run.budget_images",
        ),
        (["space", "count", "--space", "autostar"], "autostr"),
    ],
)
def test_unknown_name_gets_the_nearest_known_one(refused, arguments, nearest):
    assert f"did you mean {nearest!r}?" in refused(*arguments)


def test_unknown_option(refused):
    assert "--jsn" in refused("list", "--jsn")


def _fresh(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=500, check=False
    )


@pytest.mark.parametrize(
    "statement",
    [
        "import bench.cli, bench.commands.listing, bench.commands.space, bench.commands.data",
        "import spaces, searchers, trainers, trainers.data",
        "from bench.cli import run; assert run(['--help']) == 0",
        "from bench.cli import COMMANDS, run; assert not any(run([c, '--help']) for c in COMMANDS)",
        "from bench.cli import run; assert run(['list', '--json']) == 0",
        "from bench.cli import run; assert run(['list']) == 0",
        "from bench.cli import run; assert run(['space', 'count', '--max-macs', '450M']) == 0",
        "from bench.cli import run; assert run(['space', 'show', '7']) == 0",
    ],
)
def test_answers_without_torch(statement):
    done = _fresh(f"{statement}\nimport sys\nsys.exit(7 if 'torch' in sys.modules else 0)")
    assert done.returncode == 0, done.stderr


def test_python_m_bench_passes_the_exit_code_on():
    done = subprocess.run(
        [sys.executable, "-m", "bench", "space", "show", "nonsense"],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_a_reader_that_stops_reading_is_no_crash():
    done = subprocess.run(
        f"'{sys.executable}' -m bench space sample -n 50000 | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
