"""Event shapes that are no longer written, and the upcasters that lift them to the current ones.

An upcaster is a pure function from one shape to the next; `decode` follows the chain until the type
is current, so handlers only ever see current shapes.  To change an event: copy its class here under
the name `<Name><version>` with its old tag, give the class in its noun's module the next version,
add the upcaster, and run `scripts/record_events` at the release.
"""

from collections.abc import Callable, Mapping
from typing import Any

from eventtrack.columns import ENTRY_BYTES
from eventtrack.events.fact import Fact
from eventtrack.events.metrics import MetricsLogged, Series, Table


class MetricsLogged1(Fact, frozen=True, kw_only=True, tag="MetricsLogged/1"):
    """Every metric had steps and timestamps of its own, all raw."""

    run_id: str
    series: list[Series]
    experiment_id: str = ""


def metrics_logged_1_to_2(old: MetricsLogged1) -> MetricsLogged:
    """A table for each series: the points and their order stay."""
    tables = [
        Table(
            points=len(each.steps) // ENTRY_BYTES,
            steps=each.steps,
            timestamps=each.timestamps,
            values={each.key: each.values},
            model_id=each.model_id,
            dataset_name=each.dataset_name,
            dataset_digest=each.dataset_digest,
        )
        for each in old.series
    ]
    return MetricsLogged(run_id=old.run_id, tables=tables, experiment_id=old.experiment_id)


HISTORY: tuple[type[Fact], ...] = (MetricsLogged1,)
"""Retired shapes; decode accepts them, nothing writes them."""

UPCASTERS: Mapping[type[Fact], Callable[[Any], Fact]] = {MetricsLogged1: metrics_logged_1_to_2}
"""Retired shape -> function giving the next shape."""


def upcast(fact: Fact, upcasters: Mapping[type[Fact], Callable[[Any], Fact]] = UPCASTERS) -> Fact:
    """Lift a fact read from the log to its current shape; a current one comes back as it is."""
    while (lift := upcasters.get(type(fact))) is not None:
        fact = lift(fact)
    return fact
