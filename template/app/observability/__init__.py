"""Traces: what ran, how long it took, what it cost and what was said."""
