"""The vocabulary: every event ever released stays readable."""
