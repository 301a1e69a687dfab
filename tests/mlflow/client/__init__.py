"""The real mlflow client, in processes of its own, against the server under test."""
