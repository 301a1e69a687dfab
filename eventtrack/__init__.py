"""eventtrack: an experiment-tracking server with MLflow's wire and an append-only event log.

`import eventtrack as et` is the trainer's side: `et.init`, `et.start_run`, `et.log_metric` and so
on (`eventtrack.client.fluent` has them all).  They are imported at their first use, so that this
module imports nothing and `projections`, which imports `eventtrack.events`, stands alone.
"""

TYPE_CHECKING = False  # as in typing, without importing it
if TYPE_CHECKING:
    from eventtrack.client.fluent import *  # noqa: F403

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """A name of `eventtrack.client.fluent`; AttributeError when it has none such."""
    if name.startswith("__"):
        raise AttributeError(name)
    from importlib import import_module, util

    if util.find_spec(f"{__name__}.{name}") is not None:
        # A room of the house that was not imported yet; its own import makes it an attribute.
        raise AttributeError(f"import {__name__}.{name} before it is used")
    fluent = import_module("eventtrack.client.fluent")
    if name not in fluent.__all__:
        raise AttributeError(
            f"eventtrack has no {name!r}; what only mlflow has works through its plug-in: "
            'pip install "eventtrack[mlflow]" and mlflow.set_tracking_uri("eventtrack://host:5000")'
        )
    found: object = getattr(fluent, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """What `et.<TAB>` offers."""
    from eventtrack.client import fluent

    return sorted({*globals(), *fluent.__all__})
