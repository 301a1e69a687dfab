"""Facts about what was brought in from another tracker.

ImportProgressed has a stream of its own for each thing, `import/run/<run_id>`,
`import/logged-model/<model_id>` and `import/experiment/<digest of the source and the id>`, checked,
and is appended together with the facts that it accounts for: so nothing is brought in twice,
whenever an import is killed or repeated.
"""

import msgspec

from eventtrack.events.fact import Fact


class SeriesTaken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many points of a series were brought in so far, and their fingerprint.

    The labels are those of `Series`.
    """

    key: str
    points: int
    fingerprint: int
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class ImportProgressed(Fact, frozen=True, kw_only=True, tag="ImportProgressed/1"):
    """ImportProgressed: what a source says of a thing was brought in up to here.

    source: where from; subject: the thing as the source knows it, `run/<id>`; target: its id here;
    fields: a digest of what the source said of each field, empty for what it says no more; series:
    the metrics that got further, each with its total.
    """

    source: str
    subject: str
    target: str
    fields: dict[str, bytes] = {}
    series: list[SeriesTaken] = []


class ExperimentImported(Fact, frozen=True, kw_only=True, tag="ExperimentImported/1"):
    """ExperimentImported: the experiment came from a source, where it was last changed then.

    Stream `experiment/<id>`; source_id: its id there; updated_at_ms: milliseconds since 1970.
    """

    experiment_id: str
    source: str
    source_id: str
    updated_at_ms: int
