"""The same requests to `mlflow server` and to `eventtrack server`: the answers agree."""
