"""Kernels are compiled once; whatever is wrong with their cache costs time and one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from spaces.networks.kernels import compiling
from spaces.networks.kernels.compiling import SEAL, Kernels, compile_kernels

numba = pytest.importorskip("numba")

#: Compiling all takes seconds, and what is done with their cache does not depend on how many.
FEW = ("moments",)
#: In a process of its own: mean of each of four channels of two images.
SHOW = f"""
import numpy as np
from types import SimpleNamespace
from spaces.networks.kernels import compiling
compiling.SIGNATURES = {{name: compiling.SIGNATURES[name] for name in {FEW}}}
compiling.Kernels = SimpleNamespace
kernels = compiling.find_kernels()
if kernels is None:
    print("none")
else:
    mean, spread = np.empty((2, 2, 4))
    kernels.moments(np.arange(80, dtype=np.float32).reshape(2, 40) / 7, mean, spread)
    print([round(float(each), 4) for each in mean.ravel()])
"""
MEANS = "[2.5714, 2.7143, 2.8571, 3.0, 8.2857, 8.4286, 8.5714, 8.7143]"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def one_kernel() -> Iterator[None]:
    few = {name: compiling.SIGNATURES[name] for name in FEW}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "SIGNATURES", few)
        patch.setattr(compiling, "Kernels", SimpleNamespace)
        yield


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compiled")
    compile_kernels(numba, folder)
    return folder


def works(kernels: Kernels) -> bool:
    mean, spread = np.empty((2, 1, 2))
    kernels.moments(np.float32([[1, 10, 2, 20, 3, 30]]), mean, spread)
    return mean.tolist() == [[2.0, 20.0]] and spread.tolist() == [[2.0, 200.0]]


def started(cache: Path, **environment: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([*filter(None, [environment.pop("PYTHONPATH", "")]), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, "-c", SHOW],
        env={**os.environ, "STRNAS_CACHE": str(cache), "PYTHONPATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_second_time_they_are_read(compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kernels = compile_kernels(numba, compiled)
    assert works(kernels)
    assert kernels.moments.stats.cache_hits  # type: ignore[attr-defined]
    assert capsys.readouterr().err == ""


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["*.nbc", "*.nbi", SEAL])
@pytest.mark.parametrize(
    "damage",
    [flip, lambda path: path.write_bytes(b""), Path.unlink],
    ids=["flipped", "emptied", "removed"],
)
def test_what_is_damaged_is_compiled_again(
    compiled: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    damage: Callable[[Path], object],
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(compiled, folder)
    damage(next(iter(sorted(folder.rglob(name)))))
    assert works(compile_kernels(numba, folder))
    assert capsys.readouterr().err.count("compiling kernels for this processor, once") == 1
    assert works(compile_kernels(numba, folder))
    assert capsys.readouterr().err == ""


def test_a_cache_that_cannot_be_written_costs_time_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert works(compile_kernels(numba, tmp_path / "file"))
    (line,) = capsys.readouterr().err.splitlines()
    assert "no cache for kernels" in line


def test_a_cache_that_others_may_write_to_is_not_read(
    compiled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(compiled, folder)
    (place,) = folder.iterdir()
    place.chmod(0o777)
    assert works(compile_kernels(numba, folder))
    (line,) = capsys.readouterr().err.splitlines()
    assert "others may write to" in line


def test_two_processes_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    both = [started(tmp_path), started(tmp_path)]
    found = [process.communicate(timeout=500) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [out.strip() for out, _ in found] == [MEANS, MEANS]
    assert sum("once: some seconds" in err for _, err in found) == 1


def test_a_processor_without_wide_registers_has_kernels_of_its_own(
    compiled: Path, tmp_path: Path
) -> None:
    shutil.copytree(compiled, tmp_path / "kernels")
    process = started(tmp_path, NUMBA_CPU_NAME="nehalem", NUMBA_CPU_FEATURES="+sse4.2")
    out, err = process.communicate(timeout=500)
    assert (process.returncode, out.strip()) == (0, MEANS)
    assert "compiling" in err
    assert len(list((tmp_path / "kernels").iterdir())) == 2


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ('ImportError("Numba needs NumPy 2.3 or less")', "Numba cannot be used (Numba needs NumPy"),
        ("ModuleNotFoundError(\"No module named 'numba'\")", ""),
    ],
)
def test_a_numba_that_cannot_be_imported(tmp_path: Path, error: str, told: str) -> None:
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").write_text(f"raise {error}\n")
    process = started(tmp_path / "cache", PYTHONPATH=str(tmp_path))
    out, err = process.communicate(timeout=500)
    assert (process.returncode, out) == (0, "none\n")
    assert err.count("\n") == bool(told)
    assert told in err
