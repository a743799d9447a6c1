"""The same seed renders the same words whatever the processor can do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Words rendered with a seed, and the hash of all their pixels.
RENDER = """
import hashlib
import numpy as np
from trainers.data.rendering.render import render_word
from trainers.data.rendering.settings import RenderSettings

digest = hashlib.blake2b(digest_size=16)
for seed in range(250):
    rng = np.random.default_rng([seed, 5])
    digest.update(render_word("Word%d" % seed, rng, RenderSettings()).tobytes())
print(digest.hexdigest())
"""


def rendered(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", RENDER],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=500,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def words() -> str:
    return rendered()


@pytest.mark.parametrize(
    "without",
    [
        {"OPENCV_IPP": "disabled"},
        pytest.param({"OPENCV_IPP": "sse42"}, marks=pytest.mark.slow),
        pytest.param({"OPENCV_CPU_DISABLE": "AVX2,FMA3,AVX"}, marks=pytest.mark.slow),
        {"NPY_DISABLE_CPU_FEATURES": "X86_V3"},
        {"JSIMD_FORCENONE": "1"},
    ],
    ids=lambda found: next(iter(found.items()))[0] + "=" + next(iter(found.values())),
)
def test_an_older_processor_renders_the_same_words(words: str, without: dict[str, str]) -> None:
    assert rendered(**without) == words
