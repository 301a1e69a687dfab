"""MLflow's GraphQL, as its web UI asks."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rest import Rest
from tests.servers import eventtrack_server

RUN = """
query GetRun($data: MlflowGetRunInput!) @component(name: "MLflow.ExperimentRunTracking") {
  mlflowGetRun(input: $data) {
    apiError { helpUrl code message }
    run {
      info { runName status runUuid experimentId artifactUri endTime lifecycleStage startTime }
      experiment { experimentId name lifecycleStage tags { key value } }
      data { metrics { key value step timestamp } params { key value } tags { key value } }
      inputs { datasetInputs { dataset { digest name } tags { key value } } }
      modelVersions { version }
    }
  }
}
"""


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with eventtrack_server(tmp_path_factory.mktemp("graphql") / "data") as server:
        client = Rest(server.port)
        yield client
        client.close()


def ask(rest: Rest, query: str, variables: Any = None) -> dict[str, Any]:
    status, _, body = rest.ask("POST", "/graphql", {"query": query, "variables": variables})
    assert status == 200
    answer: dict[str, Any] = json.loads(body)
    return answer


def test_a_run_with_its_experiment_metrics_and_params(rest: Rest) -> None:
    run_id = rest.create_run(run_name="seen")
    metrics = [
        {"key": "loss", "value": 0.5, "timestamp": 7, "step": 3},
        {"key": "broken", "value": "NaN", "timestamp": 7, "step": 3},
    ]
    rest.post("runs/log-batch", run_id=run_id, metrics=metrics, params=[{"key": "p", "value": "1"}])
    answer = ask(rest, RUN, {"data": {"runId": run_id}})
    assert answer["errors"] is None
    run = answer["data"]["mlflowGetRun"]["run"]
    assert run["info"]["runName"] == "seen"
    assert run["info"]["startTime"] == "1"
    assert run["experiment"]["name"] == "Default"
    found = {each["key"]: each for each in run["data"]["metrics"]}
    assert found["loss"] == {"key": "loss", "value": 0.5, "step": "3", "timestamp": "7"}
    assert found["broken"]["value"] is None
    assert run["data"]["params"] == [{"key": "p", "value": "1"}]


def test_runs_are_searched_by_mutation_as_the_ui_does(rest: Rest) -> None:
    run_id = rest.create_run(run_name="wanted")
    query = """mutation S($data: MlflowSearchRunsInput!) {
        mlflowSearchRuns(input: $data) { runs { info { runUuid } } nextPageToken } }"""
    data = {"experimentIds": ["0"], "filter": "run_name = 'wanted'", "runViewType": "ACTIVE_ONLY"}
    answer = ask(rest, query, {"data": data})
    assert answer["data"]["mlflowSearchRuns"]["runs"] == [{"info": {"runUuid": run_id}}]


def test_model_versions_are_found_alone_and_with_their_run(rest: Rest) -> None:
    run_id = rest.create_run(run_name="origin")
    rest.post("registered-models/create", name="net")
    rest.post("model-versions/create", name="net", source="s3://b/m", run_id=run_id)
    query = """query V($data: MlflowSearchModelVersionsInput!) {
        mlflowSearchModelVersions(input: $data) {
            modelVersions { name version runId status creationTimestamp } nextPageToken } }"""
    found = ask(rest, query, {"data": {"filter": "name = 'net'", "maxResults": "10"}})
    (version,) = found["data"]["mlflowSearchModelVersions"]["modelVersions"]
    assert (version["version"], version["runId"], version["status"]) == ("1", run_id, "READY")
    assert version["creationTimestamp"].isdigit()
    answer = ask(rest, RUN, {"data": {"runId": run_id}})
    assert answer["data"]["mlflowGetRun"]["run"]["modelVersions"] == [{"version": "1"}]


def test_errors_are_a_list_of_sentences_with_status_200(rest: Rest) -> None:
    answer = ask(rest, RUN, {"data": {"runId": "nope"}})
    assert answer["errors"] == ["Run with id=nope not found"]
    assert ask(rest, "query { nothing }")["data"] is None
    assert ask(rest, "query {")["errors"]


def test_a_query_that_asks_too_much_is_refused(rest: Rest) -> None:
    many = " ".join(f'a{n}: test(inputString: "x") {{ output }}' for n in range(11))
    assert "at most 10 root fields" in ask(rest, f"query {{ {many} }}")["errors"][0]
    deep = "mlflowGetRun { run " + "{ info " * 10 + "{ runId }" + " }" * 10 + " }"
    assert "deep" in ask(rest, f"query {{ {deep} }}")["errors"][0]


def test_what_nobody_has_set_is_empty_and_types_have_mlflows_names(rest: Rest) -> None:
    run_id = rest.create_run()
    query = """query Q($data: MlflowGetRunInput!) { mlflowGetRun(input: $data) { run {
        info { userId endTime }
        data { params { key } tags { __typename } }
        inputs { modelInputs { modelId } }
        experiment { effectiveTraceArchivalRetention }
      } apiError { code } } }"""
    answer = ask(rest, query, {"data": {"runId": run_id}})
    assert answer["data"]["mlflowGetRun"] == {
        "run": {
            "info": {"userId": "", "endTime": "0"},
            "data": {"params": [], "tags": [{"__typename": "MlflowRunTag"}]},
            "inputs": {"modelInputs": []},
            "experiment": {"effectiveTraceArchivalRetention": ""},
        },
        "apiError": None,
    }
