"""The cheapest way to the runs of a search.

The views have no statistics, and which way is cheap depends on the values asked for: newest first
with a common filter, walking the newest runs soon fills a page; with a rare one, the few entries
that match lead to their runs.  So a search first looks at what lies ahead of it:

1. It reads the next SAMPLE runs in the order asked for and counts those it wants.  If it wants
   enough of them it walks on.
2. Otherwise it counts, up to a limit, what the other ways would read, and takes the shortest.

Every way gives the same rows in the same order; a bad guess costs time, nothing else.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from projections.search.compile import Entries, Sql, all_of, condition, run_condition, run_entries
from projections.search.grammar import And, Comparison
from projections.search.ordering import Key, Place, after, columns, order_by
from projections.search.reader import Reader

SAMPLE = 128
CHEAP = 1024
COUNT_MAX = 65_536

NEWEST = "attribute.start_time"
"""The name of the key that the index `runs_newest` has in order."""


class Search(msgspec.Struct, frozen=True):
    """What is wanted: runs in scope, for which the expression holds, from a place on."""

    scope: Sql
    expression: And
    keys: tuple[Key, ...]
    place: Place | None
    limit: int

    def wanted(self, known: Comparison | None = None) -> Sql:
        """The condition on a run `r`, without the comparison that is known to hold.

        What is likely to fail comes first, so that the rest need not be asked.
        """
        parts = [each for each in self.expression.parts if each is not known]
        parts.sort(key=lambda each: not (isinstance(each, Comparison) and each.op == "="))
        return all_of([self.scope, *(condition(each, run_condition) for each in parts)])


class Source(msgspec.Struct, frozen=True):
    """A way to the runs: tables, among which is `runs r`, and what makes it short.

    entries: the same without the runs, to count.  known: the comparison that holds for all of them.
    walked: the first key's values come from the source in order, and runs without one do not come.
    """

    tables: Sql
    where: tuple[Sql, ...]
    entries: Entries
    known: Comparison | None = None
    walked: bool = False


async def fetch(reader: Reader, search: Search) -> list[tuple[Any, ...]]:
    """The rows wanted, in order: `columns(search.keys)`, the last of which is the run id."""
    key = search.keys[0]
    rank = search.place[0][0] if search.place is not None and key.walk is not None else 0
    rows: list[tuple[Any, ...]] = []
    if rank == 0:
        source = await choose(reader, search)
        rows = await _read(reader, search, source)
        if not source.walked:
            return rows
    for rest in range(max(rank, 1), len(key.rest) + 1):
        if len(rows) >= search.limit:
            break
        rows += await _fetch_rest(reader, search, rest, {row[-1] for row in rows})
    return rows[: search.limit]


async def _fetch_rest(
    reader: Reader, search: Search, rank: int, seen: set[Any]
) -> list[tuple[Any, ...]]:
    """The runs whose first key has this rank and thereby no value: the other keys order them."""
    here = search.place is not None and search.place[0][0] == rank
    rest = Search(
        search.scope,
        And((*search.expression.parts, search.keys[0].rest[rank - 1])),
        search.keys[1:],
        search.place[1:] if search.place is not None and here else None,
        search.limit,
    )
    # A run whose value is being replaced by NaN may have been read with its value a moment ago.
    return [(rank, None, *row) for row in await fetch(reader, rest) if row[-1] not in seen]


async def choose(reader: Reader, search: Search) -> Source:
    """The way that is likely to read least."""
    walk = walk_of(search)
    straight = walk or scan(search)
    if walk is None and not search.expression.parts:
        return straight
    for part in search.expression.parts:
        if isinstance(part, Comparison) and (ids := _run_ids(part)):
            return by_ids(part, ids)
    ahead = COUNT_MAX
    if walk is not None or search.keys[0].name == NEWEST:
        hits = await _sample(reader, search, straight)
        if hits:
            ahead = min(search.limit * SAMPLE // hits, COUNT_MAX)
        if ahead <= CHEAP:
            return straight
    return await _shortest(reader, search, ahead) or straight


def ways(search: Search) -> list[Source]:
    """All ways there are."""
    walk = walk_of(search)
    return [scan(search), *([walk] if walk is not None else []), *selective(search)]


def scan(search: Search) -> Source:
    """All runs in scope."""
    return Source(Sql("runs r"), (), Entries("runs r", search.scope))


def walk_of(search: Search) -> Source | None:
    """The values of the first key in order, if an index has them."""
    alias, walk = search.keys[0].alias, search.keys[0].walk
    if walk is None:
        return None
    tables = Sql(f"{walk.table} CROSS JOIN runs r ON r.run_id = {alias}.run_id")
    return Source(tables, (walk.where,), walk, walked=True)


def by_entries(part: Comparison, entries: Entries) -> Source:
    """The entries that one comparison asks for."""
    tables = Sql(f"{entries.table} CROSS JOIN runs r ON r.run_id = c.run_id")
    return Source(tables, (entries.where,), entries, part)


def by_ids(part: Comparison, ids: Sequence[str]) -> Source:
    """Runs named one by one."""
    listed = (msgspec.json.encode(sorted(set(ids))).decode(),)
    tables = Sql("json_each(?) c CROSS JOIN runs r ON r.run_id = c.value", listed)
    return Source(tables, (), Entries("json_each(?) c", Sql("1", listed)), part)


def selective(search: Search) -> list[Source]:
    """The comparisons whose entries an index has side by side."""
    return [
        by_entries(part, entries)
        for part in search.expression.parts
        if isinstance(part, Comparison)
        and part.op in ("=", "<", "<=", ">", ">=", "IS NAN")
        and (entries := run_entries(part))
    ]


def _run_ids(comparison: Comparison) -> tuple[str, ...]:
    if (comparison.entity, comparison.key) != ("attribute", "run_id"):
        return ()
    if comparison.op == "=" and isinstance(comparison.value, str):
        return (comparison.value,)
    if comparison.op == "IN" and isinstance(comparison.value, tuple):
        return tuple(each for each in comparison.value if isinstance(each, str))
    return ()


async def _sample(reader: Reader, search: Search, source: Source) -> int:
    """How many of the next runs on the straight way are wanted."""
    key = search.keys[0]
    entries = source.entries.where
    if search.place is not None:
        here = search.place[0]
        value = here if key.rank is None else here[1]
        entries = all_of([entries, Sql(f"{key.value} {key.beyond}= ?", (value,))])
    order = f"{key.value} DESC" if key.descending else key.value
    tables = f"(SELECT * FROM {source.entries.table} WHERE {entries.text} ORDER BY {order} LIMIT ?)"
    tables += (
        f" {key.alias} CROSS JOIN runs r ON r.run_id = {key.alias}.run_id"
        if source.walked
        else " r"
    )
    wanted = search.wanted()
    [(hits,)] = await reader.fetchall(
        f"SELECT count(*) FROM {tables} WHERE {wanted.text}",
        (*entries.params, SAMPLE, *wanted.params),
    )
    return int(hits)


async def _shortest(reader: Reader, search: Search, ahead: int) -> Source | None:
    """The source with the fewest entries, if far fewer than lie ahead on the straight way."""
    sources = selective(search)
    if walk_of(search) is not None:
        sources.append(scan(search))
    if not sources:
        return None
    limit = ahead // 2
    counted = [
        f"(SELECT count(*) FROM (SELECT 1 FROM {each.entries.table}"
        f" WHERE {each.entries.where.text} LIMIT ?))"
        for each in sources
    ]
    [counts] = await reader.fetchall(
        f"SELECT {', '.join(counted)}",
        [param for each in sources for param in (*each.entries.where.params, limit)],
    )
    fewest, source = min(zip(counts, sources, strict=True), key=lambda each: int(each[0]))
    return source if fewest < limit else None


async def _read(reader: Reader, search: Search, source: Source) -> list[tuple[Any, ...]]:
    first, *others = search.keys
    place = search.place
    shown = ordered = first
    if source.walked:
        shown = msgspec.structs.replace(first, rank="0")
        ordered = msgspec.structs.replace(first, rank=None, join=None)
        place = None if place is None else [place[0][1], *place[1:]]
    keys = [ordered, *others]
    conditions = [*source.where, search.wanted(source.known)]
    if place is not None:
        conditions.append(after(keys, place))
    where = all_of(conditions)
    joins = [key.join for key in keys if key.join is not None]
    sql = (
        f"SELECT {columns([shown, *others])} FROM {source.tables.text} "
        f"{' '.join(join.text for join in joins)} "
        f"WHERE {where.text} ORDER BY {order_by(keys)} LIMIT ?"
    )
    joined = tuple(param for join in joins for param in join.params)
    return await reader.fetchall(sql, (*source.tables.params, *joined, *where.params, search.limit))
