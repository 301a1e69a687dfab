"""The states that rules need, read from the views (the `StateReader` of `eventtrack.commands`)."""

from eventtrack.commands.state import (
    ExperimentState,
    LoggedModelState,
    ProducerState,
    RegisteredModelState,
    RunState,
    SavedViewState,
    VersionState,
)
from eventtrack.projector.live import Live
from projections import (
    experiments,
    logged_models,
    model_versions,
    producers,
    registered_models,
    runs,
    saved_views,
    webhooks,
)
from projections.metrics.history import read_points


class ViewStates:
    """Waits until the views have arrived at what was acknowledged, then reads them."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def experiment(self, experiment_id: str) -> ExperimentState | None:
        """See `StateReader.experiment`."""
        views = await self._live.current()
        found = await experiments.get(views, int(experiment_id))
        if found is None:
            return None
        return ExperimentState(
            experiment_id=str(found.experiment_id),
            name=found.name,
            artifact_location=found.artifact_location,
            lifecycle_stage=found.lifecycle_stage,
            tags=found.tags,
        )

    async def experiment_id_of_name(self, name: str) -> str | None:
        """See `StateReader.experiment_id_of_name`."""
        views = await self._live.current()
        found = await experiments.get_by_name(views, name)
        return str(found.experiment_id) if found else None

    async def greatest_experiment_id(self) -> int:
        """See `StateReader.greatest_experiment_id`."""
        views = await self._live.current()
        return await experiments.greatest_id(views)

    async def run(self, run_id: str) -> RunState | None:
        """See `StateReader.run`."""
        views = await self._live.current()
        found = await runs.get(views, run_id)
        if found is None:
            return None
        return RunState(
            run_id=run_id,
            experiment_id=str(found.experiment_id),
            name=found.name,
            user_id=found.user_id,
            status=found.status,
            start_time_ms=found.start_time,
            end_time_ms=found.end_time,
            artifact_uri=found.artifact_uri,
            lifecycle_stage=found.lifecycle_stage,
            params=await runs.params_of(views, run_id),
            tags=await runs.tags_of(views, run_id),
        )

    async def runs_deleted_alone(self, experiment_id: str) -> list[str]:
        """See `StateReader.runs_deleted_alone`."""
        return await runs.deleted_alone(await self._live.current(), int(experiment_id))

    async def count_points(
        self, run_id: str, key: str, first_step: int, last_step: int, rank: int | None
    ) -> int:
        """See `StateReader.count_points`."""
        points = await read_points(await self._live.current(), run_id, key, rank)
        return int(((points.steps >= first_step) & (points.steps <= last_step)).sum())

    async def logged_model(self, model_id: str) -> LoggedModelState | None:
        """See `StateReader.logged_model`."""
        views = await self._live.current()
        found = await logged_models.get(views, model_id)
        if found is None:
            return None
        return LoggedModelState(
            model_id=model_id,
            experiment_id=str(found.experiment_id),
            lifecycle_stage=found.lifecycle_stage,
            artifact_location=found.artifact_location,
            status=found.status,
            params=found.params,
            tags=found.tags,
            source_run_id=found.source_run_id,
        )

    async def registered_model_id_of_name(self, name: str) -> str | None:
        """See `StateReader.registered_model_id_of_name`."""
        return await registered_models.id_of_name(await self._live.current(), name)

    async def registered_model(self, registered_model_id: str) -> RegisteredModelState | None:
        """See `StateReader.registered_model`."""
        views = await self._live.current()
        found = await registered_models.get(views, registered_model_id)
        if found is None:
            return None
        return RegisteredModelState(
            registered_model_id=registered_model_id,
            name=found.name,
            lifecycle_stage=found.lifecycle_stage,
            description=found.description,
            tags=found.tags,
            aliases=found.aliases,
            versions={
                each.version: VersionState(
                    source=each.source,
                    storage_location=each.storage_location,
                    run_id=each.run_id,
                    model_id=each.model_id,
                    stage=each.stage,
                    description=each.description,
                    tags=each.tags,
                    deleted=each.lifecycle_stage != "active",
                )
                for each in await model_versions.all_of(views, registered_model_id)
            },
        )

    async def saved_view(self, view_id: str) -> SavedViewState | None:
        """See `StateReader.saved_view`."""
        found = await saved_views.get(await self._live.current(), view_id)
        if found is None:
            return None
        return SavedViewState(view_id=view_id, name=found.name, state=found.state)

    async def webhook_exists(self, webhook_id: str) -> bool:
        """See `StateReader.webhook_exists`."""
        return await webhooks.get(await self._live.current(), webhook_id) is not None

    async def producer(self, producer: str) -> ProducerState | None:
        """See `StateReader.producer`."""
        views = await self._live.current()
        following = await producers.following_of(views, producer)
        return None if following is None else ProducerState(producer=producer, following=following)
