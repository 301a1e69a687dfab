"""Templates -> pages, and the words and numbers that templates use."""

import datetime
import functools
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web

from eventtrack.server.pages import static
from projections.metrics.numbers import DOUBLE_MAX

if TYPE_CHECKING:
    from jinja2 import Environment

NOTHING = "\N{EN DASH}"
"""What a table shows where there is no value."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


def page(template: str, *, status: int = 200, **values: Any) -> web.Response:
    """Render a page."""
    text = _environment().get_template(template).render(values)
    return web.Response(
        status=status,
        text=text,
        content_type="text/html",
        headers={"Content-Security-Policy": POLICY, "Cache-Control": "private, no-cache"},
    )


def fault(status: int, title: str, what_to_do: str) -> web.Response:
    """A page that says what happened and what to do."""
    return page("fault.html", status=status, title=title, what_to_do=what_to_do)


@functools.cache
def _environment() -> "Environment":
    # Imported at the first page: trainers' servers start without it.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("eventtrack.server.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, when=when, duration=duration, query=urlencode)
    environment.globals["static"] = static.url_of
    return environment


def number(value: float | str) -> str:
    """A metric's value as a person reads it; the wire's greatest double means infinity (M3)."""
    if isinstance(value, str):
        return value
    if abs(value) >= DOUBLE_MAX:
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.5g}"


def when(milliseconds: int | None) -> str:
    """A time in milliseconds since 1970, UTC, to the second."""
    if not milliseconds:
        return NOTHING
    try:
        at = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)
    return at.strftime("%Y-%m-%d %H:%M:%S")


def duration(start: int, end: int | None) -> str:
    """The time between two moments in milliseconds, in its two largest units."""
    if not start or not end or end < start:
        return NOTHING
    seconds = (end - start) / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
