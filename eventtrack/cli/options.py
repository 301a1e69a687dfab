"""Click options made from the table of settings, so that flags, variables and help agree."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from eventtrack.settings import SETTINGS, Setting, Settings

F = TypeVar("F", bound=Callable[..., Any])

LOCATION = ("data", "backend_store_uri")
"""The settings that say where the log is; commands on a data folder need no others."""


def _option(setting: Setting) -> Callable[[F], F]:
    words = [setting.flag]
    options: dict[str, Any] = {
        "envvar": list(setting.variables),
        "help": setting.help,
        "default": setting.default,
        "show_default": bool(setting.default) or setting.default == 0,
        "show_envvar": True,
    }
    if isinstance(setting.default, bool):
        words = [f"{setting.flag}/--no-{setting.flag[2:]}"]
    elif isinstance(setting.default, int):
        options["type"] = click.IntRange(0, 65535) if setting.name == "port" else click.IntRange(1)
    elif setting.choices:
        options["type"] = click.Choice(setting.choices)
    if setting.short:
        words.append(setting.short)
    return click.option(*words, setting.name, **options)


def settings_options(*names: str) -> Callable[[F], F]:
    """Decorate a command with the options of these settings, all when none is named."""

    def decorate(command: F) -> F:
        for setting in reversed(SETTINGS):
            if not names or setting.name in names:
                command = _option(setting)(command)
        return command

    return decorate


def settings_from(values: dict[str, Any]) -> Settings:
    """The settings that a command was called with; a usage error when they contradict."""
    settings = Settings(**values)
    try:
        assert settings.log_path
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return settings
