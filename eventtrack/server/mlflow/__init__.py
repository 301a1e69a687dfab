"""MLflow's REST API (3.17), one file per resource; structs are as on the wire."""
