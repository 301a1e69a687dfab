"""The audit trail: who did what, when, and what was there before, in plain words.

`changes.py` says which fields an event changes, `words.py` what happened, `history.py` reads.
"""
