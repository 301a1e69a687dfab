"""What the trainers of the workloads send, encoded ahead of time so that sending costs little.

Every request carries new steps, timestamps and values: a server that stored the same bytes again
and again would compress or refuse what a real one has to keep.
"""

from __future__ import annotations

import math
import random

import msgspec

from scripts.bench.caller import encode_request

API = "/api/2.0/mlflow"

# Stands for the number of a batch inside the encoded body.  Batches are counted from a number
# with as many digits, so that filling it in never changes the length of the request.
_MARK = b"@@@@@@@"
_FIRST_BATCH = 7_000_000
_FIRST_STEP = 1_000_000
_FIRST_TIMESTAMP = 1_700_000_000_000
# Knuth's multiplicative hash: values that do not repeat and do not compress.
_SCATTER = 2_654_435_761
MAX_STEPS_PER_BATCH = 100


class Metric(msgspec.Struct):
    """A latest metric as runs/get returns it."""

    key: str
    value: float | str
    step: int | str = 0


class _Data(msgspec.Struct):
    metrics: list[Metric] = []


class _Run(msgspec.Struct):
    data: _Data


class RunBody(msgspec.Struct):
    """The answer of runs/get, as far as it is looked at."""

    run: _Run


class Fixed:
    """The same request again and again: searches and reads."""

    def __init__(self, path: str, body: bytes) -> None:
        self._path = path
        self._body = body
        self._request = b""

    def next(self, port: int) -> bytes:
        """The request."""
        if not self._request:
            self._request = encode_request("POST", self._path, port, self._body)
        return self._request

    def acknowledged(self) -> None:
        """Reads change nothing."""


class OneMetric:
    """log-metric requests of one run: the next step of the same series each time."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._count = 0
        self._template = b""

    def next(self, port: int) -> bytes:
        """The next point."""
        if not self._template:
            body = (
                f'{{"run_uuid":"{self._run_id}","run_id":"{self._run_id}","key":"loss",'
                '"value":0.%010d,"timestamp":%d,"step":%d}'
            )
            length = len(body.encode() % (0, _FIRST_TIMESTAMP, _FIRST_STEP))
            head = encode_request("POST", f"{API}/runs/log-metric", port, b" " * length)
            self._template = head[:-length] + body.encode()
        n = self._count
        self._count = n + 1
        return self._template % (n * _SCATTER % 10**10, _FIRST_TIMESTAMP + n, _FIRST_STEP + n)

    def acknowledged(self) -> None:
        """Every answer is worth the same; nothing to keep."""


class Batches:
    """log-batch requests of one run: `keys` series advance by `steps` points each time."""

    def __init__(self, run_id: str, *, keys: int, steps: int, seed: int = 0) -> None:
        if not 1 <= steps <= MAX_STEPS_PER_BATCH:
            raise ValueError(f"steps must be from 1 to {MAX_STEPS_PER_BATCH}")
        self._run_id = run_id
        self._keys = keys
        self._steps = steps
        self._seed = seed
        self._template = b""
        self._next = _FIRST_BATCH
        self._sent = _FIRST_BATCH
        self._stored = 0

    @property
    def size(self) -> int:
        """Metrics in one request."""
        return self._keys * self._steps

    def next(self, port: int) -> bytes:
        """The next batch."""
        if not self._template:
            self._template = self._encode(port)
        self._sent = self._next
        self._next += 1
        return self._template.replace(_MARK, b"%d" % self._sent)

    def acknowledged(self) -> None:
        """The batch sent last is stored."""
        self._stored = self._sent

    def final_request(self, port: int) -> bytes:
        """runs/get, whose answer lists the latest value of every key."""
        return encode_request("GET", f"{API}/runs/get?run_id={self._run_id}", port)

    def is_final(self, body: bytes) -> bool:
        """Every key shows the last step that was acknowledged, with its value."""
        if not body:
            return False
        metrics = msgspec.json.decode(body, type=RunBody).run.data.metrics
        step = self._stored * MAX_STEPS_PER_BATCH + self._steps - 1
        found = {metric.key: metric for metric in metrics}
        return len(found) == self._keys and all(
            int(found[key].step) == step
            and math.isclose(float(found[key].value), value, rel_tol=1e-12)
            for key, value in self._final_values().items()
        )

    def _final_values(self) -> dict[str, float]:
        values = _value_heads(self._seed, self.size)
        return {
            _key(number): float(f"0.{values[(number + 1) * self._steps - 1]}{self._stored}")
            for number in range(self._keys)
        }

    def _encode(self, port: int) -> bytes:
        mark = _MARK.decode()
        values = iter(_value_heads(self._seed, self.size))
        metrics = ",".join(
            f'{{"key":"{_key(number)}","value":0.{next(values)}{mark},'
            f'"timestamp":1{mark}{i * 1000:05d},"step":{mark}{i:02d}}}'
            for number in range(self._keys)
            for i in range(self._steps)
        )
        body = f'{{"run_id":"{self._run_id}","metrics":[{metrics}],"params":[],"tags":[]}}'
        return encode_request("POST", f"{API}/runs/log-batch", port, body.encode())


def _key(number: int) -> str:
    return f"metric_{number:04d}"


def _value_heads(seed: int, count: int) -> list[str]:
    """The first eight decimals of each value; the number of the batch makes the other seven."""
    chance = random.Random(seed)
    return [f"{chance.randrange(1, 10**8):08d}" for _ in range(count)]


def post(path: str, body: object) -> tuple[str, str, bytes]:
    """The arguments of a `Caller.call` that posts `body` as JSON."""
    return "POST", API + path, msgspec.json.encode(body)
