"""Lead the same conversation with both servers, one step at a time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from tests.mlflow.differential.agreement import Exchange, readable_body
from tests.mlflow.differential.exchange import Speaker
from tests.mlflow.differential.steps import Step


class Conversation:
    """The reference and the subject, hearing the same steps."""

    def __init__(self, reference_url: str, subject_url: str) -> None:
        self._reference = Speaker(reference_url)
        self._subject = Speaker(subject_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reference.close()
        self._subject.close()

    def made_up(self) -> Iterator[tuple[str, str, str]]:
        """Each symbol bound so far, with the value that either server made up for it."""
        reference, subject = self._reference.symbols.values, self._subject.symbols.values
        for name in reference.keys() & subject.keys():
            yield name, reference[name], subject[name]

    def lead(self, steps: Iterable[Step]) -> Iterator[Exchange]:
        """Send each step to both servers and give what came back."""
        for step in steps:
            _next_millisecond()
            reference = self._reference.say(step)
            subject = self._subject.say(step)
            yield Exchange(
                step,
                reference,
                subject,
                readable_body(reference, self._reference.symbols),
                readable_body(subject, self._subject.symbols),
            )


def _next_millisecond() -> None:
    """Let the clock tick, so that two writes never carry the same time by accident."""
    before = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == before:
        pass
