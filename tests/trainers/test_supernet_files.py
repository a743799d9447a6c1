"""Stored supernets: what fits is loaded, everything else is refused in one line, unharmed."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

import trainers.state
from spaces import load_space
from spaces.networks.mesh import Mesh
from trainers.building import (
    PACKED,
    build_network,
    build_trainer,
    load_supernet,
    supernet_identity,
)
from trainers.data_splits import Split
from trainers.errors import TrainerError
from trainers.settings import DataSettings, RecogniserSettings, SupernetSettings, TrainerSettings
from trainers.state import (
    METADATA_KEY,
    file_hash,
    pack_parameters,
    read_tensors,
    write_tensors,
)
from trainers.supernet import Supernet, build_supernet

DATA = DataSettings(max_length=8)
RECOGNISER = RecogniserSettings()
SUPERNET = SupernetSettings(stem_width=2, widths=(2, 2, 3, 3, 4), sharing="stage")
SPACE = load_space("autostr")
IDENTITY = supernet_identity(SPACE, DATA, RECOGNISER, SUPERNET)


#: A net of two layers is enough for files; what is in it does not matter to them.
MESH = Mesh(2, (2, 3), layers=2, downsampling_a=1, downsampling_b=1, sharing="stage")


def build(seed: int, mesh: Mesh = MESH) -> Supernet:
    return build_supernet(mesh, RECOGNISER, 36, DATA.max_length, seed)


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    return dict(build(1).state_dict())


@pytest.fixture(scope="module")
def fresh() -> Supernet:
    return build(2)


def metadata(**changes: Any) -> dict[str, Any]:
    return {"identity": IDENTITY | changes, "provenance": {"images": 100, "command": "train"}}


def test_what_was_written_is_read(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    path = tmp_path / "net.safetensors"
    write_tensors(path, tensors, metadata())
    net = build(2)
    start = load_supernet(net, str(path), IDENTITY)
    assert start == {
        "images": 100,
        "command": "train",
        "start": str(path),
        "hash": file_hash(path),
    }
    for name, value in net.state_dict().items():
        assert torch.equal(value, tensors[name])
    assert list(tmp_path.iterdir()) == [path]


def test_half_precision_is_widened(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    path = tmp_path / "net.safetensors"
    write_tensors(path, {name: value.half() for name, value in tensors.items()}, metadata())
    net = build(2)
    load_supernet(net, str(path), IDENTITY)
    for name, value in net.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, tensors[name].half().float())


@pytest.mark.parametrize("half", [False, True])
def test_a_packed_supernet_is_read(tmp_path: Path, half: bool) -> None:
    path, net, stored = tmp_path / "net.safetensors", build(2), build(1)
    packed = pack_parameters(stored, stored.state_dict(), half)
    write_tensors(path, {PACKED: packed}, metadata())
    load_supernet(net, str(path), IDENTITY)
    for given, loaded in zip(stored.parameters(), net.parameters(), strict=True):
        assert torch.equal(loaded, given.half().float() if half else given)


def test_a_file_cannot_give_itself_another_hash(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    path = tmp_path / "net.safetensors"
    write_tensors(path, tensors, {"identity": IDENTITY, "provenance": {"hash": "f", "start": "s"}})
    start = load_supernet(build(2), str(path), IDENTITY)
    assert start["hash"] == file_hash(path)
    assert start["start"] == str(path)


Writer = Callable[[Path, dict[str, Tensor]], object]


def header(length: int, content: bytes = b"{}") -> bytes:
    return length.to_bytes(8, "little") + content


def torch_file(path: Path, tensors: dict[str, Tensor]) -> None:
    torch.save(tensors, path)


def truncated(path: Path, tensors: dict[str, Tensor]) -> None:
    write_tensors(path, tensors, metadata())
    path.write_bytes(path.read_bytes()[:-7])


def described_by(text: str) -> Writer:
    return lambda path, tensors: path.write_bytes(save(tensors, {METADATA_KEY: text}))


def changed(change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> Writer:
    return lambda path, tensors: write_tensors(path, change(dict(tensors)), metadata())


SIZE = sum(parameter.numel() for parameter in build(0).parameters())
LAST = "recogniser.head.classify.weight"
BAD: dict[str, Writer] = {
    "missing": lambda path, _: None,
    "a folder": lambda path, _: path.mkdir(),
    "empty": lambda path, _: path.write_bytes(b""),
    "truncated": truncated,
    "text": lambda path, _: path.write_text("a supernet, honestly" * 10),
    "a pickle": lambda path, t: path.write_bytes(
        pickle.dumps({n: v.numpy() for n, v in t.items()})
    ),
    "a torch file": torch_file,
    "a huge header": lambda path, _: path.write_bytes(header(2**62)),
    "a long header": lambda path, _: path.write_bytes(header(200_000_000)),
    "a broken header": lambda path, _: path.write_bytes(header(2, b"{[")),
    "no description": lambda path, t: path.write_bytes(save(t)),
    "a description that is no JSON": described_by("{"),
    "a deep description": described_by("[" * 100_000),
    "a description of another kind": described_by("[1]"),
    "no identity": described_by("{}"),
    "an identity of another kind": described_by('{"identity": [1]}'),
    "provenance of another kind": described_by(
        json.dumps({"identity": IDENTITY, "provenance": "mine"})
    ),
    "another identity": lambda path, t: write_tensors(path, t, metadata(sharing="edge")),
    "wrong names": changed(lambda t: {f"module.{n}": v for n, v in t.items()}),
    "an array too few": changed(lambda t: {n: v for n, v in t.items() if n != LAST}),
    "an array too many": changed(lambda t: t | {"other": torch.zeros(2)}),
    "a wrong shape": changed(lambda t: t | {LAST: t[LAST].T.contiguous()}),
    "NaN inside": changed(lambda t: t | {LAST: t[LAST] * float("nan")}),
    "infinity inside": changed(lambda t: t | {LAST: t[LAST] / 0}),
    "too short a pack": changed(lambda t: {PACKED: torch.zeros(7)}),
    "a pack of integers": changed(lambda t: {PACKED: torch.zeros(SIZE, dtype=torch.int32)}),
    "a pack of NaN": changed(lambda t: {PACKED: torch.full((SIZE,), float("nan"))}),
    "a pack of another shape": changed(lambda t: {PACKED: torch.zeros(1, SIZE)}),
    "integers": changed(lambda t: t | {LAST: t[LAST].int()}),
    "complex numbers": changed(lambda t: t | {LAST: t[LAST].to(torch.complex64)}),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_fitting_supernet_is_refused(
    tmp_path: Path, tensors: dict[str, Tensor], fresh: Supernet, what: str
) -> None:
    path = tmp_path / "net.safetensors"
    BAD[what](path, tensors)
    before = {name: value.clone() for name, value in fresh.state_dict().items()}
    with pytest.raises(TrainerError) as caught:
        load_supernet(fresh, str(path), IDENTITY)
    assert "net.safetensors" in str(caught.value)
    assert "\n" not in str(caught.value)
    for name, value in fresh.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_wrong_identity_names_both_sides(
    tmp_path: Path, tensors: dict[str, Tensor], fresh: Supernet
) -> None:
    path = tmp_path / "net.safetensors"
    write_tensors(path, tensors, metadata(charset="94"))
    with pytest.raises(TrainerError, match=r"charset '94', the preset '36'"):
        load_supernet(fresh, str(path), IDENTITY)


def test_a_file_larger_than_any_supernet_is_not_opened(
    tmp_path: Path, tensors: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.safetensors"
    write_tensors(path, tensors, metadata())
    monkeypatch.setattr(trainers.state, "MAX_FILE_BYTES", 1000)
    with pytest.raises(TrainerError, match=r"bytes, expected at most 1000"):
        read_tensors(path)


def test_an_unknown_shipped_supernet(fresh: Supernet) -> None:
    with pytest.raises(TrainerError, match=r"no supernet 'none-such' comes with this package"):
        load_supernet(fresh, "shipped:none-such", IDENTITY)


@pytest.mark.parametrize("start", [False, True])
def test_a_trained_start_needs_no_flat_start(
    tmp_path: Path, striped_words: Any, start: bool
) -> None:
    path = tmp_path / "net.safetensors"
    write_tensors(path, build(1, build_network(SPACE, SUPERNET)).state_dict(), metadata())
    words = striped_words(8, 0, (32, 100))
    splits = {name: Split(name, words, (), ()) for name in ("search_train", "search_val")}
    supernet = SupernetSettings(
        SUPERNET.stem_width, SUPERNET.widths, SUPERNET.sharing, str(path) if start else ""
    )
    settings = TrainerSettings(device="cpu", flat_start_steps=5, batch_images=2)
    trainer, origin = build_trainer(SPACE, splits, DATA, RECOGNISER, supernet, settings, 4, seed=0)
    assert (origin is not None) == start
    assert trainer.settings.flat_start_steps == (0 if start else 5)
    trainer.data.search_train.close()
    trainer.data.search_val.close()


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"identity": 3},
        {"identity": IDENTITY, "provenance": {"images": "many"}},
        {"identity": IDENTITY, "provenance": {"macs": -1}},
        {"identity": IDENTITY, "provenance": []},
    ],
)
def test_a_header_of_something_else_is_refused_before_work_begins(
    header: dict[str, Any], tmp_path: Path, tensors: dict[str, Tensor]
) -> None:
    path = tmp_path / "net.safetensors"
    write_tensors(path, tensors, header)
    with pytest.raises(TrainerError, match=r"is no supernet \(.*bench supernet train"):
        load_supernet(build(2), str(path), IDENTITY)
