"""Producers: which number does the next native ingest request of producer P begin at?

Handles  EntriesReceived
Tables   producers
"""

from eventtrack.events import Recorded
from eventtrack.events.producers import EntriesReceived
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views

producers = Projection(
    "producers",
    version=1,
    tables="""
    CREATE TABLE producers (
        producer TEXT PRIMARY KEY,
        following INTEGER NOT NULL,              -- the number the next request begins at
        requests INTEGER NOT NULL,
        last_recorded_at INTEGER NOT NULL        -- microseconds since 1970
    ) STRICT, WITHOUT ROWID;
    """,
)


@producers.on(EntriesReceived)
def received(rows: Rows, event: EntriesReceived, at: Recorded) -> None:
    """The furthest number stays, whatever a log may hold."""
    rows.write(
        """INSERT INTO producers VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE SET
               following = max(following, excluded.following), requests = requests + 1,
               last_recorded_at = excluded.last_recorded_at""",
        (event.producer, event.following, at.recorded_at),
    )


async def following_of(views: Views, producer: str) -> int | None:
    """The number that the producer's next request begins at; None when it never sent any."""
    row = await views.fetchone("SELECT following FROM producers WHERE producer = ?", (producer,))
    return row[0] if row else None
