"""How commands print: tables for people, JSON for machines."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")


def print_json(answer: Any) -> None:
    """One JSON document, indented."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer, enc_hook=_plain)).decode())


def print_json_line(answer: Any) -> None:
    """One JSON document on one line."""
    click.echo(msgspec.json.encode(answer, enc_hook=_plain).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table; a terminal that is too narrow wraps cells, a pipe never does."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=10_000, no_color=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(table)


def when_ms(milliseconds: int | None) -> str:
    """A time in milliseconds since 1970 as a person reads it, local time."""
    if not milliseconds:
        return ""
    at = datetime.datetime.fromtimestamp(milliseconds / 1000).astimezone()
    return at.strftime("%Y-%m-%d %H:%M:%S")


def when_us(microseconds: int) -> str:
    """A time in microseconds since 1970 as RFC 3339, UTC."""
    at = datetime.datetime.fromtimestamp(microseconds / 1e6, datetime.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"cannot print {type(value).__name__}")
