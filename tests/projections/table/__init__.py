"""Tests of the table of runs."""
