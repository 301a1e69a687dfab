"""The pump: views follow the log, whatever happened to their file."""
