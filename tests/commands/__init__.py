"""The rules, given / when / then, and the handler that carries them to the log."""
