"""Where eventtrack means to answer differently from MLflow, why, and what it answers instead.

A difference that is not written here is a bug; one that is written here and no longer seen is a
stale entry, and a failure too.  Rows such as Q2 or P8 are the quirks of the real server that no
client needs and that eventtrack does not copy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.mlflow.differential.agreement import Exchange, differences, disagreements

_UNSAID = object()


@dataclass(frozen=True)
class Intended:
    """One way in which eventtrack's answer is meant to differ."""

    row: str
    why: str
    # Scripted steps by name, or a predicate for whatever the generated ones may meet.
    about: frozenset[str] | Callable[[Exchange], bool]
    status: int
    error_code: str | None = None
    body: object = _UNSAID

    @property
    def named_steps(self) -> frozenset[str]:
        """The scripted steps this entry names."""
        return frozenset() if callable(self.about) else self.about

    def covers(self, exchange: Exchange) -> bool:
        """Whether this entry speaks of `exchange`."""
        if callable(self.about):
            return self.about(exchange)
        return exchange.step.name in self.about

    def complaints(self, exchange: Exchange) -> list[str]:
        """How the exchange differs from what is written here; empty when it is as intended."""
        subject = exchange.subject
        if not disagreements(exchange):
            return [f"the entry {self.row} is stale: both servers answer alike"]
        if subject.status != self.status:
            return [f"status {subject.status}, intended {self.status} ({self.row})"]
        if self.status >= 400 and subject.error_code() != self.error_code:
            return [f"error_code {subject.error_code()}, intended {self.error_code} ({self.row})"]
        if self.body is _UNSAID:
            return []
        return differences(self.body, exchange.subject_body)


INTENDED: tuple[Intended, ...] = ()


def difference_for(exchange: Exchange) -> Intended | None:
    """The entry that speaks of `exchange`, if any."""
    return next((entry for entry in INTENDED if entry.covers(exchange)), None)


def complaints(exchange: Exchange, *, subject_is_mlflow: bool = False) -> list[str]:
    """What is wrong with the subject's answer: nothing, when it agrees or differs as intended."""
    entry = None if subject_is_mlflow else difference_for(exchange)
    return entry.complaints(exchange) if entry else disagreements(exchange)
