"""The MLflow wire, proven from outside: by comparison with MLflow and by its own client."""
