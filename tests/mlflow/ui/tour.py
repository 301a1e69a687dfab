"""The pages of MLflow's web UI, as addresses behind the `#`."""

import json
from urllib.parse import quote

from tests.mlflow.ui.population import PROMPT, REGISTERED, Populated


def pages(of: Populated) -> dict[str, str]:
    """name -> address of every page that a person can open without a click."""
    experiment = f"/experiments/{of.experiment_id}"
    run = f"{experiment}/runs/{of.run_ids[0]}"
    model = f"{experiment}/models/{of.model_id}"
    runs = quote(json.dumps(of.run_ids[:2]))
    experiments = quote(json.dumps([of.experiment_id]))
    both = quote(json.dumps([of.experiment_id, of.empty_id]))
    registered = f"/models/{quote(REGISTERED)}"
    metric = quote(json.dumps("train/loss"))
    return {
        "home": "/",
        "home-of-training": "/?workflowType=machine_learning",
        "runs-of-training": f"{experiment}/runs?workflowType=machine_learning",
        "experiments": "/experiments",
        "experiment": experiment,
        "overview": f"{experiment}/overview/usage",
        "overview-of-quality": f"{experiment}/overview/quality",
        "overview-of-tools": f"{experiment}/overview/tool-calls",
        "runs": f"{experiment}/runs",
        "charts": f"{experiment}/runs?compareRunsMode=CHART",
        "artifact-view": f"{experiment}/runs?compareRunsMode=ARTIFACT",
        "empty": f"/experiments/{of.empty_id}/runs",
        "search": f"{experiment}/runs?searchFilter={quote('metrics.`val/accuracy` > 0.5')}",
        "experiment-models": f"{experiment}/models",
        "traces": f"{experiment}/traces",
        "chat-sessions": f"{experiment}/chat-sessions",
        "evaluation-runs": f"{experiment}/evaluation-runs",
        "datasets": f"{experiment}/datasets",
        "judges": f"{experiment}/judges",
        "experiment-prompts": f"{experiment}/prompts",
        "playground": f"{experiment}/playground",
        "review-queue": f"{experiment}/review-queue",
        "run": run,
        "model-metrics": f"{run}/model-metrics",
        "system-metrics": f"{run}/system-metrics",
        "run-traces": f"{run}/traces",
        "run-evaluations": f"{run}/evaluations",
        "artifacts": f"{run}/artifacts",
        "artifact-text": f"{run}/artifacts/notes.txt",
        "artifact-image": f"{run}/artifacts/plots/confusion.png",
        "artifact-html": f"{run}/artifacts/report.html",
        "artifact-csv": f"{run}/artifacts/table.csv",
        "artifact-table": f"{run}/artifacts/predictions.json",
        "run-alone": f"/runs/{of.run_ids[1]}",
        "compare": f"/compare-runs?runs={runs}&experiments={experiments}",
        "compare-experiments": f"/compare-experiments/s?experiments={both}",
        "metric": f"/metric?runs={runs}&metric={metric}&experiments={experiments}"
        f"&plot_metric_keys={quote(json.dumps(['train/loss']))}",
        "model": model,
        "model-traces": f"{model}/traces",
        "model-artifacts": f"{model}/artifacts",
        "models": "/models",
        "registered-model": registered,
        "registered-model-empty": f"/models/{quote('nothing registered yet')}",
        "model-version": f"{registered}/versions/1",
        "model-version-of-a-run": f"{registered}/versions/2",
        "compare-versions": f"/compare-model-versions?name={quote(json.dumps(REGISTERED))}"
        f"&runs={quote(json.dumps({'1': of.run_ids[0], '2': of.run_ids[0]}))}",
        "prompts": "/prompts",
        "prompt": f"/prompts/{PROMPT}",
        "experiment-prompt": f"{experiment}/prompts/{PROMPT}",
        "gateway": "/gateway",
        "gateway-keys": "/gateway/api-keys",
        "mcp-registry": "/mcp-registry",
        "settings": "/settings",
        "connections": "/settings/llm-connections",
        "webhooks": "/settings/webhooks",
        "account": "/account",
    }
