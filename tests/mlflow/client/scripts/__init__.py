"""The trainers: one process each, run as modules by `test_client`."""
