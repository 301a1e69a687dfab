"""Servers killed at any moment, a receiver that fails at random: everything arrives, in order."""

from __future__ import annotations

import http.client
import itertools
import random
import threading
from collections import defaultdict
from pathlib import Path

import pytest

from tests.rest import Rest
from tests.servers import eventtrack_server
from tests.webhooks.hooks import ALLOWED, SECRET, make_version, make_webhook, wait_until_told
from tests.webhooks.receiver import Received, Receiver

WRITES = 80
"""In each round: more than the receiver is waited for, so that some are under way at the kill."""

MODELS = [f"m{number}" for number in range(6)]


def write(port: int, seed: int, acknowledged: dict[str, int]) -> None:
    """Make versions, noting the greatest number of each model that the server acknowledged."""
    rest, chance = Rest(port), random.Random(seed)
    try:
        for _ in range(WRITES):
            name = chance.choice(MODELS)
            made = rest.post("model-versions/create", name=name, source="s3://bucket/model")
            acknowledged[name] = int(made["model_version"]["version"])
    except (OSError, http.client.HTTPException):
        return
    finally:
        rest.close()


def check(data: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged: dict[str, int] = {}
    taken: dict[str, list[int]] = defaultdict(list)
    ids: dict[tuple[str, int], set[str]] = defaultdict(set)

    def answer(got: Received) -> int:
        if chance.random() < 0.1:
            return chance.choice([500, 302, 404, 429])
        version = int(got.data["version"])
        taken[got.data["name"]].append(version)
        ids[got.data["name"], version].add(got.delivery_id)
        return 200

    with Receiver() as receiver:
        receiver.answer = answer
        for number in range(rounds):
            with eventtrack_server(data, *ALLOWED) as server:
                rest = Rest(server.port)
                if not number:
                    for name in MODELS:
                        rest.post("registered-models/create", name=name)
                    make_webhook(rest, receiver.url, "model_version.created", secret=SECRET)
                rest.close()
                args = (server.port, seed + number, acknowledged)
                writer = threading.Thread(target=write, args=args)
                writer.start()
                receiver.wait_for(len(receiver.received) + chance.randint(1, 60))
                server.kill()
                writer.join()
        with eventtrack_server(data, *ALLOWED) as server:
            rest = Rest(server.port)
            for name in MODELS:
                make_version(rest, name)
                acknowledged[name] = acknowledged.get(name, 0) + 1
            receiver.wait_until(
                lambda _: all(max(taken[name], default=0) >= acknowledged[name] for name in MODELS)
            )
            wait_until_told(rest)
            rest.close()
    for name in MODELS:
        versions = taken[name]
        assert set(versions) == set(range(1, max(versions) + 1)), "everything arrived"
        assert max(versions) >= acknowledged[name]
        first = list(dict.fromkeys(versions))
        assert first == sorted(first), "in order"
        for before, after in itertools.pairwise(versions):
            assert after in (before, before + 1), "a repetition is of the last one alone"
    assert all(len(each) == 1 for each in ids.values()), "a repetition has the same id"


def test_everything_arrives_in_order(tmp_path: Path) -> None:
    check(tmp_path, rounds=4, seed=7)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(10))
def test_everything_arrives_in_order_again_and_again(tmp_path: Path, seed: int) -> None:
    check(tmp_path, rounds=25, seed=seed)
