"""The table for people and the JSON for machines."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scripts.bench.figures import Figure, Sample
from scripts.bench.runner import CaseResult
from scripts.bench.servers import ServerSpec

_ARROWS = {"higher": "+", "lower": "-"}


def table(results: Sequence[CaseResult], servers: Sequence[str]) -> str:
    """One line for each figure: every server, and the first one's ratio to each other.

    The sign behind the unit says which way is better.  Errors and failures follow their case.
    """
    peers = servers[1:]
    heads = ["", "unit", *servers, *(f"{servers[0]}/{peer}" for peer in peers)]
    blocks: list[tuple[str, list[list[str]], list[str]]] = []
    for result in results:
        rows = [_row(result, figure, servers) for figure in result.figures]
        blocks.append((f"{result.workload}: {result.case}", rows, list(_notes(result, servers))))
    every = [heads, *(row for _, rows, _ in blocks for row in rows)]
    widths = [max(len(row[column]) for row in every) for column in range(len(heads))]
    lines = [_aligned(heads, widths)]
    for title, rows, notes in blocks:
        lines += ["", title, *(_aligned(row, widths) for row in rows)]
        lines += [f"  ! {note}" for note in notes]
    return "\n".join(lines)


def _row(result: CaseResult, figure: Figure, servers: Sequence[str]) -> list[str]:
    values = [result.value(server, figure) for server in servers]
    shown = [
        "failed" if value is None and server in result.failures else _number(value)
        for server, value in zip(servers, values, strict=True)
    ]
    ratios = [_ratio(values[0], value) for value in values[1:]]
    return [f"  {figure.name}", f"{figure.unit} {_ARROWS[figure.better]}", *shown, *ratios]


def _number(value: float | None) -> str:
    if value is None:
        return "?"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3g}"


def _ratio(ours: float | None, theirs: float | None) -> str:
    if ours is None or theirs is None or theirs == 0:
        return "?"
    ratio = ours / theirs
    return f"{ratio:,.1f}x" if abs(ratio) >= 10 else f"{ratio:.3g}x"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    left = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
    right = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
    return "  ".join(left + right).rstrip()


def _notes(result: CaseResult, servers: Sequence[str]) -> Iterator[str]:
    for server in servers:
        if server in result.failures:
            yield f"{server} failed: {result.failures[server]}"
        samples = result.samples.get(server, [])
        for label, count in errors_of(samples).items():
            example = next((s.examples[label] for s in samples if s.examples.get(label)), "")
            yield f"{server}: {count} x {label} {example}".rstrip()
        for remark in dict.fromkeys(remark for sample in samples for remark in sample.remarks):
            yield f"{server}: {remark}"


def errors_of(samples: Sequence[Sample]) -> Counter[str]:
    """All errors of all rounds."""
    total: Counter[str] = Counter()
    for sample in samples:
        total.update({label: count for label, count in sample.errors.items() if count})
    return total


def document(
    results: Sequence[CaseResult], specs: Sequence[ServerSpec], settings: dict[str, Any]
) -> dict[str, Any]:
    """Everything measured, every round included."""
    return {
        "machine": machine(),
        "settings": settings,
        "servers": {spec.name: spec.command for spec in specs},
        "results": [_case(result, [spec.name for spec in specs]) for result in results],
    }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "uvloop": importlib.util.find_spec("uvloop") is not None,
    }


def _processor() -> str:
    """The processor's name; /proc has it where platform.processor() is empty."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _case(result: CaseResult, servers: Sequence[str]) -> dict[str, Any]:
    return {
        "workload": result.workload,
        "case": result.case,
        "figures": [
            {
                "name": figure.name,
                "unit": figure.unit,
                "better": figure.better,
                "values": {server: result.value(server, figure) for server in servers},
            }
            for figure in result.figures
        ],
        "rounds": {
            server: [sample.values for sample in samples]
            for server, samples in result.samples.items()
        },
        "errors": {server: errors_of(samples) for server, samples in result.samples.items()},
        "failures": result.failures,
    }
