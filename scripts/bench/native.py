"""What a native client of eventtrack sends: msgpack, columns, numbered requests.

The columns hold ordinary training curves: a loss that falls with noise, at one step each 50 ms, so
that what they take on the disk is what users will see.
"""

from __future__ import annotations

import math
import random
import struct
from array import array

import msgspec

from eventtrack.wire import ingest as wire
from scripts.bench.caller import Caller, encode_request, run_async
from scripts.bench.payloads import API, Metric, RunBody

_POOL = 8
_FIRST_TIMESTAMP = 1_700_000_000_000
_STEP_MILLISECONDS = 50


def speaks_native(port: int) -> bool:
    """Whether the server answers the native protocol."""

    async def ask() -> bool:
        caller = Caller(port, keep_body=True)
        try:
            response = await caller.call("POST", wire.PATH, b"{}")
        finally:
            caller.close()
        return response.status == 200

    return run_async(ask())


def curve(seed: int, count: int) -> list[float]:
    """A loss curve with noise, `count` values of 53 random bits."""
    chance = random.Random(seed)
    return [
        2.0 * math.exp(-3.0 * index / count) + chance.gauss(0.0, 0.05) for index in range(count)
    ]


class NativeBatches:
    """Requests of one run: `keys` series advance by `steps` points each time."""

    def __init__(self, run_id: str, *, keys: int, steps: int, seed: int = 0) -> None:
        self._run_id = run_id
        self._keys = keys
        self._steps = steps
        self._seed = seed
        self._sent = 0
        self._acknowledged = 0
        self._pool: list[dict[str, bytes | list[float]]] = []

    def _columns(self) -> list[dict[str, bytes | list[float]]]:
        pool = []
        for part in range(_POOL):
            columns: dict[str, bytes | list[float]] = {}
            for key in range(self._keys):
                values = curve(hash((self._seed, part, key)), self._steps)
                columns[f"metric_{key:04d}"] = array("d", values).tobytes()
            pool.append(columns)
        return pool

    def next(self, port: int) -> bytes:
        """The next request."""
        if not self._pool:
            self._pool = self._columns()
        first = self._sent * self._steps
        steps = range(first, first + self._steps)
        timestamps = range(
            _FIRST_TIMESTAMP + first * _STEP_MILLISECONDS,
            _FIRST_TIMESTAMP + (first + self._steps) * _STEP_MILLISECONDS,
            _STEP_MILLISECONDS,
        )
        entry = wire.Metrics(
            run_id=self._run_id,
            steps=array("q", steps).tobytes(),
            timestamps=array("q", timestamps).tobytes(),
            values=self._pool[self._sent % _POOL],
        )
        request = wire.Request(
            producer=f"bench-{self._run_id}", sequence=self._sent, entries=[entry]
        )
        self._sent += 1
        body = msgspec.msgpack.encode(request)
        return encode_request("POST", wire.PATH, port, body).replace(
            b"application/json", wire.MSGPACK_TYPE.encode(), 1
        )

    def acknowledged(self) -> None:
        """The request sent last is stored."""
        self._acknowledged = self._sent

    def final_request(self, port: int) -> bytes:
        """runs/get, whose answer lists the latest value of every key."""
        return encode_request("GET", f"{API}/runs/get?run_id={self._run_id}", port)

    def is_final(self, body: bytes) -> bool:
        """Every key shows the last step that was acknowledged, with its value."""
        if not body or not self._acknowledged:
            return False
        found: dict[str, Metric] = {
            metric.key: metric
            for metric in msgspec.json.decode(body, type=RunBody).run.data.metrics
        }
        step = self._acknowledged * self._steps - 1
        columns = self._pool[(self._acknowledged - 1) % _POOL]
        if len(found) != self._keys:
            return False
        for key, column in columns.items():
            assert isinstance(column, bytes)
            (value,) = struct.unpack("<d", column[-8:])
            if int(found[key].step) != step or float(found[key].value) != value:
                return False
        return True
