"""Reading the views from the command line, beside a running server or without one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from eventtrack.assembly import CannotStart, InUse, locked, open_site, open_views
from eventtrack.cli.options import settings_from
from eventtrack.log import LogError
from eventtrack.settings import Settings
from projections.search.errors import InvalidFilter
from projections.views import Views

T = TypeVar("T")


def read_views(values: dict[str, Any], ask: Callable[[Views], Awaitable[T]]) -> T:
    """Ask the views; with no server running they catch up with the log first."""
    settings = settings_from(values)
    if not settings.log_path.exists():
        raise click.ClickException(f"there is no event log at {settings.log_path}")
    try:
        return asyncio.run(_ask(settings, ask))
    except InvalidFilter as error:
        raise click.UsageError(str(error)) from error
    except (CannotStart, LogError) as error:
        raise click.ClickException(str(error)) from error


async def _ask(settings: Settings, ask: Callable[[Views], Awaitable[T]]) -> T:
    try:
        with locked(settings.log_path):
            async with open_site(settings) as site:
                return await ask(site.live.views)
    except InUse:
        # A server holds the lock, and keeps the views up to date itself.
        async with open_views(settings) as views:
            return await ask(views)
