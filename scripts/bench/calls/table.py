"""The results of the calls as a table for people and as JSON for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from scripts.bench.calls.runner import SIZES, Calls, Plan, Result
from scripts.bench.report import machine

_HEADS = ("calls", "p50 us", "p99 us", "p99.9 us", "max us", "wall s", "CPU us", "lost us")
_ENDS = ("start s", "finish s")


def table(results: Sequence[Result], plan: Plan) -> str:
    """A block for each pace and size, one for the survivors, then what went wrong."""
    lines: list[str] = []
    for pace in plan.paces:
        for size in SIZES:
            values = "one value" if size == 1 else f"{size} values"
            lines += ["", f"{values} a call, {mode(pace)}"]
            lines += _aligned([["", *_HEADS, *_ENDS], *(_row(r, size, pace) for r in results)])
    modes = [mode(pace) for pace in plan.paces]
    lines += ["", f"found of {plan.survival} values after the process killed itself"]
    rows = [["", *modes, "where"], *(_survivors(each, plan) for each in results if each.package)]
    lines += _aligned(rows, last_left=True)
    lines += [f"  ! {note}" for each in results for note in _notes(each, plan)]
    return "\n".join(lines).lstrip("\n")


def document(results: Sequence[Result], plan: Plan) -> dict[str, Any]:
    """Everything measured."""
    return {"machine": machine(), "plan": asdict(plan), "results": [_full(r) for r in results]}


def mode(pace: float) -> str:
    """A pace in words."""
    return f"paced {pace * 1e3:g} ms" if pace else "flat out"


def _row(result: Result, size: int, pace: float) -> list[str]:
    if not result.installed:
        return [f"  {result.tracker}", "not installed"]
    calls = next((c for c in result.calls if (c.size, c.pace) == (size, pace)), None)
    if calls is None:
        return [f"  {result.tracker}", "failed"]
    outcome, micros = calls.outcome, calls.micros
    figures = [*micros.values(), outcome.wall_seconds, calls.cpu_micros, calls.lost_micros]
    figures += [outcome.start_seconds, outcome.finish_seconds]
    return [f"  {result.tracker}", f"{outcome.calls:,}", *map(_number, figures)]


def _survivors(result: Result, plan: Plan) -> list[str]:
    if not result.installed:
        return [f"  {result.tracker}", "not installed"]
    found = {each.pace: str(each.found) for each in result.survivals}
    counts = [found.get(pace, "?" if result.is_kept else "-") for pace in plan.paces]
    return [f"  {result.tracker}", *counts, result.kept_in]


def _notes(result: Result, plan: Plan) -> Iterator[str]:
    for failure in result.failures:
        yield f"{result.tracker}: {failure}"
    for calls in result.calls:
        if calls.outcome.calls < (plan.paced_count if calls.pace else plan.count):
            yield (
                f"{result.tracker}: {calls.size} value(s), {mode(calls.pace)}: stopped after "
                f"{calls.outcome.calls:,} calls, which took {plan.limit:g} s"
            )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _aligned(rows: Sequence[Sequence[str]], last_left: bool = False) -> list[str]:
    count = max(map(len, rows))
    # A row that only says why it is empty must not widen its column.
    widths = [
        max(len(row[i]) for row in rows if i < len(row) and (i == 0 or len(row) > 2))
        for i in range(count)
    ]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        for index, cell in enumerate(row[1:], 1):
            left = last_left and index == count - 1
            cells.append(cell.ljust(widths[index]) if left else cell.rjust(widths[index]))
        lines.append("  ".join(cells).rstrip())
    return lines


def _full(result: Result) -> dict[str, Any]:
    full = asdict(result)
    for entry, calls in zip(full["calls"], result.calls, strict=True):
        entry |= _derived(calls)
    return full


def _derived(calls: Calls) -> dict[str, float | None]:
    return {"cpu_micros_per_call": calls.cpu_micros, "lost_micros_per_step": calls.lost_micros}
