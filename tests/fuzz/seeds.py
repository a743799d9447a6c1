"""Whole files of every kind that commands read, to be damaged."""

from __future__ import annotations

import io
import os
import shutil
import sys
import zipfile
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from PIL import Image

import bench
import searchers
import spaces
import trainers
from bench.cli import run
from bench.panel.file import read_panel
from bench.panel.rows import Row, write_rows
from bench.panel.training import recipes_of

STUDY = """name = "s"
searchers = ["random"]
seeds = 2
preset = "tiny"
set = ["run.evaluator=synthetic", "run.budget_images=600"]
"""
PRESET = """base = "tiny"
description = "mine"
[run]
evaluator = "synthetic"
budget_images = 600
"""
PANEL = """preset = "tiny"
[[parts]]
name = "pairs"
architectures = "pairs.txt"
pairs = true
"""
PAIR = ("A..B..A..B..B..-555555545514466", "A..B..A..B..B..-111111111111111")
FORMATS = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "bmp": "BMP", "tif": "TIFF", "webp": "WEBP"}


def make_seeds(place: Path, with_model: bool) -> None:
    """Fill ``place``; with a model it takes a minute more."""
    place.mkdir(parents=True)
    words = place / "words.lmdb"
    _do("data", "render", words, "--count", 6, "--quiet")
    (words / "lock.mdb").unlink(missing_ok=True)
    (place / "study.toml").write_text(STUDY)
    (place / "preset.toml").write_text(PRESET)
    small = ("--searcher", "random", "--preset", place / "preset.toml", "--quiet")
    _do("run", *small, "--out", place / "run")
    picture = Image.effect_noise((40, 20), 80)
    for suffix, name in FORMATS.items():
        picture.convert("RGB").save(place / f"a.{suffix}", name)
    (place / "labels.tsv").write_text("a.png\tword\na.jpg\tother\n")
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_STORED):
        name = {8: "words.zip", 14: "lzma.zip", 0: "stored.zip"}[method]
        (place / name).write_bytes(_zipped(place, method))
    _do("compare", place / "run", "--out", place / "report")
    (place / "report" / "records.zip").rename(place / "records.zip")
    (place / "panel.toml").write_text(PANEL)
    (place / "pairs.txt").write_text("\n".join(PAIR) + "\n")
    panel = read_panel(place / "panel.toml")
    rows = [
        Row(text, 0, 16, 0.5, 0.5, 1.0, 0.5, 0.5, 1.0, 7, 7, 1.0, 0, recipe, None)
        for text, (recipe,) in recipes_of(panel, panel.parts[0]).items()
    ]
    write_rows(panel.table, rows)
    os.mkfifo(place / "pipe")
    if with_model:
        architecture = ("A..B..A..B..B..-555555545514466", "--preset", "tiny")
        quick = ("--set", "retraining.epochs=0.1", "--set", "data.rendering.test=20", "--quiet")
        _do("retrain", *architecture, *quick, "--out", place / "model")
        net = ("--preset", "tiny", "--images", 64, "--out", place / "net.safetensors", "--quiet")
        _do("supernet", "train", *net)
        shutil.rmtree(place / "net")
        _do("latency", "measure", place / "latency.json", "--repetitions", 1, "--quiet")


def _zipped(place: Path, method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name in ("labels.tsv", "a.png", "a.jpg"):
            archive.write(place / name, name)
    return buffer.getvalue()


def _do(*words: object) -> None:
    """In a process of its own: a fork of one that has computed would wait for threads it lacks."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = run([str(word) for word in words])
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0:
        raise RuntimeError(f"bench {' '.join(map(str, words))}: exit code {code}")


def import_all() -> None:
    """What commands import when they need it, so that trials need not."""
    for room in (bench, searchers, spaces, trainers):
        for module in walk_packages(room.__path__, f"{room.__name__}."):
            if module.name != "bench.__main__":
                import_module(module.name)
    import_module("torch._dynamo")  # By optimisers, on their first use.
