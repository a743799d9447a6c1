"""No LMDB, however damaged, ends the process: its pages are looked at before LMDB follows them."""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from struct import pack_into, unpack_from

import lmdb
import pytest

from trainers.data.errors import DataError
from trainers.data.lmdb_pages import damaged_page
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


def full_page(content: bytearray, page: int) -> None:
    pack_into("<H", content, page + 12, PAGE)


def one_child(content: bytearray, page: int) -> None:
    pack_into("<H", content, page + 12, 18)


def several_values(content: bytearray, page: int) -> None:
    (node,) = unpack_from("<H", content, page + 16)
    pack_into("<H", content, page + node + 4, 4)


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        (LEAF, lower_end), (LEAF, node_elsewhere), (LEAF, long_key), (LEAF, long_value),
        (LEAF, several_values), (LEAF, full_page), (BRANCH, lower_end), (BRANCH, node_elsewhere),
        (BRANCH, long_key), (BRANCH, one_child),
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
            told.append(f"is a damaged LMDB (page {place // PAGE}); copy" in str(error))
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
    with pytest.raises(DataError, match=r"is a damaged LMDB \(page "):
        WordLMDB(tmp_path)


def test_a_whole_file_is_read(whole: Path) -> None:
    store = WordLMDB(whole.parent)
    assert [store.record(i) for i in range(120)] == [
        (bytes([i]) * (300 if i % 2 else 9000), f"word{i}") for i in range(120)
    ]


def test_pages_are_looked_at_once_a_process_and_again_when_they_have_changed(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[tuple[int, ...]] = []
    monkeypatch.setattr("trainers.data.store.damaged_page", lambda *given: looked.append(given))
    path = tmp_path / "data.mdb"
    shutil.copy(whole, path)
    assert [len(WordLMDB(tmp_path)) for _ in range(3)] == [120] * 3
    assert len(looked) == 1
    os.utime(path, ns=(1, 1))
    assert len(WordLMDB(tmp_path)) == 120
    assert len(looked) == 2


def test_large_files_are_not_read_whole(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray(whole.read_bytes())
    for page in pages(content, LEAF):
        node_elsewhere(content, page)
    (tmp_path / "data.mdb").write_bytes(content)
    last = len(content) // PAGE - 1
    with (tmp_path / "data.mdb").open("rb") as file:
        assert damaged_page(file.fileno(), PAGE, last) is not None
        monkeypatch.setattr("trainers.data.lmdb_pages.MOST_PAGES", last - 1)
        assert damaged_page(file.fileno(), PAGE, last) is None


@pytest.mark.parametrize("page_bytes", [0, 1, 8, 4095])
def test_a_header_that_lies_is_damage(whole: Path, page_bytes: int) -> None:
    with whole.open("rb") as file:
        assert damaged_page(file.fileno(), page_bytes, 5) == 0
        # Fewer pages than it says: a file that was cut while it is read.
        assert damaged_page(file.fileno(), 2**20, 5) == 0


def test_a_tree_of_another_kind_and_a_damaged_header(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    for place, value, said in ((92, 8, "LMDB (page "), (40, 1, "LMDB")):
        changed = bytearray(content)
        for meta in (0, PAGE):
            pack_into("<H", changed, meta + place, value)
        (tmp_path / "data.mdb").write_bytes(changed)
        with pytest.raises(DataError, match=re.escape(said)):
            WordLMDB(tmp_path)


def test_a_page_of_two_parents_is_damage(whole: Path, tmp_path: Path) -> None:
    content = bytearray(whole.read_bytes())
    # A tree of which a page is below itself would be walked for ever.
    for branch in pages(content, BRANCH):
        nodes = (unpack_from("<H", content, branch + 12)[0] - 16) // 2
        for offset in unpack_from(f"<{nodes}H", content, branch + 16):
            pack_into("<HH", content, branch + offset, branch // PAGE, 0)
    (tmp_path / "data.mdb").write_bytes(content)
    with pytest.raises(DataError, match="is a damaged LMDB"):
        WordLMDB(tmp_path)


def test_a_count_beyond_the_records_never_walks_on(whole: Path, tmp_path: Path) -> None:
    """From the last record a cursor would go on to the next page, and end the process at zeros."""
    shutil.copy(whole, tmp_path / "data.mdb")
    with lmdb.open(str(tmp_path), map_size=2**28) as env, env.begin(write=True) as txn:
        txn.put(b"num-samples", b"121")
    content = (tmp_path / "data.mdb").read_bytes()
    for place in pages(content, LEAF):
        (tmp_path / "data.mdb").write_bytes(content[:place] + bytes(PAGE) + content[place + PAGE :])
        assert _forked(tmp_path) == 2


def test_no_damage_ends_the_process(whole: Path, tmp_path: Path) -> None:
    content, rng = whole.read_bytes(), random.Random(0)
    places = [*pages(content, LEAF), *pages(content, BRANCH), 0, PAGE]
    for number in range(30):
        changed = bytearray(content)
        for _ in range(rng.choice((1, 3, 30, 300))):
            # Where pages describe themselves, most of the time.
            place = rng.choice(places) + rng.randrange(8, 200 if rng.random() < 0.8 else PAGE)
            changed[place] = rng.randrange(256)
        (tmp_path / "data.mdb").write_bytes(changed)
        assert _forked(tmp_path) in (0, 2), number


def _forked(path: Path) -> int:
    child = os.fork()
    if child == 0:
        os._exit(_read(path))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


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
