"""Event shapes that are no longer written, and the upcasters that lift them to the current ones.

An upcaster is a pure function from one shape to the next; `decode` follows the chain until the type
is current, so handlers only ever see current shapes.  To change an event: copy its class here under
the name `<Name><version>` with its old tag, give the class in its noun's module the next version,
add the upcaster, and run `scripts/record_events` at the release.
"""

from collections.abc import Callable, Mapping
from typing import Any

from eventtrack.events.fact import Fact

HISTORY: tuple[type[Fact], ...] = ()
"""Retired shapes; decode accepts them, nothing writes them."""

UPCASTERS: Mapping[type[Fact], Callable[[Any], Fact]] = {}
"""Retired shape -> function giving the next shape."""


def upcast(fact: Fact, upcasters: Mapping[type[Fact], Callable[[Any], Fact]] = UPCASTERS) -> Fact:
    """Lift a fact read from the log to its current shape; a current one comes back as it is."""
    while (lift := upcasters.get(type(fact))) is not None:
        fact = lift(fact)
    return fact
