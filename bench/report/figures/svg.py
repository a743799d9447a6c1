"""From matplotlib's SVG to one that can stand on a page among others.

Ids would clash on a page with several figures, descriptions of the file say when it was made, and
six decimals of a point are five too many. Marks get ``<title>`` elements: tooltips wherever the
file is opened, and what the page's own tooltips are made from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
UNWANTED = (f"{{{SVG}}}metadata", f"{{{SVG}}}style")
FAMILY = (
    "'Source Sans 3', 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', "
    "'DejaVu Sans', sans-serif"
)
NUMBER = re.compile(r"-?\d+\.\d{2,}")
UPRIGHT = re.compile(r"rotate\(-?0 [^)]*\)")
REFERENCE = re.compile(r"url\(#([^)]+)\)")
FAMILIES = re.compile(r"font-family: [^;]*;?")
ROUNDED = ("x", "y", "transform")
#: Of paths with more points than a marker has, a tenth of a point is enough.
FINE_POINTS = 6
#: Elements that make a style worth a class.
SHARED = 3


@dataclass(frozen=True)
class Tip:
    """What a mark says, the run that it stands for, and the searcher that it belongs to."""

    text: str
    run: str = ""
    arm: str = ""


def finished(source: str, name: str, label: str, tips: Mapping[str, Tip]) -> str:
    """The SVG of matplotlib, made ready: ``name`` prefixes ids, ``label`` is read aloud.

    ``tips`` by id of the group that they belong to.
    """
    root = ElementTree.fromstring(source)
    _add_tips(root, tips)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in UNWANTED or _empty(child):
                parent.remove(child)
    _rename_ids(root, name)
    for element in root.iter():
        _tidy(element)
    _share_styles(root, name)
    root.set("role", "img")
    root.set("aria-label", label)
    root.set("font-family", FAMILY)
    root.set("preserveAspectRatio", "xMidYMid meet")
    ElementTree.register_namespace("", SVG)
    text = ElementTree.tostring(root, encoding="unicode")
    return re.sub(r">\s+<", "><", text) + "\n"


def _empty(element: ElementTree.Element) -> bool:
    """The line of what is only a marker."""
    return element.tag == f"{{{SVG}}}path" and len(element.get("d", "").split()) <= 3


def _add_tips(root: ElementTree.Element, tips: Mapping[str, Tip]) -> None:
    for element in root.iter():
        tip = tips.get(element.get("id", ""))
        if tip is None:
            continue
        if tip.text:
            title = ElementTree.Element(f"{{{SVG}}}title")
            title.text = tip.text
            element.insert(0, title)
            element.set("class", "mark")
        if tip.run:
            element.set("data-run", tip.run)
        if tip.arm:
            element.set("data-arm", tip.arm)


def _rename_ids(root: ElementTree.Element, prefix: str) -> None:
    """Ids that nothing refers to go, the others are numbered; references are plain ``href``."""
    used: dict[str, str] = {}
    for element in root.iter():
        target = element.attrib.pop(f"{{{XLINK}}}href", "")
        if target:
            element.set("href", target)
            used.setdefault(target.removeprefix("#"), f"{prefix}-{len(used)}")
        for value in element.attrib.values():
            for found in REFERENCE.findall(value):
                used.setdefault(found, f"{prefix}-{len(used)}")
    for element in root.iter():
        old = element.attrib.pop("id", "")
        if old in used:
            element.set("id", used[old])
        target = element.get("href", "")
        if target.startswith("#"):
            element.set("href", f"#{used[target[1:]]}")
        clip = element.get("clip-path", "")
        if clip:
            element.set("clip-path", REFERENCE.sub(lambda match: f"url(#{used[match[1]]})", clip))


def _tidy(element: ElementTree.Element) -> None:
    for key in ROUNDED:
        value = element.get(key)
        if value:
            element.set(key, UPRIGHT.sub("", NUMBER.sub(_rounded, value)).strip())
    if not element.get("transform", "?"):
        del element.attrib["transform"]
    drawn = element.get("d")
    if drawn:
        element.set("d", shorter_path(drawn))
    style = element.get("style")
    if style:
        found = NUMBER.sub(_rounded, FAMILIES.sub("", style))
        element.set(
            "style", ";".join(re.sub(r":\s+", ":", part.strip()) for part in found.split(";"))
        )


def _share_styles(root: ElementTree.Element, prefix: str) -> None:
    """Styles that many elements have become classes: marks by the hundred differ in place only."""
    counted = Counter(element.get("style", "") for element in root.iter())
    shared = [style for style, count in counted.items() if style and count >= SHARED]
    names = {style: f"{prefix}-{index}" for index, style in enumerate(shared)}
    for element in root.iter():
        style = element.get("style", "")
        if style in names:
            del element.attrib["style"]
            element.set("class", names[style])
    sheet = ElementTree.Element(f"{{{SVG}}}style")
    sheet.text = "".join(f".{name}{{{style}}}" for style, name in names.items())
    root.insert(0, sheet)


def shorter_path(drawn: str) -> str:
    """A path with rounded numbers; steps as ``H`` and ``V``, points that add nothing left out."""
    parts = re.findall(r"([MLCQz])([^MLCQz]*)", drawn)
    if len(parts) <= FINE_POINTS or any(command in "CQ" for command, _ in parts):
        return " ".join(NUMBER.sub(_rounded, drawn).split())
    found: list[tuple[str, str, str]] = []
    for command, numbers in parts:
        if command == "z":
            found.append(("z", "", ""))
            continue
        x, y = (_tenth(number) for number in numbers.split())
        if command == "L" and found and found[-1][0] != "z":
            command = _step(found[-1], x, y)
        if command:
            found.append((command, x, y))
    return "".join(_command(*entry) for entry in found)


def _step(last: tuple[str, str, str], x: str, y: str) -> str:
    """How to go on to a place: along one axis if that is enough, not at all if there already."""
    _, last_x, last_y = last
    if (x, y) == (last_x, last_y):
        return ""
    return "H" if y == last_y else "V" if x == last_x else "L"


def _command(command: str, x: str, y: str) -> str:
    return command + {"H": x, "V": y, "z": ""}.get(command, f"{x} {y}")


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")


def _tenth(number: str) -> str:
    return f"{float(number):.1f}".removesuffix(".0")
