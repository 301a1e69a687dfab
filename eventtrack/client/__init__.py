"""The trainer: log calls to the local disk, from there to the server; light, no server import."""
