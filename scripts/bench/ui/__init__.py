"""`python scripts/bench --ui`: what the pages cost a person who waits, in a real browser."""
