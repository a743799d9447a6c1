"""Presets: TOML files in this folder, overridden key by key with ``--set section.key=value``.

A file may begin with ``base = "NAME"``: it then says only what is different from that preset, which
is one of those here.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from bench.records.errors import PresetError
from bench.records.settings import Preset
from bench.records.toml_file import parse_toml, read_toml
from bench.records.wrong_values import in_words
from searchers import SEARCHERS
from searchers.finding import FoundSearcher, find_searcher, plugins
from spaces.names import unknown_name

#: Two ways to say one thing, of which the one said last holds.
BUDGETS = ("budget_images", "budget_epochs")


def preset_names() -> list[str]:
    """Names of the presets that come with the package."""
    found = (Path(item.name) for item in files(__package__).iterdir())
    return sorted(path.stem for path in found if path.suffix == ".toml")


def load_preset(
    name: str,
    overrides: Iterable[str] = (),
    searcher: FoundSearcher | None = None,
    recorded: Mapping[str, Any] | None = None,
) -> Preset:
    """A preset by name or by the path of a TOML file, with ``section.key=value`` overrides.

    ``searcher`` makes the settings of one that is not in the registry known, too. ``recorded`` are
    sections that replace the preset's own, key by key: what a run was made with.

    Raises ``PresetError`` for an unknown preset or key (naming the nearest one) and for a value of
    a wrong type or out of range.
    """
    raw = _raw(name)
    _refuse_two_budgets(raw, f"preset {name}")
    for section, settings in (recorded or {}).items():
        raw[section] = {**raw.get(section, {}), **settings}
    return make_preset(raw, name, overrides, searcher)


def make_preset(
    raw: dict[str, Any],
    name: str,
    overrides: Iterable[str] = (),
    searcher: FoundSearcher | None = None,
) -> Preset:
    """A preset from its sections as plain data; see ``load_preset``."""
    known = known_keys(searcher)
    check_keys(raw, name, known, searcher)
    overrides = tuple(overrides)
    for override in overrides:
        _apply(raw, override, known)
    _take_budget(raw, overrides)
    try:
        preset = msgspec.convert(raw, Preset)
    except msgspec.ValidationError as error:
        raise PresetError(f"preset {name}: {in_words(error, Preset)}") from error
    return _with_charset(preset, name)


def _with_charset(preset: Preset, name: str) -> Preset:
    """The preset with the characters of an alphabet in place of the file that lists them."""
    # Here, since commands that read no words need not wait for it.
    from trainers.data.charset import CHARSETS, find_charset
    from trainers.data.errors import DataError

    if preset.data.charset in CHARSETS:
        return preset
    try:
        charset = find_charset(preset.data.charset)
    except DataError as error:
        raise PresetError(f"preset {name}: data.charset: {error}") from error
    return msgspec.structs.replace(
        preset, data=msgspec.structs.replace(preset.data, charset=charset)
    )


def searcher_settings(preset: Preset, searcher: FoundSearcher) -> Any:
    """The searcher's hyperparameters, from its own defaults and the preset's section."""
    given = {**preset.searcher.get(searcher.name, {}), **searcher.given}
    try:
        return msgspec.convert(given, searcher.kind.Settings)
    except msgspec.ValidationError as error:
        # Errors raised by the settings' own checks arrive wrapped: their text is the message.
        raise PresetError(
            f"searcher {searcher.name}: {in_words(error, searcher.kind.Settings)}"
        ) from error


def quoted(text: str) -> str:
    """``text`` as a TOML string, for overrides made by the program."""
    return json.dumps(text, ensure_ascii=False)


def check_keys(
    raw: Mapping[str, Any], name: str, known: list[str], searcher: FoundSearcher | None = None
) -> None:
    """Refuse keys that no section knows."""
    for path in _leaves(raw):
        # Presets may hold settings of plug-ins that this run does not use.
        if path not in known and not _of_another_plugin(path, searcher):
            _check_key(path, f"key of preset {name}", known)


def _raw(name: str) -> dict[str, Any]:
    """What a file says, over what its base says."""
    own = _parsed(name)
    base = own.pop("base", None)
    if base is None:
        return own
    if base not in preset_names():
        raise PresetError(unknown_name(f"base of preset {name}", str(base), preset_names()))
    below = _parsed(base)
    if "base" in below:
        raise PresetError(f"preset {name} has base {base}, which has one itself: take that one")
    return _laid_over(below, own)


def _refuse_two_budgets(raw: Mapping[str, Any], where: str) -> None:
    """Refuse a budget in images and in epochs: one of them would go unheard."""
    run = raw.get("run")
    if isinstance(run, Mapping) and run.get("budget_epochs") and "budget_images" in run:
        raise PresetError(
            f"{where}: run.budget_images {run['budget_images']} and run.budget_epochs "
            f"{run['budget_epochs']}: give one of them"
        )


def _take_budget(raw: Mapping[str, Any], overrides: Sequence[str]) -> None:
    """The budget that ``overrides`` give, in images or in epochs, replaces the preset's own."""
    given = {override.partition("=")[0].strip() for override in overrides}
    run = raw.get("run")
    if not isinstance(run, dict) or not run.get("budget_epochs"):
        return
    if {f"run.{key}" for key in BUDGETS} <= given:
        _refuse_two_budgets(raw, "two budgets")
    if "run.budget_images" in given:
        del run["budget_epochs"]


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    if any(key in above for key in BUDGETS):
        # A budget above, in images or in epochs, replaces the one below.
        below = {key: value for key, value in below.items() if key not in BUDGETS}
    both = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], Mapping) and isinstance(above[key], Mapping):
            both[key] = _laid_over(below[key], above[key])
    return both


def _parsed(name: str) -> dict[str, Any]:
    path = Path(name)
    if path.suffix == ".toml":
        return read_toml(path, f"preset file {name}")
    if name not in preset_names():
        raise PresetError(unknown_name("preset", name, preset_names()))
    return parse_toml((files(__package__) / f"{name}.toml").read_bytes(), f"preset {name}")


def _apply(raw: dict[str, Any], override: str, known: list[str]) -> None:
    key, separator, text = override.partition("=")
    key = key.strip()
    if not separator or not key:
        raise PresetError(
            f"--set {override!r}: expected section.key=value, for example run.budget_images=5000"
        )
    _check_key(key, "key", known)
    value = parse_value(text)
    if not isinstance(value, str) and _wants_text(key):
        value = text
    sections, last = _split(key)
    for section in sections:
        raw = raw.setdefault(section, {})
    raw[last] = value


def _wants_text(key: str) -> bool:
    """Whether a key of the preset's own sections is a text: charsets are named by numbers."""
    found: Any = Preset
    for name in key.split("."):
        fields = msgspec.structs.fields(found) if _is_struct(found) else ()
        found = next((field.type for field in fields if field.name == name), None)
    if get_origin(found) is Annotated:
        found = get_args(found)[0]
    return found is str or (
        get_origin(found) is Literal and all(isinstance(value, str) for value in get_args(found))
    )


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def parse_value(text: str) -> Any:
    """A TOML value; what is none is taken as a string, so that nobody has to quote for a shell."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    # Also numbers of thousands of digits, or brackets within brackets by the thousand.
    except (ValueError, RecursionError):
        return text


def _split(key: str) -> tuple[list[str], str]:
    """Sections and the last part of a key; a searcher's name may have dots in it."""
    first, _, rest = key.partition(".")
    if first == "searcher":
        name, _, last = rest.rpartition(".")
        return [first, name], last
    *sections, last = key.split(".")
    return sections, last


def _of_another_plugin(path: str, searcher: FoundSearcher | None) -> bool:
    sections, _ = _split(path)
    if sections[:1] != ["searcher"] or len(sections) < 2:
        return False
    if searcher is not None and sections[1] == searcher.name:
        return False
    return ":" in sections[1] or sections[1] in plugins()


def _check_key(path: str, kind: str, known: list[str]) -> None:
    if path in known:
        return
    # The nearest of all; listed are those of the section, since all of them fill a page.
    section = path.rpartition(".")[0]
    near = get_close_matches(path, known, n=1)
    shown = [key for key in known if key.rpartition(".")[0] == section] or near
    raise PresetError(unknown_name(kind, path, [*shown, *near]))


def known_keys(searcher: FoundSearcher | None = None) -> list[str]:
    """Every key that a preset may set, with its section: ``trainer.batch_images``.

    Those of all registered searchers, and of the given one.
    """
    keys = list(_struct_keys(Preset))
    found = [find_searcher(name) for name in SEARCHERS]
    if searcher is not None and searcher.name not in SEARCHERS:
        found.append(searcher)
    for each in found:
        keys.extend(f"searcher.{each.name}.{name}" for name in each.setting_names())
    return keys


def _struct_keys(struct: type[msgspec.Struct], prefix: str = "") -> Iterable[str]:
    for field in msgspec.structs.fields(struct):
        if field.name == "searcher":
            continue
        if _is_struct(field.type):
            yield from _struct_keys(field.type, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def _leaves(raw: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for key, value in raw.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key
