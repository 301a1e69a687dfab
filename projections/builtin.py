"""The projections every server has, in the order in which they apply an event."""

from projections.changes import changes
from projections.console import console
from projections.datasets import datasets
from projections.erasures import erasures
from projections.experiments import experiments
from projections.leases import leases
from projections.logged_models import logged_models
from projections.metrics import metrics
from projections.model_versions import model_versions
from projections.producers import producers
from projections.projection import Projection
from projections.registered_models import registered_models
from projections.runs import runs
from projections.saved_views import saved_views
from projections.webhooks import webhooks

BUILT_IN: tuple[Projection, ...] = (
    experiments,
    runs,
    metrics,
    datasets,
    logged_models,
    console,
    leases,
    producers,
    erasures,
    registered_models,
    model_versions,
    changes,
    saved_views,
    webhooks,
)
