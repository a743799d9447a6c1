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
from typing import Any

from searchers import FAMILIES, SEARCHERS, load_searcher
from searchers.base import Searcher
from searchers.errors import SearcherError
from spaces.names import unknown_name

GROUP = "bench.searchers"


@dataclass(frozen=True)
class Found:
    """A searcher's class under the name it was asked for by; ``given`` settings come with it."""

    name: str
    kind: type[Searcher]
    given: dict[str, Any]

    def setting_names(self) -> list[str]:
        """Names of the settings that a preset may set."""
        return [field.name for field in fields(self.kind.Settings) if field.name not in self.given]


def find_searcher(name: str) -> Found:
    """The searcher called ``name``; ``SearcherError`` says what is wrong with the name or class."""
    if name in SEARCHERS:
        return Found(name, load_searcher(name), {})
    family, colon, variant = name.partition(":")
    if colon and family in FAMILIES:
        target, field = FAMILIES[family]
        module, _, attribute = target.partition(":")
        return Found(name, getattr(import_module(module), attribute), {field: variant})
    if colon:
        return Found(name, _checked(name, _from_module(family, variant, name)), {})
    offered = plugins()
    if name in offered:
        return Found(name, _checked(name, _from_entry_point(offered[name])), {})
    raise SearcherError(unknown_name("searcher", name, [*SEARCHERS, *FAMILIES, *offered]))


def plugins() -> dict[str, EntryPoint]:
    """Entry points of installed packages by name; a name of the registry cannot be taken over."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return {name: found[name] for name in sorted(found) if name not in SEARCHERS}


def _from_module(module: str, attribute: str, name: str) -> object:
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        # A file in the working directory counts, as it does for `python -m`.
        sys.path.insert(0, here)
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise SearcherError(_broken(name, error)) from error
        raise SearcherError(
            f"searcher {name}: there is no module {error.name!r} to import from here: give "
            "module:Class, and run where the module can be imported or install its package"
        ) from error
    except Exception as error:
        raise SearcherError(_broken(name, error)) from error
    finally:
        if added and here in sys.path:
            sys.path.remove(here)
    if not hasattr(found, attribute):
        classes = [key for key, value in vars(found).items() if isinstance(value, type)]
        raise SearcherError(unknown_name(f"class of module {module}", attribute, classes))
    value: object = getattr(found, attribute)
    return value


def _from_entry_point(point: EntryPoint) -> object:
    try:
        value: object = point.load()
    except Exception as error:
        raise SearcherError(_broken(point.name, error)) from error
    return value


def _checked(name: str, found: object) -> type[Searcher]:
    if not (isinstance(found, type) and issubclass(found, Searcher)):
        raise SearcherError(
            f"searcher {name} is {found!r}, expected a subclass of searchers.base.Searcher"
        )
    left = sorted(getattr(found, "__abstractmethods__", ()))
    if left:
        raise SearcherError(f"searcher {name} does not define {', '.join(left)}: write them")
    settings = getattr(found, "Settings", None)
    if not (isinstance(settings, type) and is_dataclass(settings)):
        raise SearcherError(
            f"searcher {name} has no Settings: give it a frozen dataclass, empty if need be"
        )
    return found


def _broken(name: str, error: Exception) -> str:
    """The error and the place it came from, in one line."""
    trace, where = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if "importlib" not in code.co_filename and code.co_filename != __file__:
            where = f" at {Path(code.co_filename).name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return f"searcher {name} cannot be imported ({type(error).__name__}: {error}{where}): mend it"
