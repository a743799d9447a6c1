"""Files that read what the model reads, by nothing but what the documentation says."""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.cli import run
from bench.models.export import safetensors, torchscript
from bench.models.export.checking import TIE, ReaderComparison, compare, torch_reader
from bench.models.export.errors import ExportError
from bench.models.export.writing import export
from spaces.networks.normalisation import RunningStatistics
from trainers.models.description import ModelDescription
from trainers.models.model import Model
from trainers.models.reader import WordReader

sys.path.insert(0, str(Path(__file__).parent))

from fixtures_lively import architecture, baseline, cells, folder_of, lively, noise

DOCS = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
ONNX_EXAMPLE, TORCH_EXAMPLE = re.findall(r"```python\n(.*?)```", DOCS, flags=re.DOTALL)
IMAGES = 16
KINDS: dict[str, ModelDescription] = {
    "ctc": architecture(),
    "tps": architecture(rectifier="tps"),
    "bilstm": architecture(sequence_encoder="bilstm"),
    "attention": architecture(head="attention"),
    "all": architecture(rectifier="tps", sequence_encoder="bilstm", head="attention"),
    "extractor": cells("extractor"),
    "four stages": cells(
        "extractor",
        rectifier="grey-tps",
        sequence_encoder="projected-bilstm",
        sequence_hidden=8,
        head="lstm-attention",
    ),
    "rectifier": cells("rectifier"),
    "both": cells("both", head="attention"),
    "crnn": baseline("crnn"),
    "r2am": baseline("r2am"),
}
LARGE = ("rare", "star-net", "grcnn", "rosetta", "trba", "aster")


def words_of(model: Model, ids_BS: np.ndarray) -> list[str]:
    return [model.codec.decode([i for i in row if i >= 0]) for row in ids_BS.tolist()]


def check_format(name: str, model: Model) -> None:
    module = importlib.import_module(f"bench.models.export.{name}")
    read = module.open_reader(module.encode(model), 1)
    images = noise(model, IMAGES)
    with torch.inference_mode():
        margins_B = torch_reader(model)[0](torch.from_numpy(images))[2]
    images = images[margins_B.numpy() > TIE]
    words = model.read(images) or []
    ids_BS, scores_B = read(images)
    assert (ids_BS.dtype, scores_B.dtype) == (np.int64, np.float32)
    assert words_of(model, ids_BS) == words
    # Other numbers of images, too: nothing of the example's size is left in the file.
    assert [words_of(model, read(image[None])[0])[0] for image in images[:4]] == words[:4]
    found = compare(model, read, images)
    found.check()
    # Images differ by far more than ways to read them.
    assert np.ptp(np.log(scores_B)) > 10 * found.greatest_log_probability_difference


@pytest.mark.parametrize("kind", ["all", "both"])
def test_torchscript_reads_what_the_model_reads(kind: str) -> None:
    check_format("torchscript", lively(KINDS[kind]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx", "torchscript"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(kind: str, name: str) -> None:
    check_format(name, lively(KINDS[kind]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx", "torchscript"])
@pytest.mark.parametrize("large", LARGE)
def test_large_baselines(large: str, name: str) -> None:
    check_format(name, lively(baseline(large)))


@pytest.mark.parametrize("kind", ["ctc", "attention", pytest.param("r2am", marks=pytest.mark.slow)])
def test_the_reader_is_the_model_and_knows_its_probability(kind: str) -> None:
    model = lively(KINDS[kind])
    images = noise(model, 16)
    norm = RunningStatistics()
    with torch.inference_mode():
        ids_BS, scores_B, margins_B = WordReader(model.network, norm)(torch.from_numpy(images))
        features_BTC = model.network.encode(torch.from_numpy(images), norm)
        words = words_of(model, ids_BS)
        assert words == model.read(images)
        assert (margins_B > 0).all()
        for row, word in enumerate(words):
            label = model.codec.encode(word)
            loss = float(model.network.head.loss(features_BTC[row : row + 1], [label]))
            if kind == "ctc":
                # The best path is one of the word's.
                assert float(scores_B[row]) <= math.exp(-loss) * 1.001
            elif len(word) < model.description.max_length:
                assert float(scores_B[row]) == pytest.approx(math.exp(-loss), rel=1e-3)


@pytest.mark.whole
def test_ten_lines_read_words_with_onnxruntime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(ONNX_EXAMPLE.split("\n\n", 1)[1].strip().splitlines()) <= 10
    folder = folder_of(tmp_path / "model", lively(KINDS["attention"]))
    assert run(["export", str(folder), "--json", "--repetitions", "2"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["words_read_differently"] == facts["ties"] == 0
    assert facts["words"] == 64
    assert facts["checked_on"] == "rendered words"
    assert facts["latency"]["onnx"]["median_ms"] > 0
    (written,) = map(Path, facts["files"])
    assert written == folder / "model.onnx"
    # Neither this machine's folders nor what is written while one waits.
    assert str(Path(__file__).parents[2]).encode() not in written.read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == [
        "model.json",
        "model.onnx",
        "weights.safetensors",
    ]
    check_example(ONNX_EXAMPLE, folder, tmp_path, monkeypatch, capsys)


def test_the_torchscript_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path / "model", lively(KINDS["ctc"]))
    picture = tmp_path / "crop.png"
    Image.fromarray(noise(lively(KINDS["ctc"]), 1)[0]).save(picture)
    arguments = ["--format", "torchscript", "--images", str(picture), "--repetitions", "1"]
    assert run(["export", str(folder), *arguments]) == 0
    assert "given images" in capsys.readouterr().out
    image = ONNX_EXAMPLE[ONNX_EXAMPLE.index("image =") : ONNX_EXAMPLE.index("ids, scores")]
    code = f"import cv2\nheight, width = 32, 100\n{image}\n{TORCH_EXAMPLE}"
    check_example(code, folder, tmp_path, monkeypatch, capsys)


def check_example(
    code: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The code prints what ``bench read`` says of an image of another size."""
    rng = np.random.default_rng(3)
    blocks = rng.integers(0, 256, (5, 15, 3), dtype=np.uint8)
    Image.fromarray(blocks).resize((180, 45), Image.Resampling.BICUBIC).save(folder / "word.png")
    assert run(["read", str(folder), str(folder / "word.png"), "--json"]) == 0
    (read,) = json.loads(capsys.readouterr().out)["words"]
    monkeypatch.chdir(folder)
    with warnings.catch_warnings():
        # TorchScript is no longer developed, and says so.
        warnings.simplefilter("ignore", DeprecationWarning)
        exec(compile(code, "export.md", "exec"), {})
    word, score = capsys.readouterr().out.rstrip("\n").rsplit(" ", 1)
    assert word == read["word"]
    assert float(score) == pytest.approx(read["confidence"], rel=1e-3)


def test_safetensors_carries_weights_and_description(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = lively(KINDS["both"])
    folder = folder_of(tmp_path / "model", model)
    out = tmp_path / "weights.st"
    arguments = ["export", str(folder), "--format", "safetensors", "--out", str(out)]
    assert run([*arguments, "--repetitions", "1"]) == 0
    weights = safetensors.safetensors_torch.load(out.read_bytes())
    own = model.network.state_dict()
    assert weights.keys() == own.keys()
    assert all(torch.equal(weights[name], own[name]) for name in own)
    beside = json.loads((tmp_path / "weights.st.json").read_text(encoding="utf-8"))
    assert beside["charset"] == model.charset.characters
    assert beside["input_size"] == "32x100"
    assert beside["description"]["text"] == model.description.name
    assert beside["tensors"] == {name: list(value.shape) for name, value in own.items()}
    # What the documentation says of the names holds for all of them.
    known = re.findall(r"^\| (`.*?`(?:, `.*?`)*) \| ", DOCS, flags=re.MULTILINE)
    beginnings = tuple(part.split("N.")[0] for row in known for part in re.findall("`(.*?)`", row))
    assert all(name.startswith(beginnings) for name in own)


def test_beams_are_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of(tmp_path / "model", lively(architecture(head="attention", beam_width=4)))
    assert run(["export", str(folder), "--format", "torchscript", "--repetitions", "1"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"beams differ +\d", printed)
    assert "reads greedily" in printed


def test_a_file_that_reads_otherwise_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, other = lively(KINDS["ctc"]), lively(KINDS["ctc"])
    with torch.no_grad():
        other.network.head.classify.bias[1:].neg_()
    content = torchscript.encode(other)
    monkeypatch.setattr(torchscript, "encode", lambda _: content)
    with pytest.raises(ExportError, match=r"reads \d+ of 16 words otherwise"):
        export(model, "torchscript", tmp_path / "model.pt", noise(model, IMAGES), 1, 1)
    assert list(tmp_path.iterdir()) == []


def test_rounding_explains_ties_only() -> None:
    ReaderComparison(10, 2, 2, 0.0, 0.0, 0).check()
    with pytest.raises(ExportError, match="1 of 10 words"):
        ReaderComparison(10, 2, 1, 0.0, 0.0, 0).check()
    with pytest.raises(ExportError, match=r"up to 0\.02"):
        ReaderComparison(10, 0, 0, 0.0, 0.02, 0).check()


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]):
    def call(*arguments: object) -> str:
        assert run([str(argument) for argument in arguments]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("bench: ")
        assert captured.err.count("\n") == 1
        return captured.err

    return call


def test_what_cannot_be_written_is_refused_at_once(tmp_path: Path, refused) -> None:
    folder = folder_of(tmp_path / "model", lively(KINDS["ctc"]))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    taken = tmp_path / "taken.onnx"
    taken.touch()
    assert "--force" in refused("export", folder, "--out", taken)
    assert "existing folder" in refused("export", folder, "--out", tmp_path / "none" / "a.onnx")
    assert "existing folder" in refused("export", folder, "--out", tmp_path)
    for own in ("model.json", "weights.safetensors"):
        assert "the model's own" in refused("export", folder, "--force", "--out", folder / own)
    beside = ("--format", "safetensors", "--force", "--out", folder / "model")
    assert "the model's own" in refused("export", folder, *beside)
    assert "no model folder" in refused("export", tmp_path)
    assert "word.png" in refused("export", folder, "--images", tmp_path)
    assert before == {path: path.read_bytes() for path in folder.iterdir()}


def test_force_replaces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of(tmp_path / "model", lively(KINDS["ctc"]))
    out = tmp_path / "model.pt"
    out.write_text("old")
    arguments = ["export", folder, "--format", "torchscript", "--out", out, "--force"]
    assert run([*map(str, arguments), "--repetitions", "1"]) == 0
    assert out.read_bytes()[:2] == b"PK"
    assert re.search(r"torchscript, one image +[\d.]+ ms", capsys.readouterr().out)


def test_without_the_extra_one_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused
) -> None:
    folder = folder_of(tmp_path / "model", lively(KINDS["ctc"]))
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "bench.models.export.writing.find_spec",
        lambda name: None if name == "onnxruntime" else found(name),
    )
    assert "pip install 'strnas-bench[export]'" in refused("export", folder)
    assert run(["export", str(folder), "--format", "torchscript", "--repetitions", "1"]) == 0
