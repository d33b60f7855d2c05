"""What the documents promise is what the product does: short loops over the real lists."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.cli import _parser
from tests.bench import soundness
from warehouse.decisions import ACTS
from warehouse.policy import presets
from warehouse.texts import sentences

ROOT = Path(__file__).parents[1]
READMES = ["README.md", "README.zh.md"]


def _commands(parser: argparse.ArgumentParser, name: str = "majorwatch") -> Iterator[tuple[str, list[str]]]:
    """Every command and its options, as the command itself knows them."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for word, child in action.choices.items():
            yield from _commands(child, f"{name} {word}")
    if not below:
        yield name, [option for action in parser._actions for option in action.option_strings if option not in ("-h", "--help")]


@pytest.mark.parametrize("readme", READMES)
def test_every_command_and_option_is_told(readme: str) -> None:
    told = (ROOT / readme).read_text("utf-8").splitlines()
    for command, options in _commands(_parser()):
        lines = [line.strip() for line in told if line.strip().startswith(command)]
        assert lines, command
        for option in options:
            assert option in lines[0], f"{command} {option}"


@pytest.mark.parametrize("readme", READMES)
def test_every_variable_of_the_environment_is_told(readme: str) -> None:
    told = (ROOT / readme).read_text("utf-8")
    code = "\n".join(
        path.read_text("utf-8") for folder in ("pipelines", "warehouse", "dashboards") for path in (ROOT / folder).rglob("*.py")
    )
    read = set(re.findall(r"\"(MAJORWATCH_[A-Z]+)\"", code))
    assert {"MAJORWATCH_DATA", "MAJORWATCH_SALT"} <= read
    assert not [name for name in read if f"`{name}`" not in told]


@pytest.mark.parametrize("readme", READMES)
def test_every_preset_is_told(readme: str) -> None:
    told = (ROOT / readme).read_text("utf-8")
    assert not [name for name in presets() if name not in told]


def test_the_policies_compared_are_named_in_the_table_as_in_the_figure() -> None:
    table = (ROOT / "docs" / "soundness.md").read_text("utf-8").split("| policy |")[1].split("\n\n")[0]
    assert [line.split(" | ")[0] for line in table.splitlines()[2 :: len(soundness.SIZES)]] == [
        f"| {title}" for title in soundness.TITLES.values()
    ]


@pytest.mark.parametrize("readme", READMES)
def test_every_picture_stands(readme: str) -> None:
    pictures = [part.split(")")[0] for part in (ROOT / readme).read_text("utf-8").split("](")[1:] if ".png" in part.split(")")[0]]
    assert pictures
    assert not [picture for picture in pictures if not (ROOT / picture).is_file()]


@pytest.mark.parametrize("name", ["Makefile", "README.md", "README.zh.md"])
def test_the_two_commands_are_told_and_stand(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "make demo" in text
    assert "make test" in text


def test_every_act_has_its_name_its_questions_and_its_place_in_the_documents() -> None:
    told = {
        word.strip(",")
        for line in (ROOT / "docs/decisions.md").read_text("utf-8").splitlines()
        if line.startswith("| ")
        for word in line.split("|")[1].split()
    }
    for name, act in ACTS.items():
        assert f"act.{name}" in sentences("en")
        assert name in told
        assert not [key for key in act.needs if f"decision.needs_{key}" not in sentences("en")]
        assert not act.notice or f"document.notice_{act.notice}" in sentences("en")
