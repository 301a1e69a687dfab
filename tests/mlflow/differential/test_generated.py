"""Conversations and searches that hypothesis makes up: both servers give the same answers.

The brief variants are the same on every run; the slow ones look further, and elsewhere each time.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.mlflow.conftest import Sides
from tests.mlflow.differential import generated_registry as registry
from tests.mlflow.differential.conversation import Conversation
from tests.mlflow.differential.generated import closing, commands, opening
from tests.mlflow.differential.generated_searches import searches
from tests.mlflow.differential.intended import complaints
from tests.mlflow.differential.sequences import search_population
from tests.mlflow.differential.steps import Step, post

_COMMON = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
_BRIEF = settings(_COMMON, derandomize=True, phases=[Phase.explicit, Phase.generate, Phase.shrink])


def _lead(conversation: Conversation, steps: Sequence[Step], sides: Sides) -> None:
    for exchange in conversation.lead(steps):
        found = complaints(exchange, subject_is_mlflow=sides.subject_is_mlflow)
        assert not found, "\n".join([*found, str(exchange)])


def _converse(sides: Sides, said: Sequence[Step]) -> None:
    with Conversation(sides.reference_url, sides.subject_url) as conversation:
        _lead(conversation, [*opening(), *said, *closing(said)], sides)


@settings(_BRIEF, max_examples=40)
@given(said=commands)
def test_generated_commands_leave_the_same_behind(sides: Sides, said: Sequence[Step]) -> None:
    _converse(sides, said)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(_COMMON, max_examples=1000)
@given(said=commands)
def test_many_generated_commands_leave_the_same_behind(sides: Sides, said: Sequence[Step]) -> None:
    _converse(sides, said)


def _converse_about_models(sides: Sides, said: Sequence[Step], searched: Sequence[Step]) -> None:
    with Conversation(sides.reference_url, sides.subject_url) as conversation:
        _lead(conversation, [*registry.opening(), *said, *registry.closing(), *searched], sides)


@settings(_BRIEF, max_examples=12)
@given(said=registry.commands, searched=registry.searches)
def test_generated_commands_leave_the_same_registry(
    sides: Sides, said: Sequence[Step], searched: Sequence[Step]
) -> None:
    _converse_about_models(sides, said, searched)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(_COMMON, max_examples=1000)
@given(said=registry.commands, searched=registry.searches)
def test_many_generated_commands_leave_the_same_registry(
    sides: Sides, said: Sequence[Step], searched: Sequence[Step]
) -> None:
    _converse_about_models(sides, said, searched)


@pytest.fixture(scope="module")
def population(sides: Sides) -> Iterator[Conversation]:
    with Conversation(sides.reference_url, sides.subject_url) as conversation:
        _lead(conversation, search_population.steps(f"searches {uuid.uuid4().hex}"), sides)
        deletion = post("epsilon is deleted", "runs/delete", {"run_id": "<run5>"})
        _lead(conversation, [deletion], sides)
        yield conversation


def _search(population: Conversation, sides: Sides, query: dict[str, object]) -> None:
    body = {"experiment_ids": ["<exp>", "<exp2>"], **query}
    page = post("", "runs/search", body, bind={"next": "next_page_token"})
    _lead(population, [page], sides)


@settings(_BRIEF, max_examples=120)
@given(query=searches)
def test_generated_searches_find_the_same_runs(
    population: Conversation, sides: Sides, query: dict[str, object]
) -> None:
    _search(population, sides, query)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(_COMMON, max_examples=5000)
@given(query=searches)
def test_many_generated_searches_find_the_same_runs(
    population: Conversation, sides: Sides, query: dict[str, object]
) -> None:
    _search(population, sides, query)
