"""Compiles the loops once for this processor, and keeps them in the cache folder.

Numba writes its cache with pickle, and machine code that was changed would end the process. So a
folder is only read if nobody else may write to it, and if each of its files is what was written:
their hashes stand beside them. A lock keeps processes apart that compile at the same time. Whatever
is wrong with a folder costs the seconds of compiling again, and one line says so.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

from spaces.atomic import write_atomically
from spaces.cache import cache_folder
from spaces.networks.kernels import loops
from spaces.notice import tell

Kernel = Callable[..., None]
SEAL = "seal.json"
#: Bounds what is read of a seal that somebody has replaced.
MAX_SEAL_BYTES = 2**20

_IMAGES, _CHANNELS, _BY_IMAGE = "float32[:, ::1]", "float32[::1]", "float64[:, ::1]"
_FEATURES = "float32[:, :, :, ::1]"
_BOUNDS = ("float32", "float32")
_NORM = (_CHANNELS,) * 3
#: Loop -> types of its arguments.
SIGNATURES: dict[str, tuple[str, ...]] = {
    "moments": (_IMAGES, _BY_IMAGE, _BY_IMAGE),
    "joint_moments": (_BY_IMAGE, _BY_IMAGE, "int64", "float64[::1]", "float64[::1]"),
    "normalise": (_IMAGES, *_NORM, *_BOUNDS, _IMAGES),
    "gradient_sums": (_IMAGES, _IMAGES, *_NORM, *_BOUNDS, _BY_IMAGE, _BY_IMAGE),
    "input_gradient": (
        _IMAGES, _IMAGES, *_NORM, *_BOUNDS, _CHANNELS, _CHANNELS, _IMAGES,
    ),
    "covariances": (_IMAGES, "float64[::1]", _BY_IMAGE),
    "let_through": (_IMAGES, _IMAGES, _CHANNELS, *_BOUNDS, _IMAGES, _BY_IMAGE, _BY_IMAGE),
    "products": (_IMAGES, _IMAGES, _BY_IMAGE, _BY_IMAGE, _BY_IMAGE),
    "depthwise_weight_gradient": (
        _FEATURES, _FEATURES, "int64", "int64", "float32[:, :, ::1]", _BY_IMAGE,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Kernels:
    """The compiled loops, see ``loops``; they release the interpreter's lock."""

    moments: Kernel
    joint_moments: Kernel
    normalise: Kernel
    gradient_sums: Kernel
    input_gradient: Kernel
    covariances: Kernel
    let_through: Kernel
    products: Kernel
    depthwise_weight_gradient: Kernel


@cache
def find_kernels() -> Kernels | None:
    """The kernels of this process, compiled when first asked for; None where there is no Numba."""
    try:
        import numba
    except ModuleNotFoundError:
        return None
    except Exception as error:  # noqa: BLE001 - it does not go with this numpy, for one.
        tell(f"Numba cannot be used ({_short(error)}): slower, same results; install another one")
        return None
    try:
        return compile_kernels(numba, cache_folder() / "kernels")
    except Exception as error:  # noqa: BLE001 - whatever a compiler stumbles over.
        tell(f"Numba cannot compile the kernels ({_short(error)}): slower, same results")
        return None


def version() -> str:
    """What compiles the kernels, for the manifest."""
    import numba

    return f"numba {numba.__version__}"


def compile_kernels(numba: ModuleType, folder: Path) -> Kernels:
    """Take the kernels from ``folder``, or compile them and keep them there."""
    place = folder / _fingerprint(numba)
    try:
        with _own_folder(place):
            sound = _is_sealed(place)
            if not sound:
                _empty(place)
                tell("compiling kernels for this processor, once: some seconds")
            found, compiled = _compile(numba, place)
            if compiled:
                _seal(place)
            return found
    except (OSError, _NotOurs) as error:
        tell(f"no cache for kernels ({_short(error)}): they are compiled each time, some seconds")
        return _compile(numba, None)[0]


def _compile(numba: ModuleType, place: Path | None) -> tuple[Kernels, bool]:
    """The kernels, and whether any of them was not in the cache."""
    options = {
        "nogil": True,
        "error_model": "numpy",
        # Products may be fused with sums. Nothing else: NaN has to stay NaN, order is fixed.
        "fastmath": {"contract"},
        "cache": place is not None,
    }
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = "" if place is None else str(place)
    try:
        found = {}
        missing = False
        for name, types in SIGNATURES.items():
            kernel = numba.njit(f"void({', '.join(types)})", **options)(getattr(loops, name))
            missing |= bool(kernel.stats.cache_misses)
            found[name] = kernel
    finally:
        numba.config.CACHE_DIR = before
    return Kernels(**found), missing


def _fingerprint(numba: ModuleType) -> str:
    """Of all that decides what is compiled: loops, signatures, versions, processor."""
    from numba.core.registry import cpu_target

    digest = blake2b(digest_size=8)
    for part in (
        Path(loops.__file__).read_bytes(),
        repr(SIGNATURES).encode(),
        f"{numba.__version__} {sys.version}".encode(),
        repr(cpu_target.target_context.codegen().magic_tuple()).encode(),
    ):
        digest.update(part)
    return digest.hexdigest()


class _NotOurs(Exception):
    """A cache folder that somebody else may write to."""


@contextmanager
def _own_folder(place: Path) -> Iterator[None]:
    """Hold the folder alone; it is made if need be."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = place.stat()
    if state.st_uid != os.geteuid() or state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _NotOurs(f"others may write to {place}")
    with (place / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _files(place: Path) -> dict[str, Path]:
    """Everything in the folder but lock and seal, by name."""
    found = (path for path in sorted(place.rglob("*")) if not path.is_dir())
    own = {place / "lock", place / SEAL}
    return {str(path.relative_to(place)): path for path in found if path not in own}


def _hashes(place: Path) -> dict[str, str]:
    return {
        name: blake2b(path.read_bytes(), digest_size=16).hexdigest()
        for name, path in _files(place).items()
    }


def _seal(place: Path) -> None:
    write_atomically(place / SEAL, json.dumps(_hashes(place), indent=1).encode())


def _is_sealed(place: Path) -> bool:
    """Whether all files are as they were written; an empty folder is not sealed."""
    try:
        if (place / SEAL).stat().st_size > MAX_SEAL_BYTES:
            return False
        known: Any = json.loads((place / SEAL).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return bool(known) and known == _hashes(place)


def _empty(place: Path) -> None:
    for path in [*_files(place).values(), place / SEAL]:
        with suppress(FileNotFoundError):
            path.unlink()


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


if {field.name for field in fields(Kernels)} != SIGNATURES.keys():
    raise TypeError("Kernels and SIGNATURES name other loops")
