"""The door: HTTP in, commands and queries through, bytes out.  No rules live here."""
