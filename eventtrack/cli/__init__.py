"""The command line: one file for each command group, imported only when it is asked for."""

import importlib

import click

import eventtrack

_COMMANDS = {
    "server": ("eventtrack.cli.server", "server"),
    "ui": ("eventtrack.cli.server", "server"),
    "log": ("eventtrack.cli.log", "log"),
    "export": ("eventtrack.cli.exporting", "export"),
    "gc": ("eventtrack.cli.erasing", "gc"),
    "import": ("eventtrack.cli.importing", "bring_in"),
    "backup": ("eventtrack.cli.keeping", "backup"),
    "restore": ("eventtrack.cli.keeping", "restore"),
    "undo": ("eventtrack.cli.correcting", "undo"),
    "replay": ("eventtrack.cli.replaying", "replay"),
    "views": ("eventtrack.cli.views", "views"),
    "experiments": ("eventtrack.cli.experiments", "experiments"),
    "sync": ("eventtrack.cli.sync", "sync"),
    "artifacts": ("eventtrack.cli.artifacts", "artifacts"),
    "runs": ("eventtrack.cli.runs", "runs"),
    "models": ("eventtrack.cli.models", "models"),
}


class LazyGroup(click.Group):
    """Loads a command's module at its first use, so that `--help` and `server` start fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        found = _COMMANDS.get(cmd_name)
        if found is None:
            return None
        command = getattr(importlib.import_module(found[0]), found[1])
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["--help"]})
@click.version_option(eventtrack.__version__, prog_name="eventtrack")
def main() -> None:
    """An experiment tracking server with MLflow's wire and an append-only event log."""
