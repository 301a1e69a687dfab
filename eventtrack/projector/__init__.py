"""The pump: reads the log, feeds the projections, lets queries wait for what was acknowledged."""
