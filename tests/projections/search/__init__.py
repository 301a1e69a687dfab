"""The filter language and the searches that speak it."""
