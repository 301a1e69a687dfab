"""The pump: reads the log, feeds the projections, and lets queries wait for what was acknowledged."""
