"""The promises of the log, whatever engine keeps them."""
