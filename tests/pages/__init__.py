"""The web pages over HTTP and in a real browser."""
