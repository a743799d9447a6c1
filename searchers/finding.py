"""From a name on the command line to a searcher: the registry, families, plug-ins.

* ``random``: a name of the registry.
* ``optuna:nsgaii``: a member of a family, one adapter around a library's many algorithms.
* ``my_package.my_module:MySearcher``: a class of any module that Python can import, the working
  directory included. ``bench`` runs the code that you name.
* a name that an installed package offers as an entry point of the group ``bench.searchers``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeGuard

from searchers import FAMILIES, SEARCHERS, load_searcher
from searchers.base import Searcher
from searchers.errors import SearcherError
from spaces.names import unknown_name

GROUP = "bench.searchers"


@dataclass(frozen=True)
class FoundSearcher:
    """A searcher's class under the name it was asked for by; ``given`` settings come with it."""

    name: str
    kind: type[Searcher]
    given: dict[str, Any]

    def setting_names(self) -> list[str]:
        """Names of the settings that a preset may set."""
        return [field.name for field in fields(self.kind.Settings) if field.name not in self.given]


def find_searcher(name: str) -> FoundSearcher:
    """The searcher called ``name``; ``SearcherError`` says what is wrong with the name or class."""
    if name in SEARCHERS:
        return FoundSearcher(name, load_searcher(name), {})
    family, colon, variant = name.partition(":")
    if colon and family in FAMILIES:
        target, field = FAMILIES[family]
        module, _, attribute = target.partition(":")
        return FoundSearcher(name, getattr(import_module(module), attribute), {field: variant})
    if colon:
        return FoundSearcher(name, _checked(name, _from_module(family, variant, name)), {})
    offered = plugins()
    if name in offered:
        return FoundSearcher(name, _checked(name, _from_entry_point(offered[name])), {})
    families = [f"{family}:NAME" for family in FAMILIES]
    raise SearcherError(unknown_name("searcher", name, [*SEARCHERS, *families, *offered]))


def plugins() -> dict[str, EntryPoint]:
    """Entry points of installed packages by name; a name of the registry cannot be taken over."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return {name: found[name] for name in sorted(found) if name not in SEARCHERS}


def _from_module(module: str, attribute: str, name: str) -> object:
    if not all(part.isidentifier() for part in (*module.split("."), attribute)):
        raise SearcherError(
            f"searcher {name!r}: expected a name of `bench list`, or module:Class, such as "
            "my_searcher:MySearcher"
        )
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        # A file in the working directory counts, as it does for `python -m`.
        sys.path.insert(0, here)
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        # The module itself is missing, or a package that it should be in; else one it imports.
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise SearcherError(_broken(name, error)) from error
        raise SearcherError(
            f"searcher {name}: there is no module {error.name!r} to import from here: give "
            "module:Class, and run where the module can be imported or install its package"
        ) from error
    # A user's module may raise anything, and even leave the program.
    except (Exception, SystemExit) as error:
        raise SearcherError(_broken(name, error)) from error
    finally:
        if added and here in sys.path:
            sys.path.remove(here)
    if not hasattr(found, attribute):
        classes = [key for key, value in vars(found).items() if _is_searcher(value)]
        raise SearcherError(unknown_name(f"class of module {module}", attribute, classes))
    value: object = getattr(found, attribute)
    return value


def _from_entry_point(point: EntryPoint) -> object:
    try:
        value: object = point.load()
    except (Exception, SystemExit) as error:
        raise SearcherError(_broken(point.name, error)) from error
    return value


def _checked(name: str, found: object) -> type[Searcher]:
    if not _is_searcher(found):
        raise SearcherError(
            f"searcher {name} is {found!r}, expected a subclass of searchers.base.Searcher"
        )
    left = sorted(getattr(found, "__abstractmethods__", ()))
    if left:
        raise SearcherError(f"searcher {name} does not define {', '.join(left)}: write them")
    settings = getattr(found, "Settings", None)
    if not (isinstance(settings, type) and is_dataclass(settings) and _is_frozen(settings)):
        raise SearcherError(
            f"searcher {name} has no frozen Settings: give it a frozen dataclass, empty if need be"
        )
    return found


def _is_searcher(found: object) -> TypeGuard[type[Searcher]]:
    return isinstance(found, type) and issubclass(found, Searcher)


def _is_frozen(settings: type) -> bool:
    return bool(settings.__dataclass_params__.frozen)  # type: ignore[attr-defined]


def _broken(name: str, error: BaseException) -> str:
    """The error and the line of the plug-in that it came from, in one line."""
    trace, folder, where = error.__traceback__, None, ""
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if "importlib" not in str(file) and str(file) != __file__:
            # The first such file is the plug-in's; it may break in a library further down.
            folder = folder or file.parent
            if file.is_relative_to(folder):
                where = f" at {file.name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return f"searcher {name} cannot be imported ({type(error).__name__}: {error}{where}): mend it"
