"""The rules: commands, and pure functions that decide which events they become, or say no.

Nothing here reads or writes anything but `handler.py`, which loads the states the functions need,
appends what they decide and decides again when another writer was faster.
"""
