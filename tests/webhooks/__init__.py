"""Webhooks: a real server, a real receiver."""
