"""Some hundreds of written requests: eventtrack answers as MLflow does, or as `intended` says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from tests.mlflow.conftest import Sides
from tests.mlflow.differential.agreement import Exchange
from tests.mlflow.differential.conversation import Conversation
from tests.mlflow.differential.intended import INTENDED, complaints
from tests.mlflow.differential.sequences import SEQUENCES

_PROMISES = [
    pytest.param(noun, number, id=step.name)
    for noun, steps in SEQUENCES.items()
    for number, step in enumerate(steps)
]


class Played:
    """The conversations held so far: each is led once, whole, whichever of its tests runs."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._exchanges: dict[str, Sequence[Exchange]] = {}
        self._made_up: dict[str, Sequence[tuple[str, str, str]]] = {}

    def exchange(self, noun: str, number: int) -> Exchange:
        """What was said at one step of the conversation about `noun`."""
        self._play(noun)
        return self._exchanges[noun][number]

    def made_up(self, noun: str) -> Sequence[tuple[str, str, str]]:
        """The symbols of the conversation about `noun`, with the values of either server."""
        self._play(noun)
        return self._made_up[noun]

    def _play(self, noun: str) -> None:
        if noun not in self._exchanges:
            with Conversation(self._sides.reference_url, self._sides.subject_url) as conversation:
                self._exchanges[noun] = list(conversation.lead(SEQUENCES[noun]))
                self._made_up[noun] = list(conversation.made_up())


@pytest.fixture(scope="module")
def played(sides: Sides) -> Played:
    return Played(sides)


@pytest.mark.parametrize(("noun", "number"), _PROMISES)
def test_both_servers_agree(played: Played, sides: Sides, noun: str, number: int) -> None:
    exchange = played.exchange(noun, number)
    # If MLflow itself answers differently from what is written, the step shows nothing.
    assert exchange.reference.error_code() == exchange.step.error, str(exchange)
    found = complaints(exchange, subject_is_mlflow=sides.subject_is_mlflow)
    assert not found, "\n".join([*found, str(exchange)])


@pytest.mark.parametrize("noun", SEQUENCES)
def test_made_up_values_have_the_form_of_mlflows(played: Played, noun: str) -> None:
    for symbol, reference, subject in played.made_up(noun):
        assert _form(reference) == _form(subject), (symbol, reference, subject)


def _form(value: str) -> str:
    """What kind of id or name this is; page tokens are opaque and have no form."""
    forms = {
        r"[0-9a-f]{32}": "run",
        r"m-[0-9a-f]{32}": "model",
        r"[0-9]+": "experiment",
        r"[a-z]+-[a-z]+-[0-9]+": "random name",
    }
    return next((form for pattern, form in forms.items() if re.fullmatch(pattern, value)), "token")


def test_every_step_has_a_name_of_its_own() -> None:
    counted = Counter(step.name for steps in SEQUENCES.values() for step in steps)
    assert [name for name, count in counted.items() if count > 1] == []


def test_every_intended_difference_speaks_of_steps_that_exist() -> None:
    names: Mapping[str, object] = {step.name: step for s in SEQUENCES.values() for step in s}
    named = {name for entry in INTENDED for name in entry.named_steps}
    assert sorted(named - names.keys()) == []
