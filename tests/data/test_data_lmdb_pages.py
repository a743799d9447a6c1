"""No LMDB, however damaged, ends the process: its pages are looked at before LMDB follows them."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from struct import pack_into, unpack_from

import pytest

from trainers.data.errors import DataError
from trainers.data.store import WordLMDB
from trainers.data.writing import write_lmdb

PAGE = 4096
BRANCH, LEAF, OVERFLOW = 1, 2, 1


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images that lie in leaves and on pages of their own, under a branch."""
    path = tmp_path_factory.mktemp("lmdb") / "words"
    write_lmdb(path, ((bytes([i]) * (300 if i % 2 else 9000), f"word{i}") for i in range(120)))
    return path / "data.mdb"


def pages(content: bytes, kind: int) -> list[int]:
    """Where pages of that kind begin."""
    starts = range(2 * PAGE, len(content), PAGE)
    return [at for at in starts if unpack_from("<HH", content, at + 8)[1] == kind]


def lower_end(content: bytearray, page: int) -> None:
    pack_into("<H", content, page + 12, 0xFFFE)


def node_elsewhere(content: bytearray, page: int) -> None:
    pack_into("<H", content, page + 16, 0xFFF0)


def long_key(content: bytearray, page: int) -> None:
    (node,) = unpack_from("<H", content, page + 16)
    pack_into("<H", content, page + node + 6, 0xFFFF)


def long_value(content: bytearray, page: int) -> None:
    (node,) = unpack_from("<H", content, page + 16)
    pack_into("<H", content, page + node + 2, 0x7FFF)


def one_child(content: bytearray, page: int) -> None:
    pack_into("<H", content, page + 12, 18)


def several_values(content: bytearray, page: int) -> None:
    (node,) = unpack_from("<H", content, page + 16)
    pack_into("<H", content, page + node + 4, 4)


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        (LEAF, lower_end), (LEAF, node_elsewhere), (LEAF, long_key), (LEAF, long_value),
        (LEAF, several_values), (BRANCH, lower_end), (BRANCH, node_elsewhere), (BRANCH, long_key),
        (BRANCH, one_child),
    ],
)  # fmt: skip
def test_a_page_that_leads_out_of_the_file_is_refused(
    whole: Path, tmp_path: Path, kind: int, damage: Callable[[bytearray, int], None]
) -> None:
    content = whole.read_bytes()
    places, told = pages(content, kind), []
    for place in places:
        changed = bytearray(content)
        damage(changed, place)
        (tmp_path / "data.mdb").write_bytes(changed)
        try:
            # Some pages are left over from before, and of no tree.
            assert len(WordLMDB(tmp_path)) == 120
        except DataError as error:
            told.append(f"is a damaged LMDB (page {place // PAGE} leads out of" in str(error))
        (tmp_path / "data.mdb").unlink()
    assert all(told)
    assert len(told) >= max(1, len(places) // 2)


def test_a_value_on_pages_of_its_own_ends_within_the_file(whole: Path, tmp_path: Path) -> None:
    content = bytearray(whole.read_bytes())
    nodes = [
        page + node
        for page in pages(content, LEAF)
        for node in unpack_from(f"<{(unpack_from('<H', content, page + 12)[0] - 16) // 2}H",
                                content, page + 16)
        if unpack_from("<H", content, page + node + 4)[0] & OVERFLOW
    ]  # fmt: skip
    assert len(nodes) == 60
    pack_into("<HH", content, nodes[7], 0, 0x7FFF)
    (tmp_path / "data.mdb").write_bytes(content)
    with pytest.raises(DataError, match="leads out of the file"):
        WordLMDB(tmp_path)


def test_a_whole_file_is_read(whole: Path) -> None:
    store = WordLMDB(whole.parent)
    assert [store.record(i) for i in range(120)] == [
        (bytes([i]) * (300 if i % 2 else 9000), f"word{i}") for i in range(120)
    ]


def test_pages_are_not_looked_at_again_where_a_reader_is_sent(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(whole, tmp_path / "data.mdb")
    store, looked = WordLMDB(tmp_path), []
    monkeypatch.setattr("trainers.data.store.damaged_page", lambda *given: looked.append(given))
    again = WordLMDB(tmp_path)
    sent = WordLMDB.__new__(WordLMDB)
    store.close()
    again.close()
    sent.__dict__.update(store.__getstate__())
    assert sent.record(3) == (bytes([3]) * 300, "word3")
    assert looked == []
    sent.close()
    WordLMDB(tmp_path)
    assert len(looked) == 1


def test_no_damage_ends_the_process(whole: Path, tmp_path: Path) -> None:
    content, rng = whole.read_bytes(), random.Random(0)
    places = [*pages(content, LEAF), *pages(content, BRANCH), 0, PAGE]
    for number in range(150):
        changed = bytearray(content)
        for _ in range(rng.choice((1, 3, 30, 300))):
            # Where pages describe themselves, most of the time.
            place = rng.choice(places) + rng.randrange(8, 200 if rng.random() < 0.8 else PAGE)
            changed[place] = rng.randrange(256)
        (tmp_path / "data.mdb").write_bytes(changed)
        child = os.fork()
        if child == 0:
            os._exit(_read(tmp_path))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, 2), number


def _read(path: Path) -> int:
    """All that readers do: 0, or 2 where the file is refused."""
    try:
        store = WordLMDB(path)
        list(store.labels())
        for index in range(min(len(store), 200)):
            store.sizes(index)
            store.record(index)
    except DataError:
        return 2
    except BaseException:  # noqa: BLE001 - whatever gets out here is wrong.
        return 1
    return 0
