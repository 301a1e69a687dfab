"""Tests of one room or promise; see the names of the files."""
