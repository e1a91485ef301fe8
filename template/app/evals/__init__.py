"""Evaluations: checks, people and a judge; comparisons, and a gate that stops what got worse."""
