"""The cellar: one contract for every store, and the paths that may not leave it."""
