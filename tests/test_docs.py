"""The documentation says what the code does: options, commands, projections, events."""

import re
from pathlib import Path

import click
import msgspec
import pytest

from eventtrack.cli import main
from eventtrack.client.options import VARIABLES
from eventtrack.events import CURRENT
from eventtrack.settings import SETTINGS, Setting
from projections import __doc__ as projections_table
from projections.builtin import BUILT_IN

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_stands_in_the_readme_as_it_is(setting: Setting) -> None:
    variables = ", ".join(f"`{each}`" for each in setting.variables)
    default = f"`{setting.default}`" if setting.default != "" else ""
    row = f"| `{setting.flag}` | {variables} | {default} | {setting.help} |".replace("|  |", "| |")
    assert row in README


@pytest.mark.parametrize(("name", "default", "meaning"), VARIABLES, ids=lambda value: value[:40])
def test_every_trainer_variable_stands_in_the_readme(name: str, default: str, meaning: str) -> None:
    shown = f"`{default}`" if default else ""
    assert f"| `{name}` | {shown} | {meaning} |".replace("|  |", "| |") in README


def command_names(group: click.Group, prefix: str) -> list[str]:
    found = []
    context = click.Context(group)
    for each in group.list_commands(context):
        command = group.get_command(context, each)
        if isinstance(command, click.Group):
            found += command_names(command, f"{prefix} {each}")
        else:
            found.append(f"{prefix} {each}")
    return found


def test_every_command_stands_in_the_readme() -> None:
    for each in command_names(main, "eventtrack"):
        if each != "eventtrack ui":
            assert each in README, each


def test_every_command_in_the_readme_exists() -> None:
    known = command_names(main, "eventtrack")
    for line in re.findall(r"^eventtrack .*$", README, re.MULTILINE):
        assert any(line.startswith(each) for each in known), line


def test_the_table_of_projections_is_complete() -> None:
    assert projections_table is not None
    for projection in BUILT_IN:
        assert f"| {projection.name} " in projections_table
        for table in re.findall(r"CREATE TABLE (\w+)", projection.tables):
            assert table in projections_table


@pytest.mark.parametrize("event", CURRENT, ids=lambda event: event.__name__)
def test_an_events_docstring_begins_with_its_stored_name(event: type[msgspec.Struct]) -> None:
    assert event.__doc__ is not None
    assert event.__doc__.startswith(f"{event.__name__}: ")
    tag = event.__struct_config__.tag
    assert isinstance(tag, str)
    assert re.fullmatch(rf"{event.__name__}/\d+", tag)


@pytest.mark.parametrize(
    "file", re.findall(r"`((?:eventtrack|projections|scripts)/[\w./]+)`", README)
)
def test_files_named_in_the_readme_exist(file: str) -> None:
    assert (ROOT / file).exists()
