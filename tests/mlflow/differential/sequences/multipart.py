"""Uploads in parts and presigned URLs: what a store that cannot do them answers."""

from __future__ import annotations

from tests.mlflow.differential.steps import INVALID, PROXY, Step, get, post

_NOT_IMPLEMENTED = "NOT_IMPLEMENTED"


def _create(name: str, body: object, error: str | None, path: str = "0/abc/artifacts") -> Step:
    return post(name, f"{PROXY}mpu/create/{path}", body, error=error)


STEPS: list[Step] = [
    _create("an upload in parts is begun", {"path": "big.bin", "num_parts": 2}, _NOT_IMPLEMENTED),
    _create("an upload in parts needs a name", {"num_parts": 2}, INVALID),
    _create("an upload in parts stays inside", {"path": "b", "num_parts": 1}, INVALID, "%2e%2e/x"),
    post(
        "an upload in parts is completed",
        f"{PROXY}mpu/complete/0/abc/artifacts",
        {"path": "big.bin", "upload_id": "u", "parts": [{"part_number": 1, "etag": "e"}]},
        error=_NOT_IMPLEMENTED,
    ),
    post(
        "completing needs parts",
        f"{PROXY}mpu/complete/0/abc/artifacts",
        {"path": "big.bin", "upload_id": "u"},
        error=INVALID,
    ),
    post(
        "an upload in parts is aborted",
        f"{PROXY}mpu/abort/0/abc/artifacts",
        {"path": "big.bin", "upload_id": "u"},
        error=_NOT_IMPLEMENTED,
    ),
    get("a presigned download", f"{PROXY}presigned/0/abc/artifacts/x", error=_NOT_IMPLEMENTED),
]
