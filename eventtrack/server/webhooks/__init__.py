"""Tells webhooks what happened in the registry: at least once, in order for each model.

`projections/webhooks.py` says what is to be told, `outbox.py` what was told already,
`delivering.py` when, `sending.py` how, `payloads.py` in which words.  No write waits for it.
"""
