"""The scripted conversations, by noun: each is complete in itself and meets no other's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.mlflow.differential.sequences import (
    absent,
    artifacts,
    basics,
    batch,
    datasets,
    experiment_names,
    experiment_search,
    experiments,
    logged_model_search,
    logged_models,
    metrics,
    model_lineage,
    multipart,
    params_tags,
    quirks,
    registry,
    registry_search,
    registry_sources,
    runs,
    search_filters,
    search_orders,
    search_population,
    webhooks,
    wire_json,
)
from tests.mlflow.differential.steps import Step

_BY_NOUN: Mapping[str, Sequence[Step]] = {
    "basics": basics.STEPS,
    "wire JSON": wire_json.STEPS,
    "experiments": [*experiment_names.STEPS, *experiments.STEPS],
    "experiment search": experiment_search.STEPS,
    "runs": runs.STEPS,
    "metrics": metrics.STEPS,
    "params and tags": params_tags.STEPS,
    "batch": batch.STEPS,
    "search": [*search_population.STEPS, *search_filters.STEPS, *search_orders.STEPS],
    "datasets": datasets.STEPS,
    "artifacts": artifacts.STEPS,
    "multipart": multipart.STEPS,
    "logged models": logged_models.STEPS,
    "logged model search": logged_model_search.STEPS,
    "model lineage": model_lineage.STEPS,
    "registry": registry.STEPS,
    "registry sources": registry_sources.STEPS,
    "registry search": registry_search.STEPS,
    "absent": absent.STEPS,
    "webhooks": webhooks.STEPS,
    "quirks": quirks.STEPS,
}

SEQUENCES: Mapping[str, Sequence[Step]] = {
    noun: [replace(step, name=f"{noun}: {step.name}") for step in steps]
    for noun, steps in _BY_NOUN.items()
}
