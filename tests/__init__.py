"""Tests: they mirror the rooms, plus the promises that need all of them."""
