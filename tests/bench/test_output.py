"""What commands print: nothing that a terminal obeys, JSON that says the same all the same."""

from __future__ import annotations

import json

import pytest

from bench.commands.shared.output import print_facts, print_json, print_lines, print_table
from bench.commands.shared.say import say
from bench.supernets.many import SupernetSpec

HOSTILE = "a\x1b[31mred\x9b2J\x07\u202egnp\x7f"
OBEYED = ("\x1b", "\x9b", "\x07", "\u202e", "\x7f")


@pytest.mark.parametrize(
    "show",
    [
        lambda: say(HOSTILE),
        lambda: print_facts({"name": HOSTILE}),
        lambda: print_table(["name"], [[HOSTILE]]),
        lambda: print_lines(["name"], [[HOSTILE]]),
        lambda: print_json({"name": HOSTILE}),
    ],
)
def test_no_control_character_gets_through(show, capsys):
    show()
    shown = capsys.readouterr().out
    assert "red" in shown
    assert not any(character in shown for character in OBEYED)


def test_json_says_the_same_in_escapes(capsys):
    document = {"name": HOSTILE, "half": "\udcff", "plain": "日本 é"}
    print_json(document)
    shown = capsys.readouterr().out
    assert json.loads(shown) == document
    assert "日本 é" in shown


def test_lines_and_columns_of_ours_stay(capsys):
    say("a\tb\nc")
    assert capsys.readouterr().out == "a\tb\nc\n"


def test_commands_to_paste_are_quoted():
    spec = SupernetSpec("my preset.toml", ("data.charset=a b",), 3)
    assert spec.command == (
        "bench supernet train --preset 'my preset.toml' --seed 3 --set 'data.charset=a b'"
    )
