"""When do two answers to the same step agree?  Anything else is said in a sentence."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

from tests.mlflow.differential.exchange import Answer, NotJson, Symbols
from tests.mlflow.differential.steps import Step

# Lists further down (tags, params, latest metrics, dataset inputs) have no promised order.
_UNORDERED_AT_THE_TOP = {"dataset_summaries"}
_NAMED_IN_MESSAGE = re.compile(r"parameter '([^']+)'")


@dataclass(frozen=True)
class Exchange:
    """One step, what MLflow answered, what the server under test answered; symbols hidden."""

    step: Step
    reference: Answer
    subject: Answer
    reference_body: object
    subject_body: object

    def __str__(self) -> str:
        return (
            f"{self.step!r}\n  mlflow:     {self.reference.status} {_short(self.reference_body)}"
            f"\n  eventtrack: {self.subject.status} {_short(self.subject_body)}"
        )


def readable_body(answer: Answer, symbols: Symbols) -> object:
    """The body for comparison: JSON with symbols hidden, or the bytes of anything else."""
    if answer.is_json or not answer.body:
        try:
            return symbols.hide(answer.json())
        except NotJson:
            return answer.body
    return answer.body


def disagreements(exchange: Exchange) -> list[str]:
    """How the answers differ; empty when they agree."""
    reference, subject = exchange.reference, exchange.subject
    if reference.status != subject.status:
        return [f"status {subject.status}, mlflow {reference.status}"]
    if reference.status >= 400:
        return _error_disagreements(exchange)
    found = [
        f"header {name}: {subject.headers.get(name)!r}, mlflow {reference.headers.get(name)!r}"
        for name in exchange.step.same_headers
        if subject.headers.get(name) != reference.headers.get(name)
    ]
    found += [
        f"header {name} is given by one server only"
        for name in exchange.step.given_headers
        if (name in reference.headers) != (name in subject.headers)
    ]
    return found + differences(exchange.reference_body, exchange.subject_body)


def _error_disagreements(exchange: Exchange) -> list[str]:
    reference, subject = exchange.reference_body, exchange.subject_body
    code = exchange.subject.error_code()
    if not isinstance(reference, dict) or "error_code" not in reference:
        # A web framework's own page.  Clients tell it from MLflow's errors by not being JSON.
        if exchange.reference.status == 404 and code not in (404, "ENDPOINT_NOT_FOUND"):
            return [f"error_code {code} where mlflow has no such route"]
        return []
    if not isinstance(subject, dict):
        return [f"the error is not JSON: {subject!r}"]
    if reference["error_code"] != code:
        return [f"error_code {code}, mlflow {reference['error_code']}"]
    message, expected = subject.get("message"), str(reference.get("message"))
    if not isinstance(message, str) or not message.strip():
        return [f"no message: {message!r}"]
    if exchange.step.exact_message and message != expected:
        return [f"message {message!r}, mlflow {expected!r}"]
    named = _NAMED_IN_MESSAGE.search(expected)
    # A made-up step has no name, and may have two mistakes; which one is told is not promised.
    if exchange.step.name and named and named[1] not in message:
        return [f"the message does not name {named[1]!r}: {message!r}"]
    return []


def differences(reference: object, subject: object, place: str = "", depth: int = 0) -> list[str]:
    """Where two JSON values differ; a number and its string are different, 1 and 1.0 are not."""
    if isinstance(reference, dict) and isinstance(subject, dict):
        found = []
        for key in sorted(reference.keys() | subject.keys()):
            here = f"{place}.{key}" if place else str(key)
            if key not in subject:
                found.append(f"{here} is missing, mlflow {_short(reference[key])}")
            elif key not in reference:
                found.append(f"{here} is {_short(subject[key])}, absent in mlflow")
            else:
                found += differences(reference[key], subject[key], here, depth + 1)
        return found
    if isinstance(reference, list) and isinstance(subject, list):
        if depth > 1 or place in _UNORDERED_AT_THE_TOP:
            reference, subject = sorted(reference, key=_sorting), sorted(subject, key=_sorting)
        if len(reference) != len(subject):
            return [f"{place} has {len(subject)} items, mlflow {len(reference)}"]
        pairs = enumerate(zip(reference, subject, strict=True))
        return [d for i, (r, s) in pairs for d in differences(r, s, f"{place}[{i}]", depth + 1)]
    if _same(reference, subject):
        return []
    return [f"{place or 'the body'} is {_short(subject)}, mlflow {_short(reference)}"]


def _same(reference: object, subject: object) -> bool:
    numbers = (int, float)
    if isinstance(reference, bool) or isinstance(subject, bool):
        return reference is subject
    if isinstance(reference, numbers) and isinstance(subject, numbers):
        return reference == subject or (math.isnan(reference) and math.isnan(subject))
    return type(reference) is type(subject) and reference == subject


def _sorting(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 800 else f"{text[:800]}… ({len(text)} characters)"
